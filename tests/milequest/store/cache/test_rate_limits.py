"""Attempts counted in a real Redis, and without one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext

import pytest
from redis.asyncio import Redis

from milequest.rules.errors import RateLimited, Refused, unauthenticated
from milequest.rules.rate_limits import Memory, Per, RateLimit
from milequest.store.breaker import RETREAT
from milequest.store.cache import counts, windows
from milequest.store.cache.rate_limits import RateLimits

OTHER = RateLimit("other", 2, 60, "tests", Per.USER, "")
THREE = RateLimit("test", 3, 60, "tests", Per.USER, "")
NOBODY = "unix:///nowhere/valkey.sock"


class Clock:
    """A clock the test moves."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["redis", "process"])
async def limits(
    request: pytest.FixtureRequest, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RateLimits]:
    """Limits counted in Redis, which has all the time it wants, and in the process because Redis is away."""
    monkeypatch.setattr(counts, "PATIENCE", 60.0)
    async with Redis.from_url(redis_url if request.param == "redis" else NOBODY) as redis:
        yield RateLimits(redis)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as redis:
        yield redis


async def refusal_of(limits: RateLimits, limit: RateLimit, who: str) -> RateLimited | None:
    """Return why an attempt is refused, None when it passes."""
    try:
        await limits.spend(limit, who)
    except RateLimited as refusal:
        return refusal
    return None


async def refused_after(limits: RateLimits, who: str, limit: RateLimit = THREE) -> int:
    """Return how many attempts pass before one is refused."""
    passed = 0
    while (refusal := await refusal_of(limits, limit, who)) is None:
        passed += 1
    assert 1 <= int(str(refusal.details["retryAfterSeconds"])) <= limit.seconds
    return passed


async def test_rate_limit_lets_its_most_pass_and_no_more(limits: RateLimits) -> None:
    assert await refused_after(limits, "ada") == 3
    assert await refused_after(limits, "ada") == 0


async def test_rate_limits_are_counted_apart_by_caller_and_limit(limits: RateLimits) -> None:
    assert await refused_after(limits, "ada") == 3
    assert await refused_after(limits, "bob") == 3
    assert await refused_after(limits, "ada", OTHER) == 2


async def test_attempts_at_once_are_all_counted(limits: RateLimits) -> None:
    answers = await asyncio.gather(*(limits.spend(THREE, "ada") for _ in range(20)), return_exceptions=True)
    assert answers.count(None) == 3


async def test_an_attempt_that_succeeds_was_not_counted(limits: RateLimits) -> None:
    for works in (True, False, True, False, True, True, False):
        with pytest.raises(Refused) if not works else nullcontext():
            async with limits.failures((THREE, "ada")):
                if not works:
                    raise unauthenticated()
    with pytest.raises(RateLimited):
        async with limits.failures((THREE, "ada")):
            raise AssertionError("one too many is not run")


async def test_rate_limit_lets_pass_again_after_its_window(redis: Redis) -> None:
    short = RateLimit("short", 1, 1, "tests", Per.USER, "")
    limits = RateLimits(redis)
    await limits.spend(short, "ada")
    with pytest.raises(RateLimited):
        await limits.spend(short, "ada")
    await asyncio.sleep(1.1)  # Valkey's clock counts the window, and no test can move that
    await limits.spend(short, "ada")


async def test_a_window_of_the_process_ends() -> None:
    clock = Clock()
    async with Redis.from_url(NOBODY) as away:
        limits = RateLimits(away, clock)
        assert await refused_after(limits, "ada") == 3
        clock.now += 59
        assert await refused_after(limits, "ada") == 0
        clock.now += 1
        assert await refused_after(limits, "ada") == 3


async def test_rate_limit_is_counted_across_processes(redis: Redis) -> None:
    one, two = RateLimits(redis), RateLimits(redis)
    await one.spend(THREE, "ada")
    await one.spend(THREE, "ada")
    assert await refused_after(two, "ada") == 1


async def test_rate_limit_keys_in_redis_are_hashed_and_expire(redis: Redis) -> None:
    limits = RateLimits(redis)
    await limits.spend(THREE, "ada@example.org")
    async with limits.failures((THREE, "192.0.2.7")):
        pass
    keys = await redis.keys()
    assert len(keys) == 1  # the successful one left nothing
    assert b"ada" not in keys[0]
    assert 0 < await redis.ttl(keys[0]) <= 60


async def test_rate_limit_key_without_an_expiry_gets_one(redis: Redis) -> None:
    limits = RateLimits(redis)
    await limits.spend(THREE, "ada")
    key = (await redis.keys())[0]
    await redis.persist(key)
    await limits.spend(THREE, "ada")
    assert 0 < await redis.ttl(key) <= 60


async def test_hanging_redis_is_replaced_by_counts_of_the_process_until_it_is_back(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Only the first waits for it, nobody is let through, and its return is noticed."""
    monkeypatch.setattr(counts, "PATIENCE", 0.1)
    clock = Clock()
    limits = RateLimits(redis, clock)
    await limits.spend(THREE, "ada")
    await redis.client_pause(400, all=True)
    assert await refused_after(limits, "ada") == 3
    assert [record.levelname for record in caplog.records if record.name == "milequest.away"] == ["WARNING"]
    await asyncio.sleep(0.4)  # Valkey's pause, which answers no command that would end it
    assert await refused_after(limits, "ada") == 0
    clock.now += RETREAT
    assert await refused_after(limits, "ada") <= 2


async def test_many_callers_free_no_refused_one_and_take_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "KEPT", 5)
    async with Redis.from_url(NOBODY) as away:
        limits = RateLimits(away, Clock())
        assert await refused_after(limits, "ada") == 3
        for number in range(100):
            await limits.spend(THREE, f"other-{number}")
        assert await refused_after(limits, "ada") == 0
        assert sum(map(len, limits._counts.windows.values())) <= 10


async def test_new_callers_share_windows_while_too_many_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(windows, "KEPT", 5)
    clock = Clock()
    async with Redis.from_url(NOBODY) as away:
        limits = RateLimits(away, clock)
        await limits.spend(THREE, "known")
        for number in range(5):
            assert await refused_after(limits, f"crowd-{number}") == 3
            clock.now += 1
        strangers = [await refusal_of(limits, THREE, f"stranger-{number}") for number in range(100)]
        assert strangers[:3] == [None] * 3
        assert strangers.count(None) == 5 * THREE.most  # and these are not counted each for themselves
        assert await refusal_of(limits, THREE, "known") is None
        assert await refusal_of(limits, OTHER, "stranger") is None
        assert await refused_after(limits, "crowd-0") == 0
        assert sum(map(len, limits._counts.windows.values())) <= 20
        refused = next(number for number, refusal in enumerate(strangers) if refusal is not None)
        clock.now += THREE.seconds - 5
        assert await refused_after(limits, f"stranger-{refused}") == 0  # room for others frees nobody
        assert await refused_after(limits, "crowd-4") == 0
        clock.now += 5
        assert await refused_after(limits, f"stranger-{refused}") == 3


async def test_slots_of_a_shared_window_are_released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "KEPT", 1)
    async with Redis.from_url(NOBODY) as away:
        limits = RateLimits(away, Clock())
        assert await refused_after(limits, "crowd") == 3
        for number in range(10):
            async with limits.failures((THREE, f"stranger-{number}")):
                pass
        for number in range(3):
            with pytest.raises(Refused):
                async with limits.failures((THREE, f"stranger-{number}")):
                    raise unauthenticated()
        with pytest.raises(RateLimited):
            async with limits.failures((THREE, "stranger")):
                raise AssertionError("it is not run")


async def test_successes_and_failures_are_counted_apart(limits: RateLimits) -> None:
    wins = RateLimit("wins", 2, 60, "wins", Per.USER, "")

    async def attempt(succeeds: bool) -> str:
        try:
            async with limits.failures((THREE, "ada"), successes=[(wins, "ada")]):
                if not succeeds:
                    raise unauthenticated()
        except Refused:
            return "failed"
        except RateLimited as refusal:
            return refusal.message.split()[2].rstrip(";")
        return "succeeded"

    assert [await attempt(succeeds) for succeeds in (False, True, False, True)] == ["failed", "succeeded"] * 2
    assert [await attempt(True) for _ in range(5)] == ["wins"] * 5  # it is no failure
    assert await refusal_of(limits, THREE, "ada") is None
    assert [await attempt(succeeds) for succeeds in (False, True)] == ["tests"] * 2


async def test_a_cleared_window_begins_anew(limits: RateLimits) -> None:
    await limits.clear(THREE, "ada")
    assert await refused_after(limits, "ada") == 3
    await limits.clear(THREE, "ada")
    assert await refused_after(limits, "ada") == 3


async def test_memory_holds_for_the_remembered_caller_alone(limits: RateLimits) -> None:
    home = Memory("home", 60)
    assert not await limits.remembers(home, "ada")
    await limits.remember(home, "ada")
    assert [await limits.remembers(home, who) for who in ("ada", "bob", "\ud800")] == [True, False, False]
