"""A connection to Valkey breaks or hangs at some byte: no write fails of it, and no caller waits long."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from time import monotonic
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
import uvloop

from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.rate_limits import Per, RateLimit
from milequest.settings import Settings
from milequest.store import breaker
from milequest.store.cache import bus as buses
from milequest.store.cache import counts, presence
from milequest.store.cache.bus import Bus
from milequest.store.cache.rate_limits import RateLimits
from milequest.store.cache.valkey_client import connect
from tests.faults.proxy import Fault, Kind, Proxy, Way, proxying

SOME = 10  # bytes of each direction
AT_ONCE = 12
TOO_LONG = 15.0  # on a busy machine, for steps that are limited to 0.05 and 0.2 s
TEAM, ADA = UUID(int=1), UUID(int=2)
LIMIT = RateLimit("test", 1_000, 60, "tests", Per.USER, "")


@pytest.fixture
def path(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The socket of an empty Valkey, which has little time to answer and is asked again at once."""
    for module in (counts, presence):
        monkeypatch.setattr(module, "PATIENCE", 0.2)
    monkeypatch.setattr(buses, "SEND_SECONDS", 0.2)
    monkeypatch.setattr(buses, "RETRY_SECONDS", 0.02)
    monkeypatch.setattr(breaker, "RETREAT", 0.0)
    return urlsplit(redis_url).path


def settings(proxy: Proxy) -> Settings:
    return Settings(redis_url=f"redis://127.0.0.1:{proxy.port}/0")


async def all_that_is_asked(limits: RateLimits, bus: Bus) -> None:
    """Make all kinds of requests to Valkey, with one connection. Each is answered, or its caller gets UNAVAILABLE."""
    now, began = datetime.now(UTC), monotonic()
    redis = bus._redis
    await limits.spend(LIMIT, "ada")
    await bus.wake({f"team:{TEAM.hex}": 7})
    for asked in (
        lambda: presence.put(redis, TEAM, ADA, now, walking=True),
        lambda: presence.walkers(redis, TEAM, now),
    ):
        refusal: Refused | None = None
        try:
            await asked()
        except Refused as refused:
            refusal = refused
        assert refusal is None or (refusal.code, refusal.details["retryable"]) == (ErrorCode.UNAVAILABLE, True)
    assert monotonic() - began < TOO_LONG


async def one(path: str, fault: Fault | None) -> dict[Way, bytes]:
    """Make all of them during a fault, and until everything works again; return the bytes."""
    async with proxying(path, fault) as proxy, aclosing(connect(settings(proxy))) as redis:
        limits, bus = RateLimits(redis), Bus(redis, cast("Any", None))
        await all_that_is_asked(limits, bus)
        said = {way: bytes(said) for way, said in proxy.said.items()}
        async with asyncio.timeout(120):
            while True:  # a broken connection is not used any more
                with suppress(Refused):
                    await presence.put(redis, TEAM, ADA, datetime.now(UTC), walking=True)
                    if (await presence.walkers(redis, TEAM, datetime.now(UTC)))[0] == [ADA]:
                        return said


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.CLOSE, Kind.HALF_CLOSE, Kind.STALL])
def test_a_connection_that_breaks_at_some_byte_fails_no_write_and_is_replaced(path: str, kind: Kind) -> None:
    async def work() -> None:
        said = await one(path, None)
        free = asyncio.Semaphore(AT_ONCE)

        async def tried(fault: Fault) -> None:
            async with free:
                try:
                    await one(path, fault)
                except BaseException as error:
                    error.add_note(str(fault))
                    raise

        async with asyncio.TaskGroup() as runs:
            for way in Way:
                for at in random.Random(1).sample(range(len(said[way])), SOME):
                    runs.create_task(tried(Fault(kind, way, at)))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())


async def heard(queue: asyncio.Queue[str], sender: Bus) -> None:
    """Wake until a wake-up arrives."""
    async with asyncio.timeout(120):
        while True:
            name = f"team:{uuid4().hex}"
            await sender.wake({name: 1})
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    while await queue.get() != name:
                        pass
                    return


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.CLOSE, Kind.GARBLE])
def test_bus_hears_wake_ups_again_after_its_connection_broke(path: str, kind: Kind) -> None:
    """The subscription's own connection breaks at each of some bytes it receives."""

    async def after(at: int) -> None:
        fault = Fault(kind, Way.TO_CLIENT, at)
        async with proxying(path, fault) as proxy, aclosing(connect(settings(proxy))) as listening:
            bus, queue = Bus(listening, cast("Any", None)), asyncio.Queue[str]()
            bus.receiver = lambda channel, sequence: queue.put_nowait(channel)
            running = asyncio.create_task(bus.run())
            async with aclosing(connect(Settings(redis_url=f"unix://{path}"))) as redis:
                sender = Bus(redis, cast("Any", None))
                while proxy.fault is not None:
                    await sender.wake({"team:1": 1})
                    await asyncio.sleep(0.01)
                await heard(queue, sender)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    places: Sequence[int] = random.Random(1).sample(range(400), SOME)

    async def work() -> None:
        async with asyncio.TaskGroup() as runs:
            for at in places:
                runs.create_task(after(at))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())


async def test_a_listener_that_fails_fails_no_write_and_no_other_listener(path: str) -> None:
    def receive(channel: str, sequence: int) -> None:
        told.append(channel)
        raise LookupError

    told: list[str] = []
    async with aclosing(connect(Settings(redis_url=f"unix://{path}"))) as redis:
        bus = Bus(redis, cast("Any", None))
        bus.receiver = receive
        await bus.wake({"team:1": 1, "team:2": 1})
    assert told == ["team:1", "team:2"]
