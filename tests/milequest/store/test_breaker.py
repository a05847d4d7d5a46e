"""A server that has much to do is not away."""

import asyncio

import pytest

from milequest.store.away import Away
from milequest.store.breaker import AT_ONCE, Breaker


async def test_breaker_timeout_excludes_the_wait_for_a_free_call() -> None:
    asked, server = Breaker("A server", "nothing is done", 0.3), asyncio.Semaphore(AT_ONCE)

    async def ask() -> bool:
        async with server:  # it does no more at a time
            await asyncio.sleep(0.1)
        return True

    assert all(await asyncio.gather(*(asked(ask) for _ in range(8 * AT_ONCE))))


async def test_breaker_fails_waiting_callers_as_soon_as_the_server_is_away() -> None:
    asked, tried = Breaker("A server", "nothing is done", 0.1), 0

    async def hang() -> None:
        nonlocal tried
        tried += 1
        await asyncio.sleep(60)

    async with asyncio.timeout(5):
        answers = await asyncio.gather(*(asked(hang) for _ in range(8 * AT_ONCE)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {Away}
    assert tried == AT_ONCE
    with pytest.raises(Away):
        await asked(hang)
