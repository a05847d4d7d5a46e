"""The ring of an issuer's keys: the frequency of requests for them, and its behaviour while it is out of reach."""

import asyncio
from typing import Any

import pytest

from milequest.providers.identity.tokens import MAX_AGE, RETRY, KeyRing, KeysUnreachableError
from milequest.rules.errors import Refused


class Clock:
    """A clock the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Source:
    """Source of a KeyRing; `keys` None is out of reach."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] | None = {"one": "first"}
        self.fetches = 0

    async def fetch(self) -> dict[str, Any]:
        self.fetches += 1
        await asyncio.sleep(0)
        if self.keys is None:
            raise KeysUnreachableError("away")
        return dict(self.keys)


async def test_unknown_keys_are_fetched_once_per_interval() -> None:
    source, clock = Source(), Clock()
    ring = KeyRing(source.fetch, 60, clock)
    for second in range(600):
        clock.now = 1_000 + second
        assert await ring.key(f"unknown-{second}") is None
    assert source.fetches == 10


async def test_known_keys_outlive_an_outage_and_a_withdrawn_one_goes_within_the_hour() -> None:
    source, clock = Source(), Clock()
    ring = KeyRing(source.fetch, 60, clock)
    assert await ring.key("one") == "first"
    source.keys = None
    clock.now += MAX_AGE + 1
    assert [await ring.key("one") for _ in range(5)] == ["first"] * 5
    assert source.fetches == 2
    with pytest.raises(Refused):
        await ring.key("two")
    assert source.fetches == 2
    source.keys = {"two": "second"}
    clock.now += RETRY + 1
    assert await ring.key("one") is None
    assert await ring.key("two") == "second"
    assert source.fetches == 3


async def test_key_ring_fetch_survives_a_cancelled_waiter() -> None:
    source = Source()
    ring = KeyRing(source.fetch, 60, Clock())
    first, second = (asyncio.create_task(ring.key("one")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert [await second, await ring.key("one")] == ["first"] * 2
    assert source.fetches == 1


async def test_key_ring_raises_an_unexpected_error_and_retries_soon() -> None:
    source, clock = Source(), Clock()

    async def fetch() -> dict[str, Any]:
        if not source.fetches:
            source.fetches += 1
            raise ZeroDivisionError
        return await source.fetch()

    ring = KeyRing(fetch, 60, clock)
    with pytest.raises(ZeroDivisionError):
        await ring.key("one")
    with pytest.raises(Refused):
        await ring.key("one")
    clock.now += RETRY
    assert await ring.key("one") == "first"
