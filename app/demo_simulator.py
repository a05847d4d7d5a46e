"""Simulation of two people of the demo who always walk, so that every subscriber sees changes."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.demo import PEOPLE, SEATS, Person, ensure_goal, user_of
from milequest.actions.activities import WalkWritten, draft_from, log_walk, update_walk
from milequest.rules.activities import new_walk
from milequest.rules.errors import QuestError
from milequest.runtime import Runtime
from milequest.store.sql.transaction import Tx

STEP_SECONDS = 3.0
METERS_PER_SECOND = 1.5
OUT_SECONDS = 1_800
REFUSED_SECONDS = 300
WALKERS = (PEOPLE[1], PEOPLE[2 * SEATS + 1])  # one of Dawn Patrol, one of Lunch Loop

Now = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def simulate_walkers(runtime: Runtime, now: Now = _utc_now) -> None:
    """Simulate the walkers until cancelled, in walks of half an hour."""
    async with asyncio.TaskGroup() as group:
        for person in WALKERS:
            group.create_task(_simulate_walker(runtime, person, now))


async def _simulate_walker(runtime: Runtime, person: Person, now: Now) -> None:
    while user_id := await user_of(runtime, person):
        try:
            await _walk_once(runtime, user_id, person, now)
        except QuestError:  # the day is full, or the walk or the goal was deleted meanwhile
            await asyncio.sleep(REFUSED_SECONDS)


async def _walk_once(runtime: Runtime, user_id: UUID, person: Person, now: Now) -> None:
    """Log one walk that gets longer every STEP_SECONDS, until it is long enough or has brought the team to its goal."""
    goal_id = await ensure_goal(runtime, person.team, now())
    started = now() - timedelta(seconds=STEP_SECONDS)
    begun = new_walk(
        started_at=started, now=now(), timezone=ZoneInfo(person.team.timezone).key, **_walked_so_far(STEP_SECONDS)
    )
    written = await runtime.commit(lambda tx: log_walk(tx, user_id, now(), draft_from(begun), allow_duplicate=True))
    while (elapsed := (now() - started).total_seconds()) < OUT_SECONDS:
        await asyncio.sleep(STEP_SECONDS)
        await runtime.commit(partial(_extend, user_id, written.activity_id, now(), elapsed))
        if await ensure_goal(runtime, person.team, now()) != goal_id:
            break  # the next walk counts for the next goal


async def _extend(user_id: UUID, activity_id: UUID, now: datetime, seconds: float, tx: Tx) -> WalkWritten:
    return await update_walk(tx, user_id, now, activity_id, _walked_so_far(seconds))


def _walked_so_far(seconds: float) -> dict[str, Any]:
    return {"distance_meters": seconds * METERS_PER_SECOND, "duration_seconds": max(1, round(seconds))}
