"""What is due at times, by schedules. Late, twice or at the same time does no harm."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

from app.aws.container import Container, Event
from milequest.jobs.answers import forget_answers
from milequest.jobs.goals import finalize_goals
from milequest.jobs.log import prune_log
from milequest.jobs.primary_region import PrimaryRegionGuard
from milequest.runtime import Runtime, open_runtime
from milequest.settings import Settings


def _opened(settings: Settings) -> AbstractAsyncContextManager[Runtime]:
    return open_runtime(settings, serves=False)


container, duty = Container(_opened), PrimaryRegionGuard()


def finalize(event: Event, context: Any) -> Any:
    """Goals whose days are over get their outcome."""
    return {"goals": container.run(lambda runtime: _due(runtime, finalize_goals))}


def prune(event: Event, context: Any) -> Any:
    """The log forgets what lies outside of its window, and the answers of a day ago go."""
    channels = container.run(lambda runtime: _due(runtime, prune_log))
    return {"channels": channels, "answers": container.run(lambda runtime: _due(runtime, forget_answers))}


async def _due(runtime: Runtime, job: Callable[[Runtime, datetime], Awaitable[int]]) -> int | None:
    """How many there were; None in a region that stands by."""
    return await duty.done(runtime.writer, lambda: job(runtime, datetime.now(UTC)))
