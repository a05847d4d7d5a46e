"""Coalescing of concurrent requests of one kind: one call at a time; under load fewer calls, each for more keys."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from milequest.store.deadlines import before_due

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

TURNS = 4


async def yield_to_loop() -> None:
    """Yield to the event loop a few times, so that more requests can arrive. An idle loop adds no delay."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


class RequestCoalescer(Generic[K, V]):
    """Coalescer of requests: `await coalescer(key)` returns what `ask` finds for the key, None for nothing.

    `ask` is called with distinct keys, one call at a time: requests made during a call are in the next one, so every
    result was read after its request. An error of `ask` is raised for all its keys. Raises TimeoutError at a caller's
    own deadline.
    """

    def __init__(self, ask: Callable[[list[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._ask = ask
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def __call__(self, key: K) -> V | None:
        # A future per caller, so that each can be cancelled alone.
        future: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(future)
        if self._asking is None:
            self._asking = asyncio.create_task(self._work())
        async with before_due():  # the call may go on for others with later deadlines
            return await future

    async def _work(self) -> None:
        asked: dict[K, list[asyncio.Future[V | None]]] = {}
        try:
            while self._waiting:
                await yield_to_loop()
                asked, self._waiting = self._waiting, {}
                await self._answer(asked)
        finally:  # the loop may be ending
            self._asking = None
            for futures in (*asked.values(), *self._waiting.values()):
                for future in futures:
                    future.cancel()

    async def _answer(self, asked: Mapping[K, list[asyncio.Future[V | None]]]) -> None:
        found: Mapping[K, V | Exception]
        try:
            found = await self._ask(list(asked))
        except Exception as failure:  # it is not swallowed: every waiting caller gets it
            found = dict.fromkeys(asked, failure)
        settle(asked, found)


def settle(waiting: Mapping[K, Iterable[asyncio.Future[V | None]]], found: Mapping[K, V | Exception]) -> None:
    """Set each key's futures to what was found for it, None for nothing. An exception is raised for its key only."""
    for key, futures in waiting.items():
        value = found.get(key)
        for future in futures:
            if future.done():  # the waiting caller was cancelled
                continue
            if isinstance(value, Exception):
                future.set_exception(value)
            else:
                future.set_result(value)
