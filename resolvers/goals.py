"""Goals: reading, creating, changing, activating and cancelling them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from milequest.actions import goals as actions
from milequest.actions.goals import GoalWritten
from milequest.rules.access import TeamPart, Viewer, may_see, refuse_unless_admin, refuse_unless_member
from milequest.rules.calendar import local_date
from milequest.rules.enums import GoalPhase, GoalStatus
from milequest.rules.errors import ErrorCode, Problem, require
from milequest.rules.goals import doubts, new_terms
from milequest.rules.goals import phase as phase_on
from milequest.rules.pages import Edge, Page, decode_cursor, encode_cursor, page_of, page_size
from milequest.rules.text import required
from milequest.store.sql import goals, progress, teams
from milequest.store.sql.goals import Goal
from milequest.store.sql.milestones import Milestone
from milequest.store.sql.progress import GoalProgress
from milequest.store.sql.routes import NewRoute
from milequest.store.sql.teams import Team
from milequest.store.sql.transaction import Tx
from milequest.store.sql.walk_counts import WalkCount
from resolvers.arguments import (
    ActivateGoalArgs,
    CancelGoalArgs,
    CreateGoalArgs,
    DeleteGoalArgs,
    GoalArgs,
    TeamGoalsArgs,
    UpdateGoalArgs,
)
from resolvers.batch import Batch, existing, grouped
from resolvers.context import AnyContext, Context, NoArgs, Request
from resolvers.limiting import admit
from resolvers.transient_routes import new_route
from resolvers.writing import earlier, write

_Asked: TypeAlias = tuple[GoalStatus | None, tuple[object, ...] | None, int]  # status, after, limit


@dataclass(frozen=True, slots=True)
class CreateGoalPayload:
    """New goal, and warnings about it."""

    goal_edge: Edge[Goal]
    team: Team
    warnings: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class UpdateGoalPayload:
    """Changed goal, and warnings about it."""

    goal: Goal
    warnings: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class DeleteGoalPayload:
    """Id of the deleted goal, and its team."""

    deleted_goal_id: UUID
    team: Team


@dataclass(frozen=True, slots=True)
class GoalStatusPayload:
    """Goal that was activated or cancelled, and its team."""

    goal: Goal
    team: Team


def cursor_of(goal: Goal) -> str:
    """Return a goal's cursor in its team's list, newest first."""
    return encode_cursor(goal.created_at, goal.id)


async def load(request: Request, goal_ids: list[UUID]) -> Mapping[UUID, Goal]:
    """Return goals by id."""
    return await goals.by_ids(request.db, request.viewer, goal_ids)


_by_id: Batch[UUID, Goal] = Batch(load)
_active: Batch[UUID, Goal] = Batch(lambda request, team_ids: goals.active_of(request.db, request.viewer, team_ids))
_current: Batch[UUID, Goal] = Batch(lambda request, team_ids: goals.current_of(request.db, request.viewer, team_ids))


async def of_walk_count(ctx: "Context[NoArgs, WalkCount]") -> Goal | None:
    """Return the goal that counts a walk."""
    return None if ctx.source.goal_id is None else await _by_id(ctx.request, ctx.source.goal_id)


async def goal(ctx: "Context[GoalArgs, None]") -> Goal | None:
    """Return a goal the viewer may see."""
    return await goals.goal(ctx.request.db, ctx.request.viewer, ctx.args["id"])


def of_progress(ctx: "Context[NoArgs, GoalProgress]") -> Awaitable[Goal]:
    """Return the goal of a progress, which has its id."""
    return existing(_by_id(ctx.request, ctx.source.id))


def of_milestone(ctx: "Context[NoArgs, Milestone]") -> Awaitable[Goal]:
    """Return the goal of a milestone."""
    return existing(_by_id(ctx.request, ctx.source.goal_id))


def active_of_team(ctx: "Context[NoArgs, Team]") -> "Awaitable[Goal | None]":
    """Return the team's active goal."""
    return _active(ctx.request, ctx.source.id)


def current_of_team(ctx: "Context[NoArgs, Team]") -> "Awaitable[Goal | None]":
    """Return the team's current goal."""
    return _current(ctx.request, ctx.source.id)


def phase(ctx: "Context[NoArgs, Goal]") -> GoalPhase | None:
    """Return the goal's phase today, where its team is."""
    goal = ctx.source
    today = local_date(ctx.request.now, ZoneInfo(goal.timezone))
    return phase_on(goal.status, goal.starts_on, goal.ends_on, today, is_final=goal.finalized_at is not None)


_pages: Batch[tuple[UUID, _Asked], list[Goal]] = grouped(
    lambda request, team_ids, page: goals.pages_of(request.db, request.viewer, team_ids, *page)
)


async def of_team(ctx: "Context[TeamGoalsArgs, Team]") -> Page[Goal] | None:
    """Return the team's goals, newest first; None if the viewer may not see them."""
    team = ctx.source
    if not may_see(TeamPart.GOALS, team.access_level(ctx.request.viewer), is_public=team.is_public):
        return None
    size = page_size(ctx.args.get("first"))
    after = decode_cursor(ctx.args.get("after"), datetime, UUID)
    rows = await _pages(ctx.request, (team.id, (ctx.args.get("status"), after, size + 1)))
    return page_of(rows or [], size, after, cursor_of)


@dataclass(frozen=True, slots=True)
class GoalDone(GoalWritten):
    """Stored outcome of a request, with its route's warnings, so that a repeat need not plan the route again."""

    doubts: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def with_doubts(cls, written: GoalWritten, doubts: Sequence[Problem]) -> "GoalDone":
        """Return the outcome with its doubts in stored form."""
        return cls(written.goal_id, written.team_id, tuple(map(asdict, doubts)))

    @property
    def warnings(self) -> list[Problem]:
        """Doubts as problems."""
        return [Problem(ErrorCode(each["code"]), each["message"], each["field"]) for each in self.doubts]


async def create_goal(ctx: "Context[CreateGoalArgs, None]") -> CreateGoalPayload:
    """Create a goal."""
    written = await earlier(ctx, GoalDone) or await _created(ctx)
    made, team = await _reread(ctx, written)
    return CreateGoalPayload(Edge(cursor_of(made), made), team, [*written.warnings, *await _goal_warnings(ctx, made)])


async def _created(ctx: "Context[CreateGoalArgs, None]") -> GoalDone:
    """Create a goal, after the router has planned its route."""
    request, viewer, given = ctx.request, ctx.request.viewer, ctx.args["input"]
    team_id, activate = given["team_id"], bool(given.get("activate"))
    await admit(ctx)
    team = require(await teams.team(request.db, viewer, team_id), "team")
    refuse = refuse_unless_admin if activate else refuse_unless_member
    refuse(team.access_level(viewer), is_public=team.is_public)
    today = local_date(request.now, ZoneInfo(team.timezone))
    route, warnings = await new_route(ctx, given.get("waypoints"), given.get("route_template_id"))

    async def create(tx: Tx) -> GoalDone:
        terms = new_terms(  # inside the action, as a repeat of the request is not checked again
            given["name"],
            given["starts_on"],
            given.get("description"),
            given.get("ends_on"),
            given.get("grace_hours"),
            today=today,
        )
        made = await actions.create_goal(tx, viewer, request.now, team_id, terms, route, activate=activate)
        return GoalDone.with_doubts(made, warnings)

    return await write(ctx, GoalDone, create)


async def update_goal(ctx: "Context[UpdateGoalArgs, None]") -> UpdateGoalPayload:
    """Change a goal."""
    written = await earlier(ctx, GoalDone) or await _updated(ctx)
    changed, _ = await _reread(ctx, written)
    return UpdateGoalPayload(changed, [*written.warnings, *await _goal_warnings(ctx, changed)])


async def _updated(ctx: "Context[UpdateGoalArgs, None]") -> GoalDone:
    """Change a goal; a new route is planned before anything is locked."""
    request, viewer, given = ctx.request, ctx.request.viewer, ctx.args["input"]
    goal_id, version = given["goal_id"], given.get("expected_version")
    route: NewRoute | None = None
    warnings: Sequence[Problem] = ()
    if "waypoints" in given:
        waypoints = required("input.waypoints", given["waypoints"])
        await _refuse_unless_editor(ctx, goal_id)
        route, warnings = await new_route(ctx, waypoints)

    async def update(tx: Tx) -> GoalDone:
        changed = await actions.update_goal(tx, viewer, request.now, goal_id, given, route, version)
        return GoalDone.with_doubts(changed, warnings)

    return await write(ctx, GoalDone, update)


async def delete_goal(ctx: "Context[DeleteGoalArgs, None]") -> DeleteGoalPayload:
    """Delete a draft."""
    written = await _run_action(ctx, ctx.args["input"]["goal_id"], actions.delete_goal)
    team = await teams.team(ctx.request.db, ctx.request.viewer, written.team_id)
    return DeleteGoalPayload(written.goal_id, require(team, "team"))


async def activate_goal(ctx: "Context[ActivateGoalArgs, None]") -> GoalStatusPayload:
    """Activate a draft."""
    return GoalStatusPayload(
        *await _reread(ctx, await _run_action(ctx, ctx.args["input"]["goal_id"], actions.activate_goal))
    )


async def cancel_goal(ctx: "Context[CancelGoalArgs, None]") -> GoalStatusPayload:
    """Cancel a goal."""
    return GoalStatusPayload(
        *await _reread(ctx, await _run_action(ctx, ctx.args["input"]["goal_id"], actions.cancel_goal))
    )


_Act: TypeAlias = Callable[[Tx, Viewer, datetime, UUID], Awaitable[GoalWritten]]


async def _run_action(ctx: AnyContext, goal_id: UUID, action: _Act) -> GoalWritten:
    """Run an action whose only argument is a goal."""
    viewer, now = ctx.request.viewer, ctx.request.now
    return await write(ctx, GoalWritten, lambda tx: action(tx, viewer, now, goal_id))


async def _refuse_unless_editor(ctx: AnyContext, goal_id: UUID) -> None:
    """Refuse early, before the router is called, if the action would refuse anyway."""
    request = ctx.request
    seen = require(await goals.goal(request.db, request.viewer, goal_id), "goal")
    team = require(await teams.team(request.db, request.viewer, seen.team_id), "goal")
    if not actions.is_own_draft(seen, team, request.viewer):
        refuse_unless_admin(team.access_level(request.viewer), is_public=team.is_public, what="goal")


async def _reread(ctx: AnyContext, written: GoalWritten) -> tuple[Goal, Team]:
    request = ctx.request
    goal = await goals.goal(request.db, request.viewer, written.goal_id)
    return require(goal, "goal"), require(await teams.team(request.db, request.viewer, written.team_id), "team")


async def _goal_warnings(ctx: AnyContext, goal: Goal) -> list[Problem]:
    """Return warnings about the pace the goal requires from today on."""
    request = ctx.request
    walked = (await progress.of_goals(request.db, request.viewer, [goal.id], request.now)).get(goal.id)
    return doubts(walked.required_mm_per_day) if walked else []
