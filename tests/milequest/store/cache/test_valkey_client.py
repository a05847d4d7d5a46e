"""Valkey in cluster mode, as on AWS: our uses of one server work with three, and when a slot moves."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import pytest
from redis.crc import key_slot

from milequest.providers.mail.local import LocalMailbox
from milequest.rules.errors import QuestError, RateLimited, Refused, unauthenticated
from milequest.rules.mail import Mail
from milequest.rules.rate_limits import Per, RateLimit
from milequest.runtime import open_runtime
from milequest.settings import Settings
from milequest.store.away import Away
from milequest.store.cache import bus as buses
from milequest.store.cache import counts, presence
from milequest.store.cache.bus import TOPIC, Bus
from milequest.store.cache.interest import GONE, Counts, Interest, InterestEntry
from milequest.store.cache.rate_limits import RateLimits
from milequest.store.cache.valkey_client import Valkey, connect, one_server
from tests.valkey_cluster import Server, cluster

AWAY = "redis+cluster://127.0.0.1:1"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    with cluster(tmp_path_factory.mktemp("cluster"), 3) as started:
        yield started


@pytest.fixture(params=["one", "cluster"])
async def valkey(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Valkey]:
    """Yield a client of one server, and one of a cluster."""
    url = redis_url if request.param == "one" else request.getfixturevalue("servers")[0].url
    async with aclosing(connect(Settings(redis_url=url))) as client:
        yield client


@asynccontextmanager
async def receiving(valkey: Valkey) -> AsyncIterator[asyncio.Queue[tuple[str, int]]]:
    """Yield the wake-ups of a bus of its own; it has no subscribers to logs, so nothing is polled."""
    heard: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
    bus = Bus(valkey, cast("Any", None))
    bus.receiver = lambda channel, sequence: heard.put_nowait((channel, sequence))
    running = asyncio.create_task(bus.run())
    yield heard
    running.cancel()
    await asyncio.wait([running])


async def hears(heard: asyncio.Queue[tuple[str, int]], sender: Bus, seconds: float = 10) -> None:
    """Wake until a wake-up arrives: a subscription begins some time after it was requested."""
    async with asyncio.timeout(seconds):
        while True:
            name = f"team:{uuid4().hex}"
            await sender.wake({name: 7})
            try:
                async with asyncio.timeout(0.2):
                    while (await heard.get()) != (name, 7):
                        pass
                return
            except TimeoutError:
                continue


async def test_wake_ups_reach_other_processes(valkey: Valkey) -> None:
    async with receiving(valkey) as heard:
        await hears(heard, Bus(valkey, cast("Any", None)))


async def test_rate_limit_in_a_cluster_is_counted_across_processes(valkey: Valkey) -> None:
    limit, who = RateLimit("test", 2, 60, "tests", Per.USER, ""), uuid4().hex
    ours, theirs = RateLimits(valkey), RateLimits(valkey)
    await ours.spend(limit, who)
    await theirs.spend(limit, who)
    with pytest.raises(RateLimited):
        await ours.spend(limit, who)


async def test_running_attempts_in_a_cluster_share_slots(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "PATIENCE", 60.0)
    limit, who = RateLimit("test", 2, 60, "tests", Per.USER, ""), uuid4().hex
    ours, theirs = RateLimits(valkey), RateLimits(valkey)

    async def guess(limits: RateLimits) -> str:
        try:
            async with limits.failures((limit, who)):
                raise unauthenticated()
        except QuestError as refusal:
            return refusal.code

    answers = await asyncio.gather(*(guess(limits) for limits in (ours, theirs) for _ in range(10)))
    assert answers.count("UNAUTHENTICATED") == limit.most
    assert await ours.count(limit, who) == limit.most


async def test_presence_in_a_cluster_is_kept_until_walking_stops(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "PATIENCE", 10.0)  # a cluster's first call dials three servers, on a busy machine too
    team, ada, now = uuid4(), uuid4(), datetime.now(UTC)
    await presence.put(valkey, team, ada, now, walking=True)
    assert (await presence.walkers(valkey, team, now))[0] == [ada]
    await presence.put(valkey, team, ada, now, walking=False)
    assert await presence.walkers(valkey, team, now) == ([], None)


async def test_interest_in_a_cluster_is_counted_until_it_goes(valkey: Valkey) -> None:
    interest, now = Interest(valkey), datetime.now(UTC)
    later, socket, log = (
        int(now.timestamp()) + 60,
        InterestEntry("connection", "one"),
        InterestEntry("log", "one#1", "team:1"),
    )
    await interest.note({socket: later, log: later})
    assert await interest.counts(now) == Counts({"connection": 1, "log": 1}, 1, {"team:1": 1})
    await interest.note({socket: GONE, log: GONE})
    assert await interest.counts(now) == Counts({}, 0, {})


async def test_cluster_ping_is_answered(valkey: Valkey) -> None:
    """As /readyz requests."""
    assert await valkey.ping()


async def test_mailbox_in_a_cluster_shows_a_sent_mail(valkey: Valkey) -> None:
    mail = Mail("ada@example.com", "A code", uuid4().hex)
    await LocalMailbox(valkey).send(mail)
    assert (await LocalMailbox(valkey).newest())[0].mail == mail


async def test_a_bus_follows_its_topic_to_another_server(
    servers: list[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buses, "RETRY_SECONDS", 0.05)
    slot = key_slot(TOPIC.encode())
    settings = Settings(redis_url=servers[0].url)
    async with (
        aclosing(connect(settings)) as listening,
        aclosing(connect(settings)) as sending,
        receiving(listening) as heard,
    ):
        await hears(heard, Bus(sending, cast("Any", None)))
        ids = [server.ask("MYID").decode() for server in servers]
        old = slot * 3 // 16_384
        new = (old + 1) % 3
        for number in (new, old, ({0, 1, 2} - {old, new}).pop()):
            servers[number].ask("SETSLOT", slot, "NODE", ids[new])
        await hears(heard, Bus(sending, cast("Any", None)))


async def test_unreachable_cluster_behaves_like_an_unreachable_server() -> None:
    """A client of clusters raises errors of its own."""
    async with aclosing(connect(Settings(redis_url=AWAY))) as nowhere:
        await Bus(nowhere, cast("Any", None)).wake({"team:1": 1})  # only a warning
        await RateLimits(nowhere).spend(RateLimit("test", 2, 60, "tests", Per.USER, ""), "ada")  # counted here
        with pytest.raises(Refused) as refusal:
            await presence.walkers(nowhere, uuid4(), datetime.now(UTC))
        assert refusal.value.extensions()["retryable"]
        with pytest.raises(Away):
            await LocalMailbox(nowhere).newest()


async def test_a_process_starts_while_its_cluster_is_away(database_url: str) -> None:
    async with open_runtime(replace(Settings(database_url=database_url, embedded=True), redis_url=AWAY)) as runtime:
        assert await runtime.writer.fetchval("SELECT 1") == 1


@pytest.mark.parametrize(
    ("url", "one"),
    [
        ("redis+cluster://host:6379/0", "redis://host:6379/0"),
        ("rediss+cluster://me@host", "rediss://me@host"),
        ("redis://a:b+cluster://@host", "redis://a:b+cluster://@host"),
        ("unix:///run/valkey.sock", "unix:///run/valkey.sock"),
    ],
)
def test_url_scheme_selects_the_cluster_client(url: str, one: str) -> None:
    assert one_server(url) == one


async def test_many_concurrent_calls_do_not_look_like_an_outage(redis_url: str) -> None:
    """Else who asks much at once is counted in this process alone, and has as many tries again."""
    limit, now = RateLimit("test", 2, 60, "tests", Per.USER, ""), datetime.now(UTC)
    async with aclosing(connect(Settings(redis_url=redis_url))) as valkey:
        for is_last in (False, False, False, True):  # a machine that is busy for a moment is slow, and not the server
            limits = RateLimits(valkey)
            try:
                await asyncio.gather(*(limits.spend(limit, uuid4().hex) for _ in range(500)))
                assert limits._counts.windows == {}
                await asyncio.gather(*(presence.walkers(valkey, uuid4(), now) for _ in range(300)))
                break
            except (AssertionError, QuestError):
                if is_last:
                    raise
