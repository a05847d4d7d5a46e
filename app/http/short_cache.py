"""A cache of one answer for a second, which concurrent requests share."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from starlette.requests import Request

T = TypeVar("T")

SECONDS = 1.0  # for which an answer is cached


class ShortCache(Generic[T]):
    """Cache of one answer: `await cache()` returns what `ask` returned within the last second, else calls it.

    Errors are not cached.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]], clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._asking: asyncio.Task[T] | None = None
        self._until = 0.0

    async def __call__(self) -> T:
        if self._asking is None or (self._asking.done() and self._is_over(self._asking)):
            self._asking = asyncio.ensure_future(self._answer())
        return await asyncio.shield(self._asking)

    async def _answer(self) -> T:
        answer = await self._ask()
        self._until = self._clock() + SECONDS
        return answer

    def _is_over(self, asked: asyncio.Task[T]) -> bool:
        return asked.cancelled() or asked.exception() is not None or self._clock() >= self._until


async def cached(request: Request, name: str, ask: Callable[[], Awaitable[T]]) -> T:
    """Return the answer of the application's `ask`, the same for all callers of `name` within a second."""
    state = request.app.state
    if not hasattr(state, name):
        setattr(state, name, ShortCache(ask))
    kept: ShortCache[T] = getattr(state, name)
    return await kept()
