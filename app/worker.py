"""Background jobs of a serving process, each at its own interval."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias

from milequest.jobs.closing import close_accounts
from milequest.jobs.goals import finalize_goals
from milequest.jobs.idempotency import forget_answers
from milequest.jobs.keys import purge_keys
from milequest.jobs.log import prune_log
from milequest.jobs.pictures import readdress
from milequest.jobs.primary_region import PrimaryRegionGuard
from milequest.jobs.probe_walks import forget_probe_walks
from milequest.runtime import Runtime
from milequest.telemetry.work import job as observed_job

Job: TypeAlias = Callable[[Runtime, datetime], Awaitable[int]]
log = logging.getLogger("milequest.worker")

FINALIZE_EVERY = 60.0  # seconds
PRUNE_EVERY = 60.0
KEYS_EVERY = 3_600.0
FORGET_EVERY = 600.0


async def work(runtime: Runtime) -> None:
    """Run the jobs until cancelled."""
    async with asyncio.TaskGroup() as jobs:
        jobs.create_task(_once("places", runtime.providers.geocoder.prepare))
        jobs.create_task(_once("pictures", partial(_due, runtime, PrimaryRegionGuard(), readdress)))
        for name, seconds, job in (
            ("log", PRUNE_EVERY, prune_log),
            ("answers", FORGET_EVERY, forget_answers),
            ("walks", FORGET_EVERY, forget_probe_walks),
            ("goals", FINALIZE_EVERY, finalize_goals),
            ("accounts", FORGET_EVERY, close_accounts),
            ("keys", KEYS_EVERY, purge_keys),
        ):
            jobs.create_task(_every(seconds, name, partial(_due, runtime, PrimaryRegionGuard(), job)))


async def _due(runtime: Runtime, guard: PrimaryRegionGuard, job: Job) -> int | None:
    return await guard.run(runtime.writer, lambda: job(runtime, datetime.now(UTC)))


async def _every(seconds: float, name: str, job: Callable[[], Awaitable[object]]) -> None:
    while True:
        await _once(name, job)
        await asyncio.sleep(seconds)


async def _once(name: str, job: Callable[[], Awaitable[object]]) -> None:
    """Run a job. Its failure is logged, and ends neither the server nor the other jobs."""
    try:
        with observed_job(name) as work:
            done = await job()
            work.count = done if isinstance(done, int) else None
    except Exception:
        log.exception("the job %s failed", name)
