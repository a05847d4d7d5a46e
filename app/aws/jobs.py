"""Scheduled jobs. It does no harm to run them late, twice or at the same time."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

from app.aws.container import Container, Event
from milequest.jobs.goals import finalize_goals
from milequest.jobs.idempotency import forget_answers
from milequest.jobs.log import prune_log
from milequest.jobs.primary_region import PrimaryRegionGuard
from milequest.runtime import Runtime, open_runtime
from milequest.settings import Settings
from milequest.telemetry.work import job as observed_job


def _opened(settings: Settings) -> AbstractAsyncContextManager[Runtime]:
    return open_runtime(settings, serves=False)


container, guard = Container(_opened), PrimaryRegionGuard()


def finalize(event: Event, context: Any) -> Any:
    """Record the outcome of goals whose days are over."""
    return {"goals": container.run(lambda runtime: _due(runtime, "goals", finalize_goals))}


def prune(event: Event, context: Any) -> Any:
    """Remove log entries outside of its window, and answers of idempotency keys older than a day."""
    channels = container.run(lambda runtime: _due(runtime, "log", prune_log))
    return {"channels": channels, "answers": container.run(lambda runtime: _due(runtime, "answers", forget_answers))}


async def _due(runtime: Runtime, name: str, job: Callable[[Runtime, datetime], Awaitable[int]]) -> int | None:
    """Run a job that is due and return its count; None in a region that stands by."""
    with observed_job(name) as work:
        work.count = await guard.run(runtime.writer, lambda: job(runtime, datetime.now(UTC)))
    return work.count
