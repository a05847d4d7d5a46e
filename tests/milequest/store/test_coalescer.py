"""Coalesced requests: one statement at a time, each key once, and answers read after the request for them."""

import asyncio

import pytest

from milequest.store.coalescer import RequestCoalescer


class Asking:
    """Answers when released, and records the keys. Keys above 100 have no value, 666 fails its request."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.is_asked = asyncio.Event()
        self.let = asyncio.Semaphore(0)
        self.together = RequestCoalescer(self.answer)

    async def answer(self, keys: list[int]) -> dict[int, str]:
        self.asked.append(keys)
        self.is_asked.set()
        await self.let.acquire()
        if 666 in keys:
            raise ConnectionError("gone")
        return {key: f"v{key}" for key in keys if key <= 100}


async def test_coalescer_takes_a_request_during_a_call_into_the_next() -> None:
    asking = Asking()
    first = [asyncio.create_task(asking.together(key)) for key in (1, 2, 1)]
    await asking.is_asked.wait()
    later = [asyncio.create_task(asking.together(key)) for key in (1, 3, 101)]
    asking.let.release()
    assert await asyncio.gather(*first) == ["v1", "v2", "v1"]
    asking.let.release()
    assert await asyncio.gather(*later) == ["v1", "v3", None]
    assert asking.asked == [[1, 2], [1, 3, 101]]


async def test_coalescer_caches_no_answers() -> None:
    asking = Asking()
    for _ in range(2):
        asking.let.release()
        assert await asking.together(1) == "v1"
    assert asking.asked == [[1], [1]]


async def test_coalescer_error_is_raised_to_its_own_callers_alone() -> None:
    asking = Asking()
    first = [asyncio.create_task(asking.together(key)) for key in (1, 666)]
    await asking.is_asked.wait()
    later = asyncio.create_task(asking.together(2))
    asking.let.release()
    assert [type(each) for each in await asyncio.gather(*first, return_exceptions=True)] == [ConnectionError] * 2
    asking.let.release()
    assert await later == "v2"


async def test_coalescer_answers_others_after_one_is_cancelled() -> None:
    asking = Asking()
    one, other = asyncio.create_task(asking.together(1)), asyncio.create_task(asking.together(1))
    await asyncio.sleep(0)
    one.cancel()
    asking.let.release()
    assert await other == "v1"
    with pytest.raises(asyncio.CancelledError):
        await one
