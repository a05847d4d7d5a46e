"""Batch resolvers: children of many parents are loaded by one call, each key once, each with its own result."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Hashable, Mapping
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

from milequest.store.away import ReadSkew
from milequest.store.coalescer import settle
from milequest.telemetry import spans
from resolvers.context import Request

K = TypeVar("K", bound=Hashable)
P = TypeVar("P", bound=Hashable)
V = TypeVar("V")

Waiting: TypeAlias = dict[K, list[asyncio.Future[V | None]]]


class Batch(Generic[K, V]):
    """Batch of the keys requested in one turn of the event loop, loaded `max_size` at a time.

    `load(request, keys)` gets distinct keys and returns a mapping: a missing key is None, an exception as a value is
    that key's own error. If `load` itself raises, every key of that call fails with it.
    """

    def __init__(
        self, load: Callable[[Request, list[K]], Awaitable[Mapping[K, V | Exception]]], *, max_size: int = 500
    ) -> None:
        self._load = load
        self._max_size = max_size
        self._running: set[asyncio.Task[None]] = set()  # a task without a reference may be garbage-collected

    def __call__(self, request: Request, key: K) -> "asyncio.Future[V | None]":
        """Return a future of the value for `key`; keys requested before the loop's next turn share the call."""
        loop = asyncio.get_running_loop()
        waiting: Waiting[K, V] | None = request.batches.get(self)
        if waiting is None:
            waiting = request.batches[self] = {}
            loop.call_soon(self._dispatch, request)
        future: asyncio.Future[V | None] = loop.create_future()  # one per caller, each cancelled on its own
        waiting.setdefault(key, []).append(future)
        return future

    def _dispatch(self, request: Request) -> None:
        waiting: Waiting[K, V] = request.batches.pop(self)
        wanted = {key: futures for key, futures in waiting.items() if not all(future.done() for future in futures)}
        keys = list(wanted)
        for start in range(0, len(keys), self._max_size):
            part = {key: wanted[key] for key in keys[start : start + self._max_size]}
            task = asyncio.create_task(self._settle(request, part))
            self._running.add(task)
            task.add_done_callback(partial(self._ended, part))

    async def _settle(self, request: Request, part: Waiting[K, V]) -> None:
        found: Mapping[K, V | Exception]
        try:
            with spans.span("batch", attributes={"keys": len(part)}):
                found = dict(await self._load(request, list(part)))
        except Exception as failure:  # not swallowed: every waiting caller gets it
            found = dict.fromkeys(part, failure)
        settle(part, found)

    def _ended(self, part: Waiting[K, V], task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task.cancelled():  # perhaps before it began
            for futures in part.values():
                for future in futures:
                    future.cancel()


class _Existing(Generic[V]):
    """Awaitable of a value that is there. Not a coroutine: Python warns of one that is given up before that."""

    def __init__(self, found: Awaitable[V | None]) -> None:
        self._found = found

    def __await__(self) -> Generator[Any, None, V]:
        value = yield from self._found.__await__()
        if value is None:
            raise ReadSkew
        return value


def existing(found: Awaitable[V | None]) -> Awaitable[V]:
    """Return what a parent names. Awaiting raises ReadSkew where it is gone, or hidden, since the parent was read."""
    return _Existing(found)


def grouped(load: Callable[[Request, list[K], P], Awaitable[Mapping[K, V]]]) -> Batch[tuple[K, P], V]:
    """Return a batch of (key, parameter) pairs, such as route and zoom: `load` is called once per parameter."""

    async def load_all(request: Request, asked: list[tuple[K, P]]) -> dict[tuple[K, P], V | Exception]:
        alike: dict[P, list[K]] = {}
        for key, parameter in asked:
            alike.setdefault(parameter, []).append(key)
        found: dict[tuple[K, P], V | Exception] = {}
        for parameter, keys in alike.items():
            found |= {(key, parameter): value for key, value in (await load(request, keys, parameter)).items()}
        return found

    return Batch(load_all)
