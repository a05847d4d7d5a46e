"""Hiding or showing many walks of one's own at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from milequest.actions.activities import update_walk
from milequest.rules.calendar import check_order
from milequest.rules.errors import ErrorCode, QuestError
from milequest.store.sql import walk_privacy
from milequest.store.sql.progress import GoalProgress
from resolvers.activities import progress_of
from resolvers.arguments import SetActivitiesPrivacyArgs
from resolvers.context import Context
from resolvers.limiting import admit
from resolvers.writing import commit

WALKS_MAX = 100  # of one call


@dataclass(frozen=True, slots=True)
class SetActivitiesPrivacyPayload:
    """Number of walks that were changed, whether there are more, and the progress that changed."""

    changed_count: int
    has_more: bool
    progress: Sequence[GoalProgress]


async def set_activities_privacy(ctx: "Context[SetActivitiesPrivacyArgs, None]") -> SetActivitiesPrivacyPayload:
    """Change the privacy of up to WALKS_MAX walks, each in a transaction of its own; a repeat goes on with the rest."""
    user_id, now, given = ctx.user_id, ctx.request.now, ctx.args["input"]
    days = given.get("from_"), given.get("to")
    check_order("input.to", *days)
    await admit(ctx)
    privacy, types = given["privacy"], given.get("types")
    found = await walk_privacy.to_change(ctx.request.db, user_id, privacy, now, days, types, WALKS_MAX + 1)
    goals: dict[UUID, None] = {}
    changed = 0
    for activity_id in found[:WALKS_MAX]:
        try:
            change = partial(
                update_walk, owner_id=user_id, now=now, activity_id=activity_id, given={"privacy": privacy}
            )
            written = await commit(ctx, change)
        except QuestError as refusal:
            if refusal.code is not ErrorCode.NOT_FOUND:  # deleted since it was found
                raise
            continue
        changed += written.is_new
        goals |= dict.fromkeys(written.goal_ids)
    return SetActivitiesPrivacyPayload(changed, len(found) > WALKS_MAX, await progress_of(ctx, list(goals)[:20]))
