"""Rights of the cache's user, by its own access string: on one Valkey, and on one in cluster mode as on AWS."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError

from milequest.providers.mail.local import LocalMailbox
from milequest.rules.budgets import Caller, Payer
from milequest.rules.errors import QuestError, unauthenticated
from milequest.rules.mail import Mail
from milequest.rules.rate_limits import Per, RateLimit
from milequest.runtime import open_runtime
from milequest.settings import Settings
from milequest.store.cache import presence
from milequest.store.cache.budgets import Budgets
from milequest.store.cache.interest import Counts, Interest, InterestEntry
from milequest.store.cache.rate_limits import RateLimits
from milequest.store.cache.valkey_client import Valkey, connect, one_server
from tests.infra.assembly import Assembly
from tests.journeys import crew
from tests.quest import Quest
from tests.valkey_cluster import cluster

USER, PASSWORD = "service", "secret"


@dataclass(frozen=True, slots=True)
class Limited:
    """A server: its address for a user with the rights of the stacks' one, and a client that may do all."""

    url: str
    admin: Redis

    def failed(self) -> dict[str, int]:
        """Return how often each command was refused or failed since the last call: none for rights, keys or slots.

        A script that is not loaded yet is none of these: its client sends it next.
        """
        found: Counter[str] = Counter()
        for name, of in self.admin.info("commandstats").items():
            found[name.removeprefix("cmdstat_")] = of["rejected_calls"] + of["failed_calls"]
        found["evalsha"] -= self.admin.info("errorstats").get("errorstat_NOSCRIPT", {"count": 0})["count"]
        self.admin.config_resetstat()
        return dict(+found)


@pytest.fixture
def rights(assembly: Assembly) -> list[str]:
    (string,) = {one.properties["AccessString"] for one in assembly.of("data", "AWS::ElastiCache::User")}
    return ["reset", f">{PASSWORD}", *string.split()]


@pytest.fixture(params=["one", "cluster"])
def limited(request: pytest.FixtureRequest, rights: list[str], tmp_path: Path) -> Iterator[Limited]:
    """Yield a Valkey of its own, and one in cluster mode that nobody enters without a name."""
    if request.param == "cluster":
        with cluster(tmp_path, 1) as (server,):
            server.client.acl_setuser("admin", enabled=True, nopass=True, keys="*", channels="*", commands=["+@all"])
            asked: Any = server.client.execute_command
            asked("ACL", "SETUSER", USER, *rights)
            with Redis(port=server.port, username="admin", password="any") as admin:
                admin.execute_command("ACL", "SETUSER", "default", "off")
                yield Limited(server.url.replace("//", f"//{USER}:{PASSWORD}@"), admin)
        return
    url: str = request.getfixturevalue("redis_url")
    with Redis.from_url(url) as admin:
        admin.execute_command("ACL", "SETUSER", USER, *rights)
        yield Limited(url.replace("unix://", f"unix://{USER}@") + f"?password={PASSWORD}", admin)
        admin.execute_command("ACL", "DELUSER", USER)


async def test_the_users_rights_are_enough_for_the_service_and_its_wake_ups(
    limited: Limited, database_url: str
) -> None:
    limited.failed()
    settings = Settings(database_url=database_url, redis_url=limited.url, embedded=True)
    woken = asyncio.Event()
    async with open_runtime(settings) as one, open_runtime(settings) as other:
        other.bus.receiver = lambda channel, sequence: woken.set()
        await crew(Quest(one))  # sign-ups, limits, budgets
        async with asyncio.timeout(10):  # `other` polls no log, so it hears only what is published
            while not woken.is_set():  # it may not have subscribed yet
                await one.bus.wake({"team:1": 1})
                await asyncio.sleep(0.05)
    assert limited.failed() == {}


async def test_each_use_of_the_cache_is_allowed_and_in_one_slot(limited: Limited) -> None:
    """A refusal would not show otherwise: without Valkey a process counts alone."""
    limited.failed()
    async with aclosing(connect(Settings(redis_url=limited.url))) as valkey:
        assert await valkey.ping()  # as /readyz
        await _is_counted(valkey)
        await _is_there(valkey)
        mail = Mail("ada@example.com", "A code", uuid4().hex)
        await LocalMailbox(valkey).send(mail)
        assert (await LocalMailbox(valkey).newest())[0].mail == mail
    assert limited.failed() == {}


async def _is_counted(valkey: Valkey) -> None:
    """Count an attempt, a failure that held a slot, and a budget."""
    limits, limit = RateLimits(valkey), RateLimit("test", 2, 60, "tests", Per.USER, "")
    await limits.spend(limit, "ada")
    await limits.give_back(limit, "ada")
    with pytest.raises(QuestError):
        async with limits.failures((limit, "ben")):
            raise unauthenticated()
    assert await limits.count(limit, "ben") == 1
    budgets, caller = Budgets(valkey, {Payer.USER: 1_000}, call_by_call=True), Caller(Payer.USER, "ada")
    budgets.charge(caller, 10)
    await budgets.settle(caller)


async def _is_there(valkey: Valkey) -> None:
    """Note who walks and who listens."""
    team, ada, now = uuid4(), uuid4(), datetime.now(UTC)
    await presence.put(valkey, team, ada, now, walking=True)
    assert (await presence.walkers(valkey, team, now))[0] == [ada]
    await presence.put(valkey, team, ada, now, walking=False)
    interest = Interest(valkey)
    await interest.note({InterestEntry("log", "one", "team:1"): int(now.timestamp()) + 60})
    assert await interest.counts(now) == Counts({"log": 1}, 1, {"team:1": 1})


def test_the_user_may_publish_to_shards_and_do_nothing_dangerous(limited: Limited) -> None:
    with Redis.from_url(one_server(limited.url)) as valkey:
        asked: Any = valkey.execute_command
        assert asked("SPUBLISH", "milequest:wake", "x") == 0
        for command in ("FLUSHALL", "CONFIG GET maxmemory", "KEYS *", "ACL LIST", "CLUSTER RESET", "SHUTDOWN"):
            with pytest.raises(NoPermissionError):
                asked(*command.split())
    assert limited.failed().keys() >= {"flushall", "keys"}
