"""Decisions of a team's admins about walks: the queue, the decisions that stand, and making them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.actions import moderation as actions
from milequest.rules.access import TeamPart, may_see
from milequest.rules.errors import require
from milequest.rules.pages import Page, decode_cursor, encode_cursor, page_of, page_size
from milequest.rules.text import clean
from milequest.store.sql import activities, rulings, teams
from milequest.store.sql.activities import Activity
from milequest.store.sql.progress import GoalProgress
from milequest.store.sql.rulings import WalkRuling
from milequest.store.sql.teams import Team
from resolvers.activities import cursor_of, progress_of
from resolvers.arguments import (
    ApproveActivityArgs,
    HideNotesArgs,
    RejectActivityArgs,
    TeamFlaggedActivitiesArgs,
    TeamRulingsArgs,
)
from resolvers.batch import Batch
from resolvers.context import AnyContext, Context
from resolvers.pages import PageQuery, paged
from resolvers.writing import write

REASON_MAX = 200


@dataclass(frozen=True, slots=True)
class RulingPayload:
    """Walk that was decided about, its team, and the progress that changed."""

    activity: Activity
    team: Team
    progress: Sequence[GoalProgress]


_rulings: Batch[PageQuery[Team], Sequence[WalkRuling]] = paged(
    lambda request, of_teams, after, limit: rulings.pages_of(request.db, request.viewer, of_teams, after, limit)
)
_flagged: Batch[PageQuery[Team], Sequence[Activity]] = paged(
    lambda request, of_teams, after, limit: rulings.flagged_pages_of(request.db, request.viewer, of_teams, after, limit)
)


async def rulings_of_team(ctx: "Context[TeamRulingsArgs, Team]") -> Page[WalkRuling] | None:
    """Return a team's standing decisions, newest first; None if the viewer is not an admin of it."""
    size = page_size(ctx.args.get("first"))
    after = decode_cursor(ctx.args.get("after"), datetime, UUID)
    if not _decides(ctx, ctx.source):
        return None
    rows = await _rulings(ctx.request, PageQuery(ctx.source, after, size))
    return page_of(rows or (), size, after, lambda ruling: encode_cursor(ruling.ruled_at, ruling.id))


async def flagged_of_team(ctx: "Context[TeamFlaggedActivitiesArgs, Team]") -> Page[Activity] | None:
    """Return a team's walks that wait for a decision, newest first; None if the viewer is not an admin of it."""
    size = page_size(ctx.args.get("first"))
    after = decode_cursor(ctx.args.get("after"), datetime, UUID)
    if not _decides(ctx, ctx.source):
        return None
    rows = await _flagged(ctx.request, PageQuery(ctx.source, after, size))
    return page_of(rows or (), size, after, cursor_of)


async def reject_activity(ctx: "Context[RejectActivityArgs, None]") -> RulingPayload:
    """Reject a walk for a team."""
    admin, now, given = ctx.user_id, ctx.request.now, ctx.args["input"]
    team_id, activity_id = given["team_id"], given["activity_id"]
    reason = clean("input.reason", given["reason"], 1, REASON_MAX)
    ruled = await write(
        ctx, actions.Ruled, lambda tx: actions.reject_walk(tx, admin, now, team_id, activity_id, reason)
    )
    return await _payload(ctx, ruled)


async def approve_activity(ctx: "Context[ApproveActivityArgs, None]") -> RulingPayload:
    """Approve a walk for a team."""
    admin, now, given = ctx.user_id, ctx.request.now, ctx.args["input"]
    team_id, activity_id = given["team_id"], given["activity_id"]
    ruled = await write(ctx, actions.Ruled, lambda tx: actions.approve_walk(tx, admin, now, team_id, activity_id))
    return await _payload(ctx, ruled)


async def hide_notes(ctx: "Context[HideNotesArgs, None]") -> RulingPayload:
    """Hide a walk's notes from a team, or show them again."""
    admin, now, given = ctx.user_id, ctx.request.now, ctx.args["input"]
    team_id, activity_id = given["team_id"], given["activity_id"]
    hidden = given.get("hidden") is not False
    ruled = await write(
        ctx, actions.Ruled, lambda tx: actions.hide_notes(tx, admin, now, team_id, activity_id, hidden=hidden)
    )
    return await _payload(ctx, ruled)


def _decides(ctx: AnyContext, team: Team) -> bool:
    return may_see(TeamPart.INVITES, team.access_level(ctx.request.viewer), is_public=team.is_public)


async def _payload(ctx: AnyContext, ruled: actions.Ruled) -> RulingPayload:
    request = ctx.request
    seen = await activities.activities(request.db, request.viewer.user_id, [ruled.activity_id])
    team = require(await teams.team(request.db, request.viewer, ruled.team_id), "team")
    return RulingPayload(require(seen.get(ruled.activity_id), "activity"), team, await progress_of(ctx, ruled.goal_ids))
