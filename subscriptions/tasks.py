"""Work in the background: kept from being collected, ended with its owner, and patient with a database that is away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, ParamSpec, TypeVar

from milequest.store.away import Away
from milequest.store.transaction import reason
from subscriptions.errors import broken
from subscriptions.subscribers import Subscriber

T = TypeVar("T")
P = ParamSpec("P")
log = logging.getLogger("milequest.live")

RETRY_SECONDS = 0.5


class Tasks:
    """Some background tasks with one owner."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it. What it raises is logged: nobody has to wait for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def cancel(self) -> None:
        """End them all."""
        for task in self._tasks:
            task.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("unexpected error while telling news", exc_info=error)


async def retried(work: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` comes to, however long the database is away: news is told late then, not never."""
    while True:
        try:
            return await work(*args, **kwargs)
        except Away as error:
            log.warning("the database is away: %s", reason(error))
            await asyncio.sleep(RETRY_SECONDS)


async def attempt(
    group: Iterable[Subscriber], work: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs
) -> None:
    """`retried`, for work that tells `group` something. What nobody expected ends their subscriptions, masked."""
    try:
        await retried(work, *args, **kwargs)
    except Exception as error:
        errors = broken(error)
        for subscriber in list(group):
            subscriber.sink.fail(errors)
