"""Budgets of points, kept in the process and together in a real Redis, and while that is away."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from milequest.rules import budgets as rules
from milequest.rules.budgets import BURST, HOUR, MAX_OWED, SECOND, Caller, Payer, caller, later, price
from milequest.rules.errors import RateLimited
from milequest.rules.identity import ANONYMOUS, Identity, IdentityKind
from milequest.rules.ids import new_id
from milequest.store.breaker import RETREAT
from milequest.store.cache import budgets as store
from milequest.store.cache.budgets import PORTION, Budgets
from tests.quest import noon

NOBODY = "unix:///nowhere/valkey.sock"
ADA, BOB = Caller(Payer.USER, "ada"), Caller(Payer.USER, "bob")
PER_HOUR = {Payer.NETWORK: 1_000, Payer.USER: 10_000, Payer.MACHINE: 100_000}
FULL = PER_HOUR[Payer.USER] // 10  # points of a user's full budget


class Clock:
    """A clock the test moves."""

    now = 1_000 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have time enough, as a busy machine is no Redis that hangs."""
    monkeypatch.setattr(store, "PATIENCE", 10.0)
    monkeypatch.setattr(store, "PATIENCE_OF_CALLS", 10.0)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as redis:
        yield redis


@pytest.fixture
async def away() -> AsyncIterator[Redis]:
    async with Redis.from_url(NOBODY) as redis:
        yield redis


def warnings(caplog: pytest.LogCaptureFixture) -> int:
    """Return how often operators were warned that budgets are counted without Redis."""
    return sum("budgets are counted here alone" in record.getMessage() for record in caplog.records)


def wait_of(budgets: Budgets, who: Caller = ADA) -> int:
    """Return the seconds until the caller has points again; 0 while some are left."""
    try:
        budgets.refuse_spent(who)
    except RateLimited as refusal:
        return int(str(refusal.details["retryAfterSeconds"]))
    return 0


async def test_a_budget_is_spent_by_points_and_fills_again(away: Redis) -> None:
    clock = Clock()
    budgets = Budgets(away, PER_HOUR, clock=clock)
    assert wait_of(budgets) == 0
    budgets.charge(ADA, FULL - 1)
    assert wait_of(budgets) == 0
    budgets.charge(ADA, 101)  # the last one may cost more than is left
    assert wait_of(budgets) == 37  # ten thousand an hour: a hundred in 36 seconds
    assert wait_of(budgets, BOB) == 0
    clock.now += 36 * SECOND
    assert wait_of(budgets) == 1
    clock.now += SECOND
    assert wait_of(budgets) == 0


async def test_overspent_budget_owes_no_more_than_the_most(away: Redis) -> None:
    budgets = Budgets(away, PER_HOUR, clock=Clock())
    for _ in range(100):
        budgets.charge(ADA, FULL)
    assert wait_of(budgets) == (MAX_OWED - BURST) // SECOND + 1


async def test_processes_share_a_budget(redis: Redis) -> None:
    one, other = Budgets(redis, PER_HOUR), Budgets(redis, PER_HOUR)
    one.charge(ADA, FULL + FULL // 10)
    await one.close()
    assert wait_of(one) > 0
    other.charge(ADA, FULL // 50)
    await other.close()
    assert wait_of(other) > wait_of(one) > 0
    assert wait_of(other, BOB) == 0


async def test_refund_of_reported_points_clears_the_debt_everywhere(redis: Redis) -> None:
    one, other = Budgets(redis, PER_HOUR), Budgets(redis, PER_HOUR)
    for _ in range(4):
        one.charge(ADA, FULL // 2)
        await one.close()
        one.charge(ADA, -(FULL // 2))
        await one.close()
    other.charge(ADA, FULL // 50)
    await other.close()
    assert (wait_of(one), wait_of(other)) == (0, 0)


async def test_late_refund_is_no_credit(redis: Redis) -> None:
    budgets = Budgets(redis, PER_HOUR)
    budgets.charge(ADA, -FULL)
    await budgets.close()
    assert await redis.keys() == []
    budgets.charge(ADA, FULL + FULL // 10)
    await budgets.close()
    assert wait_of(budgets) > 0


async def test_charges_below_a_portion_are_reported_call_by_call_only(redis: Redis) -> None:
    serving, lasting = Budgets(redis, PER_HOUR), Budgets(redis, PER_HOUR, call_by_call=True)
    serving.charge(ADA, 1)
    await serving.settle(ADA)
    await serving.close()
    assert await redis.keys() == []
    lasting.charge(ADA, 1)
    assert await redis.keys() == []
    await lasting.settle(ADA)
    assert len(await redis.keys()) == 1


async def test_budget_keys_in_redis_are_hashed_and_expire(redis: Redis) -> None:
    budgets = Budgets(redis, PER_HOUR)
    budgets.charge(ADA, 2 * FULL)
    await budgets.close()
    (key,) = await redis.keys()
    assert b"ada" not in key
    assert BURST / 1_000 < await redis.pttl(key) <= MAX_OWED / 1_000 + 1


async def test_charge_while_redis_hangs_does_not_wait_and_is_reported_later(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.05)
    clock = Clock()
    budgets = Budgets(redis, PER_HOUR, clock=clock)
    await redis.client_pause(500, all=True)
    budgets.charge(ADA, FULL // 2)  # it is no coroutine, so it cannot wait
    await budgets.close()
    assert budgets._accounts[ADA].unreported == BURST // 2, "it is told later"
    budgets.charge(ADA, FULL // 2)
    assert not budgets._tasks, "it is not asked again at once"
    assert wait_of(budgets) > 0
    assert warnings(caplog) == 1
    assert await redis.ping()  # once the pause is over
    for _ in range(100):  # a busy machine may take longer than the timeout for Redis
        clock.now += int(RETREAT * SECOND)
        budgets.charge(ADA, PORTION)
        await budgets.close()
        if await redis.keys():
            break
    other = Budgets(redis, PER_HOUR)
    other.charge(ADA, FULL // 50)
    await other.close()
    assert wait_of(other) > 0


async def test_hanging_redis_gets_few_concurrent_reports_and_is_logged_once(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.05)
    await redis.client_pause(300, all=True)
    budgets = Budgets(redis, PER_HOUR)
    for number in range(5 * store.AT_ONCE):
        budgets.charge(Caller(Payer.USER, str(number)), FULL // 2)
    assert len(budgets._tasks) == store.AT_ONCE
    await budgets.close()
    assert warnings(caplog) == 1


async def test_spent_budgets_are_not_evicted_by_many_callers_in_bounded_memory(
    away: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "KEPT", 50)
    budgets = Budgets(away, PER_HOUR, clock=Clock())
    budgets.charge(ADA, FULL)
    for number in range(500):
        budgets.charge(Caller(Payer.NETWORK, str(number)), 1)
    assert wait_of(budgets) > 0
    for number in range(500):
        budgets.charge(Caller(Payer.NETWORK, str(number)), PER_HOUR[Payer.NETWORK])
    assert len(budgets) <= 100


@given(
    points_per_hour=st.integers(20_000, 1_000_000),
    steps=st.lists(st.tuples(st.integers(0, 200 * SECOND), st.integers(1, 2_000)), max_size=60),
)
def test_budget_lets_no_more_pass_than_burst_and_refill(points_per_hour: int, steps: list[tuple[int, int]]) -> None:
    """At any times of requests, all but the last one cost no more than the bucket held and got since."""
    now = full_at = 0
    passed: list[int] = []
    for pause, points in steps:
        now += pause
        try:
            rules.refuse_spent(full_at, now)
        except RateLimited:
            continue
        full_at = later(full_at, now, points * price(points_per_hour))
        passed.append(points)
    assert sum(passed[:-1]) * price(points_per_hour) <= BURST + now
    assert price(points_per_hour) * points_per_hour <= HOUR


def test_callers_are_distinguished_by_account_then_machine_then_network() -> None:
    user, at = Identity(IdentityKind.USER, new_id(noon())), "192.0.2.7"
    role = Identity(IdentityKind.IAM, arn="arn:aws:sts::1:assumed-role/wall/x")
    wall, board = (Identity(IdentityKind.LAMBDA, resolver_context={"name": name}) for name in ("wall", "board"))
    nameless = Identity(IdentityKind.LAMBDA)
    known = [caller(each, at) for each in (user, role, wall, board, nameless, ANONYMOUS)]
    assert len(set(known)) == len(known)
    elsewhere = [caller(each, "198.51.100.1") for each in (user, role, wall, board)]
    assert elsewhere == known[:4]
    assert caller(ANONYMOUS, "2001:db8::1") == caller(ANONYMOUS, "2001:db8::2") != caller(ANONYMOUS, at)


async def test_a_call_is_refused_by_what_others_have_charged_and_not_by_its_own(redis: Redis) -> None:
    one, other = (Budgets(redis, PER_HOUR, call_by_call=True) for _ in range(2))
    one.charge(ADA, FULL + 10)
    await one.settle(ADA, FULL + 10)  # the one that empties it
    other.charge(ADA, 1)  # which has heard of nothing
    with pytest.raises(RateLimited):
        await other.settle(ADA, 1)
    with pytest.raises(RateLimited):
        other.refuse_spent(ADA)
