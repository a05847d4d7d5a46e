"""Rights of the cache's user, by its own access string on a real Valkey."""

import asyncio
from collections.abc import Iterator

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError

from milequest.runtime import open_runtime
from milequest.settings import Settings
from tests.infra.assembly import Assembly
from tests.journeys import crew
from tests.quest import Quest

USER, PASSWORD = "service", "secret"


@pytest.fixture
def limited(assembly: Assembly, redis_url: str) -> Iterator[str]:
    """Yield the address of the test's Valkey for a user with the rights of the stacks' one."""
    (rights,) = {one.properties["AccessString"] for one in assembly.of("data", "AWS::ElastiCache::User")}
    with Redis.from_url(redis_url) as valkey:
        valkey.execute_command("ACL", "SETUSER", USER, "reset", f">{PASSWORD}", *rights.split())
        yield redis_url.replace("unix://", f"unix://{USER}@") + f"?password={PASSWORD}"
        valkey.execute_command("ACL", "DELUSER", USER)


async def test_the_users_rights_are_enough_for_the_service_and_its_wake_ups(limited: str, database_url: str) -> None:
    settings = Settings(database_url=database_url, redis_url=limited, embedded=True)
    woken = asyncio.Event()
    async with open_runtime(settings) as one, open_runtime(settings) as other:
        other.bus.receiver = lambda channel, sequence: woken.set()
        await crew(Quest(one))  # sign-ups, limits, budgets
        async with asyncio.timeout(10):  # `other` polls no log, so it hears only what is published
            while not woken.is_set():  # it may not have subscribed yet
                await one.bus.wake({"team:1": 1})
                await asyncio.sleep(0.05)


def test_the_user_may_publish_to_shards_and_do_nothing_dangerous(limited: str) -> None:
    with Redis.from_url(limited) as valkey:
        assert valkey.execute_command("SPUBLISH", "milequest:wake", "x") == 0
        for command in ("FLUSHALL", "CONFIG GET maxmemory", "KEYS *"):
            with pytest.raises(NoPermissionError):
                valkey.execute_command(*command.split())
