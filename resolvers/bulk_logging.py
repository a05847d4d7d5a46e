"""Logging many walks at once, as after a week without a network: each by itself, in the order of the request."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from milequest.actions.activities import WalkWritten
from milequest.rules.errors import ErrorCode, Problem, QuestError, invalid
from milequest.rules.text import whole
from milequest.store.sql import activities
from milequest.store.sql.activities import Activity
from milequest.store.sql.progress import GoalProgress
from resolvers.activities import log, progress_of, warnings_of
from resolvers.arguments import LogActivitiesArgs, LogActivityArgs, LogActivityInput
from resolvers.context import Context

ITEMS_MAX = 100
OF_ALL = (ErrorCode.UNAUTHENTICATED, ErrorCode.UNAVAILABLE)  # end the request: no item after it would fare better


@dataclass(frozen=True, slots=True)
class LogActivitiesResult:
    """Outcome of one item: its walk, or the problem for which there is none."""

    idempotency_key: str | None
    activity: Activity | None
    problem: Problem | None
    warnings: Sequence[Problem]
    activity_id: UUID | None = None
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class LogActivitiesPayload:
    """Outcomes in the order of the items, and the progress they changed together."""

    results: Sequence[LogActivitiesResult]
    progress: Sequence[GoalProgress]


async def log_activities(ctx: "Context[LogActivitiesArgs, None]") -> LogActivitiesPayload:
    """Log each walk in a transaction of its own: a refused one stops none of the others.

    Only what concerns all items ends the request (OF_ALL); those before it are logged, and their keys make it safe to
    send all of it again.
    """
    items = ctx.args["input"]["items"]
    whole("input.items", len(items), 1, ITEMS_MAX)
    written: dict[int, UUID] = {}
    refused: dict[int, QuestError] = {}
    goals: dict[UUID, None] = {}
    for index, item in enumerate(items):
        try:
            one = await _log_item(ctx, item)
        except QuestError as refusal:
            if refusal.code in OF_ALL:
                raise
            refused[index] = refusal
        else:
            written[index] = one.activity_id
            goals |= dict.fromkeys(one.goal_ids)
    logged = await activities.own_walks(ctx.request.db, ctx.user_id, list(written.values()))
    results = [
        _refused(index, item, refused[index]) if index in refused else _logged(item, logged[written[index]])
        for index, item in enumerate(items)
    ]
    return LogActivitiesPayload(results, await progress_of(ctx, list(goals)))


async def _log_item(ctx: "Context[LogActivitiesArgs, None]", item: LogActivityInput) -> WalkWritten:
    """Log one walk, in a context of its own: each is counted, and refunded, by itself."""
    if item.get("idempotency_key") is None:
        raise invalid("input.idempotencyKey", "REQUIRED", "an item has a key, so that it can be sent again")
    args: LogActivityArgs = {"input": item}
    return await log(Context(args, None, ctx.info, ctx.request))


def _logged(item: LogActivityInput, activity: Activity) -> LogActivitiesResult:
    return LogActivitiesResult(item.get("idempotency_key"), activity, None, warnings_of(activity), activity.id)


def _refused(index: int, item: LogActivityInput, refusal: QuestError) -> LogActivitiesResult:
    """Return a refusal as data. Its field is a path of the whole input, such as `input.items[3].steps`."""
    faults = refusal.extensions().get("fields")
    path = faults[0]["path"].replace("input.", f"input.items[{index}].", 1) if isinstance(faults, list) else None
    existing, seconds = refusal.details.get("existingId"), refusal.details.get("retryAfterSeconds")
    return LogActivitiesResult(
        item.get("idempotency_key"),
        None,
        Problem(refusal.code, refusal.message, path),
        (),
        UUID(existing.removeprefix("activity_")) if isinstance(existing, str) else None,
        seconds if isinstance(seconds, int) else None,
    )
