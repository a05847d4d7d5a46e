"""Finalisation of goals whose days and grace are over."""

from datetime import datetime
from functools import partial
from uuid import UUID

from milequest.actions.goals import finalize_goal
from milequest.runtime import Runtime
from milequest.store.sql import goals

BATCH = 100
FIRST = UUID(int=0)  # before every id


async def finalize_goals(runtime: Runtime, now: datetime) -> int:
    """Finalise every goal that has closed by `now`, each in a transaction of its own; return how many.

    Safe to run any number of times, and in several processes at once.
    """
    count, after = 0, FIRST
    while goal_ids := await goals.due(runtime.writer, now, after, BATCH):
        for goal_id in goal_ids:
            count += await runtime.commit(partial(finalize_goal, goal_id=goal_id, now=now))
        after = goal_ids[-1]
    return count
