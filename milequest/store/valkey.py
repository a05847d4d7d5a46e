"""The client of Valkey or Redis: of one server, or of a cluster, as `MILEQUEST_REDIS_URL` says (`rediss+cluster://…`).

Every script and pipeline of ours is of one key, or of keys with one hash tag, so both do the same. What is published
goes in a cluster to the shard of its topic alone, instead of to all servers.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.credentials import CredentialProvider
from redis.exceptions import RedisClusterException, RedisError

from milequest.settings import Settings
from milequest.store.away import Away
from milequest.store.aws import roles

Valkey: TypeAlias = Redis | RedisCluster

UNREACHABLE_ERRORS = (RedisError, RedisClusterException, OSError)  # what a server that is not there raises
OF_CLUSTERS = "+cluster"  # what the scheme of a cluster's address ends with
MOST = 100  # connections of a process to a server that is no cluster
WAIT_SECONDS = 1.0
PAUSE_SECONDS = 0.01


def connect(settings: Settings) -> Valkey:
    """The client, which reaches for a server when it is first asked. `aclose` it.

    To a cache of AWS that lets our role in, it signs in with a token.
    """
    url = one_server(settings.redis_url)
    password = roles.password(settings, settings.redis_url)
    role: dict[str, Any] = {}
    if password is not None:
        parts = urlsplit(url)
        role["credential_provider"] = _Role(parts.username or "", password)
        url = urlunsplit(parts._replace(netloc=f"{parts.hostname}:{parts.port or 6379}"))
    if one_server(settings.redis_url) != settings.redis_url:
        return RedisCluster.from_url(url, **role)
    # Who finds all connections in use waits for one: a crowd would else look as if the server were away.
    return Redis.from_pool(BlockingConnectionPool.from_url(url, max_connections=MOST, timeout=None, **role))


def one_server(url: str) -> str:
    """The address of the one server that an address of a cluster names; any other as it is."""
    scheme, colon, rest = url.partition(":")
    return scheme.removesuffix(OF_CLUSTERS) + colon + rest


@asynccontextmanager
async def asked(seconds: float) -> AsyncGenerator[None, None]:
    """For a block that does nothing but ask. Raises Away for whatever broke in it, or took longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except Exception as error:  # the client lets through what its loop, its parser and the network raise
        raise Away(type(error).__name__) from error


async def publish(valkey: Valkey, topic: str, message: bytes) -> None:
    """Tell everybody who is subscribed just now."""
    if isinstance(valkey, RedisCluster):
        await valkey.spublish(topic, message)
    else:
        await valkey.publish(topic, message)


def subscribed(valkey: Valkey, topic: str) -> AsyncGenerator[bytes, None]:
    """What is published. It raises, or ends, when the topic has to be subscribed anew."""
    return _of_shard(valkey, topic) if isinstance(valkey, RedisCluster) else _of_server(valkey, topic)


async def _of_server(redis: Redis, topic: str) -> AsyncGenerator[bytes, None]:
    async with redis.pubsub(ignore_subscribe_messages=True) as subscription:
        await subscription.subscribe(topic)
        async for message in subscription.listen():
            yield message["data"]


async def _of_shard(cluster: RedisCluster, topic: str) -> AsyncGenerator[bytes, None]:
    """Ends when the topic's slot goes to another server, which unsubscribes us."""
    await cluster.exists(topic)  # who asks for a key learns which server has its slot now
    async with cluster.pubsub() as subscription:
        await subscription.ssubscribe(topic)
        while True:
            message = await subscription.get_sharded_message(timeout=WAIT_SECONDS)
            if message is None:
                await asyncio.sleep(PAUSE_SECONDS)  # it answers at once while it has no server to ask
            elif message["type"] == "smessage":
                yield message["data"]
            elif message["type"] == "sunsubscribe":
                return


class _Role(CredentialProvider):
    """Who we are to a cache, each time we connect."""

    def __init__(self, user: str, password: roles.Password) -> None:
        self._user = user
        self._password = password

    async def get_credentials_async(self) -> tuple[str, str]:
        """The user and a token that is good now."""
        return self._user, await self._password()
