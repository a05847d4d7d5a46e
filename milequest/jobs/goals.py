"""Finalisation of goals whose days and grace are over."""

from datetime import datetime
from functools import partial

from milequest.actions.goals import finalize_goal
from milequest.jobs.due_items import each_due
from milequest.runtime import Runtime
from milequest.store.sql import goals

BATCH = 100


async def finalize_goals(runtime: Runtime, now: datetime) -> int:
    """Finalise every goal that has closed by `now`, each in a transaction of its own; return how many.

    Safe to run any number of times, and in several processes at once.
    """
    return await each_due(
        lambda after: goals.due(runtime.writer, now, after, BATCH),
        lambda goal_id: runtime.commit(partial(finalize_goal, goal_id=goal_id, now=now)),
    )
