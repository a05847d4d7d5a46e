"""Attempts whose outcome decides whether they count: many at once, refused by another limit, and without a verdict."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress

import pytest
from redis.asyncio import Redis

from milequest.rules.errors import (
    ErrorCode,
    QuestError,
    RateLimited,
    Refused,
    invalid,
    unauthenticated,
    wrong_password,
)
from milequest.rules.rate_limits import Memory, Per, RateLimit
from milequest.store.away import Away
from milequest.store.cache import counts, rate_limits, wait_queue
from milequest.store.cache.rate_limits import RateLimits

THREE = RateLimit("test", 3, 60, "tests", Per.USER, "")
OTHER = RateLimit("other", 2, 60, "others", Per.USER, "")
NOBODY = "unix:///nowhere/valkey.sock"
AT_ONCE = 25

WRONG: Sequence[Callable[[], QuestError]] = [
    unauthenticated,
    lambda: wrong_password("input.password"),
    lambda: Refused(ErrorCode.EMAIL_NOT_VERIFIED, ""),
    lambda: Refused(ErrorCode.CODE_INVALID, ""),
    lambda: Refused(ErrorCode.INVALID_INVITE_CODE, ""),
]
NO_VERDICT: Sequence[Callable[[], Exception]] = [
    Away,
    ValueError,
    lambda: RateLimited("", 1),
    lambda: Refused(ErrorCode.UNAVAILABLE, "", retryable=True),
]


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as redis:
        yield redis


@pytest.fixture(params=["redis", "process"])
async def limits(
    request: pytest.FixtureRequest, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RateLimits]:
    """Limits counted in Redis, which has all the time it wants, and in the process because Redis is away."""
    monkeypatch.setattr(counts, "PATIENCE", 60.0)
    async with Redis.from_url(redis_url if request.param == "redis" else NOBODY) as redis:
        yield RateLimits(redis)


class Calls:
    """Calls that take a moment, and how many of them ran."""

    def __init__(self, limits: RateLimits) -> None:
        self.limits = limits
        self.ran = self.under_way = self.most = 0
        self._begun: asyncio.Queue[None] = asyncio.Queue()

    async def call(self, error: Exception | None = None, seconds: float = 0.01) -> str:
        """Guess, right where there is no error."""
        try:
            async with self.limits.failures((THREE, "ada")):
                await self._work(error, seconds)
        except (QuestError, OSError, ValueError) as failure:
            return type(failure).__name__
        return "right"

    async def begun(self, number: int) -> None:
        """Wait until as many have begun."""
        for _ in range(number):
            await self._begun.get()

    async def _work(self, error: Exception | None, seconds: float) -> None:
        self.ran += 1
        self.under_way += 1
        self._begun.put_nowait(None)
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(seconds)
            if error is not None:
                raise error
        finally:
            self.under_way -= 1


async def test_concurrent_right_guesses_all_succeed_and_count_nothing(limits: RateLimits) -> None:
    calls = Calls(limits)
    assert await asyncio.gather(*(calls.call() for _ in range(AT_ONCE))) == ["right"] * AT_ONCE
    assert 1 < calls.most <= THREE.most
    assert await limits.count(THREE, "ada") == 0
    assert len(limits._queues) == 0


async def test_concurrent_wrong_guesses_get_no_more_tries_than_successive_ones(limits: RateLimits) -> None:
    calls = Calls(limits)
    answers = Counter(await asyncio.gather(*(calls.call(unauthenticated()) for _ in range(AT_ONCE))))
    assert answers == {"Refused": THREE.most, "RateLimited": AT_ONCE - THREE.most}
    assert calls.ran == THREE.most
    assert await calls.call() == "RateLimited"


async def test_right_guesses_among_wrong_ones_add_no_tries(limits: RateLimits) -> None:
    calls = Calls(limits)
    given = [unauthenticated() if number % 4 == 3 else None for number in range(AT_ONCE)]
    answers = Counter(await asyncio.gather(*(calls.call(error) for error in given)))
    assert answers["Refused"] == THREE.most
    assert answers["right"] >= THREE.most


async def test_processes_share_the_slots_of_a_window(redis: Redis) -> None:
    one, two = Calls(RateLimits(redis)), Calls(RateLimits(redis))
    both = [each.call(unauthenticated(), 0.05) for each in (one, two) for _ in range(AT_ONCE)]
    assert Counter(await asyncio.gather(*both))["Refused"] == THREE.most
    assert one.ran + two.ran == THREE.most


@pytest.mark.parametrize("number", range(len(WRONG)))
async def test_a_wrong_password_or_code_counts(limits: RateLimits, number: int) -> None:
    await Calls(limits).call(WRONG[number]())
    assert await limits.count(THREE, "ada") == 1


@pytest.mark.parametrize("number", range(len(NO_VERDICT)))
async def test_attempt_without_a_final_refusal_counts_nothing(limits: RateLimits, number: int) -> None:
    for _ in range(2):
        with suppress(Exception):
            async with limits.failures((THREE, "ada"), successes=[(OTHER, "ada")]):
                raise NO_VERDICT[number]()
        with suppress(Exception):
            async with limits.calls((THREE, "ada"), (OTHER, "ada")):
                raise NO_VERDICT[number]()
    assert [await limits.count(limit, "ada") for limit in (THREE, OTHER)] == [0, 0]


async def test_attempt_refused_for_another_reason_is_a_call_and_no_failure(limits: RateLimits) -> None:
    with suppress(QuestError):
        async with limits.failures((THREE, "ada")):
            raise invalid("input.password", "MALFORMED", "is nobody's")
    assert await limits.count(THREE, "ada") == 0
    with suppress(QuestError):
        async with limits.calls((THREE, "ada")):
            raise invalid("input.password", "MALFORMED", "is nobody's")
    assert await limits.count(THREE, "ada") == 1


async def test_attempt_refused_by_one_limit_spends_nothing_of_others(limits: RateLimits) -> None:
    for _ in range(OTHER.most):
        await limits.spend(OTHER, "ada")
    for _ in range(5):
        with pytest.raises(RateLimited, match="Too many others; try again later"):
            async with limits.failures((THREE, "ada"), (OTHER, "ada")):
                raise AssertionError("it is not run")
        with pytest.raises(RateLimited, match="Too many others; try again later"):
            async with limits.calls((THREE, "ada"), (OTHER, "ada")):
                raise AssertionError("it is not run")
    assert [await limits.count(limit, "ada") for limit in (THREE, OTHER)] == [0, OTHER.most]
    assert await asyncio.gather(*(Calls(limits).call() for _ in range(3))) == ["right"] * 3


async def test_attempts_that_are_refused_are_not_counted(limits: RateLimits) -> None:
    for _ in range(OTHER.most + 5):
        with suppress(RateLimited):
            await limits.spend(OTHER, "ada")
    await limits.give_back(OTHER, "ada")
    await limits.spend(OTHER, "ada")


async def test_a_guess_that_is_cancelled_counts(limits: RateLimits) -> None:
    """Else who breaks off each call would have as many as they like, whose effects they see later."""
    calls = Calls(limits)
    for _ in range(THREE.most):
        task = asyncio.create_task(calls.call(seconds=60))
        await calls.begun(1)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # also where it is cancelled while it is counted
        with suppress(asyncio.CancelledError):
            await task
    await asyncio.gather(*limits._settling)
    assert await limits.count(THREE, "ada") == THREE.most
    assert await calls.call() == "RateLimited"


async def test_cancelled_waiter_leaves_the_queue_and_counts_nothing(limits: RateLimits) -> None:
    calls = Calls(limits)
    held = [asyncio.create_task(calls.call(seconds=0.3)) for _ in range(THREE.most)]
    await calls.begun(THREE.most)
    waiting = [asyncio.create_task(calls.call()) for _ in range(5)]
    await asyncio.sleep(0.05)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    assert await asyncio.gather(*held) == ["right"] * THREE.most
    assert await limits.count(THREE, "ada") == 0
    assert len(limits._queues) == 0
    assert await asyncio.gather(*(calls.call() for _ in range(AT_ONCE))) == ["right"] * AT_ONCE


async def test_waiter_without_a_slot_is_rate_limited_and_counts_nothing(
    limits: RateLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "WAIT_SECONDS", 0.05)
    calls = Calls(limits)
    held = [asyncio.create_task(calls.call(seconds=0.5)) for _ in range(THREE.most)]
    await calls.begun(THREE.most)
    refusals = await asyncio.gather(*(_refusal(limits) for _ in range(5)))
    assert {refusal.details["retryAfterSeconds"] for refusal in refusals} == {rate_limits.COME_AGAIN}
    assert await asyncio.gather(*held) == ["right"] * THREE.most
    assert await limits.count(THREE, "ada") == 0


async def test_waiter_for_several_limits_waits_no_longer(limits: RateLimits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "WAIT_SECONDS", 0.2)
    others = [RateLimit(f"limit-{number}", 1, 60, "tests", Per.USER, "") for number in range(4)]
    ends = [asyncio.create_task(_held(limits, limit, 0.15 * number)) for number, limit in enumerate(others, 1)]
    await asyncio.sleep(0.02)
    begun = asyncio.get_running_loop().time()
    with pytest.raises(RateLimited):
        async with limits.failures(*((limit, "ada") for limit in others)):
            raise AssertionError("it is not run")
    assert asyncio.get_running_loop().time() - begun < 0.4
    await asyncio.gather(*ends)


async def test_wait_queue_of_attempts_is_bounded(limits: RateLimits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait_queue, "MAX_LENGTH", 10)
    calls = Calls(limits)
    answers = Counter(await asyncio.gather(*(calls.call(seconds=0.05) for _ in range(AT_ONCE))))
    assert answers["right"] >= 10
    assert answers["RateLimited"] >= 1
    assert await limits.count(THREE, "ada") == 0


async def test_slots_expire_if_redis_was_lost_before_their_release(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "LEASE", 0.2)
    limits = RateLimits(redis)
    async with Redis.from_url(NOBODY) as away, asyncio.timeout(5):
        for _ in range(THREE.most):
            async with limits.failures((THREE, "ada")):
                limits._counts._settle = away.register_script("")  # from now on
        again = Calls(RateLimits(redis))
        assert await asyncio.gather(*(again.call() for _ in range(AT_ONCE))) == ["right"] * AT_ONCE
    assert await redis.keys() == []


async def test_remembered_fact_lasts_from_its_latest_report(redis: Redis) -> None:
    home, limits = Memory("home", 60), RateLimits(redis)
    await limits.remember(home, "ada")
    await redis.expire((await redis.keys())[0], 5)
    await limits.remember(home, "ada")
    assert await redis.ttl((await redis.keys())[0]) > 50
    assert await limits.remembers(home, "ada")


async def test_remembered_fact_of_the_process_lasts_from_its_latest_report() -> None:
    now = 1_000.0
    async with Redis.from_url(NOBODY) as away:
        home, limits = Memory("home", 60), RateLimits(away, lambda: now)
        for _ in range(3):
            await limits.remember(home, "ada")
            now += 40
            assert await limits.remembers(home, "ada")
        now += 20
        assert not await limits.remembers(home, "ada")


async def _held(limits: RateLimits, limit: RateLimit, seconds: float) -> None:
    async with limits.failures((limit, "ada")):
        await asyncio.sleep(seconds)


async def _refusal(limits: RateLimits) -> RateLimited:
    with pytest.raises(RateLimited) as refused:
        async with limits.failures((THREE, "ada")):
            raise AssertionError("it is not run")
    return refused.value
