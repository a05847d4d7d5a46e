"""Scheduled jobs. It does no harm to run them late, twice or at the same time."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeAlias

from app.aws.container import Container, Event
from milequest.jobs.closing import close_accounts
from milequest.jobs.goals import finalize_goals
from milequest.jobs.idempotency import forget_answers
from milequest.jobs.log import prune_log
from milequest.jobs.primary_region import PrimaryRegionGuard
from milequest.jobs.probe_walks import forget_probe_walks
from milequest.runtime import Runtime, open_runtime
from milequest.settings import Settings
from milequest.telemetry.work import job as observed_job

Job: TypeAlias = Callable[[Runtime, datetime], Awaitable[int]]


def _opened(settings: Settings) -> AbstractAsyncContextManager[Runtime]:
    return open_runtime(settings, serves=False)


container, guard = Container(_opened), PrimaryRegionGuard()


PRUNED: Final[Mapping[str, Job]] = {
    "log": prune_log,
    "answers": forget_answers,
    "walks": forget_probe_walks,
    "accounts": close_accounts,
}


def finalize(event: Event, context: Any) -> Any:
    """Record the outcome of goals whose days are over."""
    return {"goals": container.run(lambda runtime: _due(runtime, "goals", finalize_goals))}


def prune(event: Event, context: Any) -> Any:
    """Remove old log entries, answers of keys, our client's deleted walks, and accounts that are to be deleted."""
    return {name: container.run(partial(_due, name=name, job=job)) for name, job in PRUNED.items()}


async def _due(runtime: Runtime, name: str, job: Job) -> int | None:
    """Run a job that is due and return its count; None in a region that stands by."""
    with observed_job(name) as work:
        work.count = await guard.run(runtime.writer, lambda: job(runtime, datetime.now(UTC)))
    return work.count
