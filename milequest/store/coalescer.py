"""Coalescing of concurrent requests of one kind: one call at a time; under load fewer calls, each for more keys."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from milequest.store.deadlines import before_due

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

TURNS = 4


async def yield_to_loop() -> None:
    """Let some turns of the loop pass, for more requests to arrive: no delay when it is idle, more the busier it is."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


class RequestCoalescer(Generic[K, V]):
    """`await together(key)` is what `ask` finds for the key, None if nothing.

    `ask` gets distinct keys, never while an earlier call is under way: requests made meanwhile are in the next one. So
    every result was read after its request. An error of `ask` is raised for all its keys. TimeoutError at a caller's
    own deadline.
    """

    def __init__(self, ask: Callable[[list[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._ask = ask
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def __call__(self, key: K) -> V | None:
        future: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()  # one each: cancelled alone
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
    """Give each key's futures what was found for it, None if nothing; an exception is raised for that key alone."""
    for key, futures in waiting.items():
        value = found.get(key)
        for future in futures:
            if future.done():  # whoever waited was cancelled
                continue
            if isinstance(value, Exception):
                future.set_exception(value)
            else:
                future.set_result(value)
