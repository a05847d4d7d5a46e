"""FIFO wait queues: one holder at a time per key, in this process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

MAX_LENGTH = 200  # longest queue, its holder included


class QueueFullError(Exception):
    """The queue has its maximum of waiters, or the deadline has passed."""


@dataclass(slots=True)
class _Queue:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    length: int = 0


class WaitQueues:
    """Queues by key."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}

    def __len__(self) -> int:
        return len(self._queues)

    @asynccontextmanager
    async def enter(self, key: str, until: float) -> AsyncGenerator[None, None]:
        """Wait in the queue of `key`, then hold it while the block runs.

        Raises QueueFullError if the queue is full, or the wait is not over at `until`, by the loop's clock.
        """
        queue = self._queues.setdefault(key, _Queue())
        if queue.length >= MAX_LENGTH:
            raise QueueFullError
        queue.length += 1
        try:
            try:
                async with asyncio.timeout_at(until):
                    await queue.lock.acquire()
            except TimeoutError:
                raise QueueFullError from None
            try:
                yield
            finally:
                queue.lock.release()
        finally:
            queue.length -= 1
            if not queue.length:
                del self._queues[key]
