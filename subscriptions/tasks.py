"""Background tasks: referenced until they end, cancelled with their owner, and retried while the database is away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, ParamSpec, TypeVar

from milequest.store.away import Away
from milequest.store.sql.transaction import reason
from schema.error_payloads import as_errors
from subscriptions.subscribers import Subscriber

T = TypeVar("T")
P = ParamSpec("P")
log = logging.getLogger("milequest.live")

RETRY_SECONDS = 0.5


class Tasks:
    """Background tasks of one owner."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task. Its exception is logged, so it need not be awaited."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def cancel(self) -> None:
        """Cancel all tasks."""
        for task in self._tasks:
            task.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("unexpected error in live delivery", exc_info=error)


async def retried(work: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the result of `work`, retried while the database is away: events are delivered late, not lost."""
    while True:
        try:
            return await work(*args, **kwargs)
        except Away as error:
            log.warning("delivery is retried: %s", reason(error))
            await asyncio.sleep(RETRY_SECONDS)


async def attempt(
    group: Iterable[Subscriber], work: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Run `attempt_once`, retried while the database is away."""
    await retried(lambda: attempt_once(group, work, *args, **kwargs))


async def attempt_once(
    group: Iterable[Subscriber], work: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Run work that sends to `group`. An unexpected error ends their subscriptions, masked; Away is raised."""
    try:
        await work(*args, **kwargs)
    except Away:
        raise
    except Exception as error:
        errors = as_errors(error)
        for subscriber in list(group):
            subscriber.sink.fail(errors)
