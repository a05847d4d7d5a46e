"""Walks: logging, changing and deleting them, and the lists they are in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from milequest.actions import activities as actions
from milequest.actions.activities import DedupKey, WalkWritten
from milequest.rules.access import TeamPart, may_see
from milequest.rules.activities import Walk, cut_steps, doubts, new_walk
from milequest.rules.calendar import check_order
from milequest.rules.errors import Problem, require
from milequest.rules.pages import Edge, Page, decode_cursor, encode_cursor, page_of, page_size
from milequest.store.sql import activities, milestones, progress, team_walks, walk_counts
from milequest.store.sql.activities import Activity, ActivityCriteria
from milequest.store.sql.milestones import Milestone
from milequest.store.sql.progress import GoalProgress
from milequest.store.sql.team_walks import TeamCriteria
from milequest.store.sql.teams import Team
from milequest.store.sql.users import Profile
from milequest.store.sql.walk_counts import WalkCount
from resolvers.arguments import (
    ActivityArgs,
    DeleteActivityArgs,
    LogActivityArgs,
    LogActivityInput,
    RestoreActivityArgs,
    TeamActivitiesArgs,
    UpdateActivityArgs,
    ViewerActivitiesArgs,
)
from resolvers.batch import Batch
from resolvers.context import AnyContext, Context, NoArgs
from resolvers.limiting import admit
from resolvers.writing import commit, idempotency_of, write


@dataclass(frozen=True, slots=True)
class LogActivityPayload:
    """Logged walk, and the progress it changed."""

    activity: Activity
    progress: Sequence[GoalProgress]
    milestones_reached: Sequence[Milestone]
    warnings: Sequence[Problem]

    @property
    def activity_edge(self) -> Edge[Activity]:
        """Walk as an item of a list."""
        return Edge(cursor_of(self.activity), self.activity)


@dataclass(frozen=True, slots=True)
class UpdateActivityPayload:
    """Changed walk, and the progress it changed."""

    activity: Activity
    progress: Sequence[GoalProgress]
    warnings: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class DeleteActivityPayload:
    """Id of the deleted walk, and the progress it changed."""

    deleted_activity_id: UUID
    progress: Sequence[GoalProgress]


@dataclass(frozen=True, slots=True)
class RestoreActivityPayload:
    """Restored walk, and the progress it changed."""

    activity: Activity
    progress: Sequence[GoalProgress]

    @property
    def activity_edge(self) -> Edge[Activity]:
        """Walk as an item of a list."""
        return Edge(cursor_of(self.activity), self.activity)


_counts: Batch[UUID, list[WalkCount]] = Batch(
    lambda request, ids: walk_counts.of_walks(request.db, request.viewer, ids)
)


async def counted_for(ctx: "Context[NoArgs, Activity]") -> Sequence[WalkCount]:
    """Return for which of the viewer's teams their walk counts, and why not; none for others' walks."""
    return await _counts(ctx.request, ctx.source.id) or ()


def cursor_of(activity: Activity) -> str:
    """Return a walk's cursor in lists with the newest first."""
    return encode_cursor(activity.started_at, activity.id)


async def activity(ctx: "Context[ActivityArgs, None]") -> Activity | None:
    """Return one of the viewer's own walks, or a team-mate's public one."""
    activity_id = ctx.args["id"]
    return (await activities.activities(ctx.request.db, ctx.user_id, [activity_id])).get(activity_id)


async def of_team(ctx: "Context[TeamActivitiesArgs, Team]") -> Page[Activity] | None:
    """Return the team's public, counted walks; None if the viewer is not a member."""
    team = ctx.source
    if not may_see(TeamPart.PEOPLE, team.access_level(ctx.request.viewer), is_public=team.is_public):
        return None
    size, after = page_size(ctx.args.get("first")), decode_cursor(ctx.args.get("after"), datetime, UUID)
    only = TeamCriteria(**(ctx.args.get("filter") or {}))
    check_order("filter.to", only.from_, only.to)
    request = ctx.request
    rows = await team_walks.of_team(request.db, request.viewer, team.id, after, size + 1, only)
    return page_of(rows, size, after, cursor_of)


async def of_viewer(ctx: "Context[ViewerActivitiesArgs, Profile]") -> Page[Activity]:
    """Return the viewer's own walks, private ones too."""
    size, after = page_size(ctx.args.get("first")), decode_cursor(ctx.args.get("after"), datetime, UUID)
    only = ActivityCriteria(**(ctx.args.get("filter") or {}))
    check_order("filter.to", only.from_, only.to)
    return page_of(await activities.of_user(ctx.request.db, ctx.user_id, after, size + 1, only), size, after, cursor_of)


async def log_activity(ctx: "Context[LogActivityArgs, None]") -> LogActivityPayload:
    """Log a walk and count it. Its idempotency key lives as long as the walk."""
    written = await log(ctx)
    logged = await _reread(ctx, written.activity_id)
    return LogActivityPayload(
        logged, await progress_of(ctx, written.goal_ids), await _reached(ctx, written), warnings_of(logged)
    )


async def log(ctx: "Context[LogActivityArgs, None]") -> WalkWritten:
    """Log the walk of an input in one transaction. A key names it wherever it is sent: alone, or among others."""
    user_id, now = ctx.user_id, ctx.request.now
    draft = partial(_new_walk, ctx.args["input"], now)
    once = DedupKey(*idempotency_of(ctx, "logActivity"), admit=partial(admit, ctx))
    allow = bool(ctx.args["input"].get("allow_duplicate"))
    return await commit(ctx, lambda tx: actions.log_walk(tx, user_id, now, draft, once, allow_duplicate=allow))


async def update_activity(ctx: "Context[UpdateActivityArgs, None]") -> UpdateActivityPayload:
    """Change a walk and count it anew."""
    user_id, given = ctx.user_id, ctx.args["input"]
    activity_id, version = given["activity_id"], given.get("expected_version")
    written = await write(
        ctx, WalkWritten, lambda tx: actions.update_walk(tx, user_id, ctx.request.now, activity_id, given, version)
    )
    changed = await _reread(ctx, activity_id)
    return UpdateActivityPayload(changed, await progress_of(ctx, written.goal_ids), warnings_of(changed))


async def delete_activity(ctx: "Context[DeleteActivityArgs, None]") -> DeleteActivityPayload:
    """Delete a walk."""
    user_id, activity_id = ctx.user_id, ctx.args["input"]["activity_id"]
    written = await write(ctx, WalkWritten, lambda tx: actions.delete_walk(tx, user_id, ctx.request.now, activity_id))
    return DeleteActivityPayload(activity_id, await progress_of(ctx, written.goal_ids))


async def restore_activity(ctx: "Context[RestoreActivityArgs, None]") -> RestoreActivityPayload:
    """Take back the deletion of a walk."""
    user_id, activity_id = ctx.user_id, ctx.args["input"]["activity_id"]
    written = await write(ctx, WalkWritten, lambda tx: actions.restore_walk(tx, user_id, ctx.request.now, activity_id))
    return RestoreActivityPayload(await _reread(ctx, activity_id), await progress_of(ctx, written.goal_ids))


def _new_walk(given: LogActivityInput, now: datetime, profile: Profile) -> Walk:
    """Return the walk of the input, with defaults of the profile."""
    return new_walk(
        now=now,
        started_at=given["started_at"],
        timezone=given.get("timezone") or profile.timezone,
        distance_meters=given.get("distance_meters"),
        steps=given.get("steps"),
        duration_seconds=given.get("duration_seconds"),
        type=given.get("type"),
        notes=given.get("notes"),
        privacy=given.get("privacy") or profile.default_activity_privacy,
        stride_mm=profile.stride_mm,
    )


async def _reread(ctx: AnyContext, activity_id: UUID) -> Activity:
    own = await activities.own_walks(ctx.request.db, ctx.user_id, [activity_id])
    return require(own.get(activity_id), "activity")


async def progress_of(ctx: AnyContext, goal_ids: Sequence[UUID]) -> Sequence[GoalProgress]:
    """Return the current progress of goals that a write changed."""
    request = ctx.request
    return list((await progress.of_goals(request.db, request.viewer, goal_ids, request.now)).values())


async def _reached(ctx: AnyContext, written: WalkWritten) -> Sequence[Milestone]:
    """Return the milestones a walk was the first to reach, in the order it reached them."""
    by_id = await milestones.by_ids(ctx.request.db, ctx.request.viewer, list(written.milestone_ids))
    return [by_id[milestone_id] for milestone_id in written.milestone_ids if milestone_id in by_id]


def warnings_of(activity: Activity) -> Sequence[Problem]:
    """Return the doubts about a walk that was accepted: at most two."""
    cut = cut_steps(activity.steps, activity.stride_mm, activity.distance_mm)
    return (*doubts(activity.type, activity.distance_mm, activity.duration_seconds), *cut)
