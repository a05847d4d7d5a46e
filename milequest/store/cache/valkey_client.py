"""The client of Valkey or Redis: of one server, or of a cluster, by `MILEQUEST_REDIS_URL` (`rediss+cluster://…`).

Every script and pipeline of ours uses one key, or keys with one hash tag, so both behave alike. In a cluster, messages
are published to the shard of their topic alone, instead of to all servers.
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
from milequest.telemetry import spans

Valkey: TypeAlias = Redis | RedisCluster

UNREACHABLE_ERRORS = (RedisError, RedisClusterException, OSError)  # errors raised for a server that is out of reach
OF_CLUSTERS = "+cluster"  # suffix of the scheme of a cluster's URL
MOST = 100  # connections of a process to a server that is no cluster
WAIT_SECONDS = 1.0
PAUSE_SECONDS = 0.01


def connect(settings: Settings) -> Valkey:
    """Return the client, which connects to a server when it is first used. `aclose` it.

    It signs in with a token to a cache of AWS that admits our role.
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
    # A caller waits while all connections are in use: an error would look as if the server were away.
    return Redis.from_pool(BlockingConnectionPool.from_url(url, max_connections=MOST, timeout=None, **role))


def one_server(url: str) -> str:
    """Return the address of the one server that a cluster's address names; any other unchanged."""
    scheme, colon, rest = url.partition(":")
    return scheme.removesuffix(OF_CLUSTERS) + colon + rest


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncGenerator[None, None]:
    """Limit a block, which only calls the server, to so many seconds.

    Raises Away for any failure in it, or at the time-out.
    """
    try:
        with spans.span("Valkey", "client"):
            async with asyncio.timeout(seconds):
                yield
    except Exception as error:  # the client passes on errors of its loop, its parser and the network
        raise Away(type(error).__name__) from error


async def publish(valkey: Valkey, topic: str, message: bytes) -> None:
    """Publish to all present subscribers."""
    if isinstance(valkey, RedisCluster):
        await valkey.spublish(topic, message)
    else:
        await valkey.publish(topic, message)


def subscribed(valkey: Valkey, topic: str) -> AsyncGenerator[bytes, None]:
    """Yield published messages. Raises, or ends, when the topic has to be subscribed again."""
    return _of_shard(valkey, topic) if isinstance(valkey, RedisCluster) else _of_server(valkey, topic)


async def _of_server(redis: Redis, topic: str) -> AsyncGenerator[bytes, None]:
    async with redis.pubsub(ignore_subscribe_messages=True) as subscription:
        await subscription.subscribe(topic)
        async for message in subscription.listen():
            yield message["data"]


async def _of_shard(cluster: RedisCluster, topic: str) -> AsyncGenerator[bytes, None]:
    """Yield messages until the topic's slot moves to another server, which unsubscribes us."""
    await cluster.exists(topic)  # a request for a key updates which server has its slot
    async with cluster.pubsub() as subscription:
        await subscription.ssubscribe(topic)
        while True:
            message = await subscription.get_sharded_message(timeout=WAIT_SECONDS)
            if message is None:
                await asyncio.sleep(PAUSE_SECONDS)  # it returns at once while it has no server
            elif message["type"] == "smessage":
                yield message["data"]
            elif message["type"] == "sunsubscribe":
                return


class _Role(CredentialProvider):
    """Our credentials for a cache, at each connection."""

    def __init__(self, user: str, password: roles.Password) -> None:
        self._user = user
        self._password = password

    async def get_credentials_async(self) -> tuple[str, str]:
        """Return the user and a token that is valid now."""
        return self._user, await self._password()
