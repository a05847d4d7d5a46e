"""Actions on goals. They lock the team, its boards, then the goal, so that no walk is counted meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from milequest.actions import contributions as counted
from milequest.rules.access import Viewer, refuse_unless_admin, refuse_unless_member
from milequest.rules.calendar import local_date
from milequest.rules.enums import EventKind, GoalStatus
from milequest.rules.errors import ErrorCode, Refused, refuse_stale, require
from milequest.rules.events import Event, team_event
from milequest.rules.goals import Terms, edited, milestones_of, not_editable, refuse_if_closed, refuse_too_many_drafts
from milequest.rules.ids import new_id
from milequest.rules.progress import closes_at
from milequest.store.sql import contributions, goals, milestones, routes, teams
from milequest.store.sql.goals import Goal
from milequest.store.sql.routes import NewRoute, RouteRow
from milequest.store.sql.teams import Team
from milequest.store.sql.transaction import Tx


@dataclass(frozen=True, slots=True)
class GoalWritten:
    """The goal that was made or changed, and its team."""

    goal_id: UUID
    team_id: UUID


async def create_goal(
    tx: Tx, viewer: Viewer, now: datetime, team_id: UUID, terms: Terms, route: NewRoute, *, activate: bool = False
) -> GoalWritten:
    """Create a DRAFT, for members; with `activate`, for ADMINs, it is activated at once.

    Raises NOT_FOUND, FORBIDDEN, TEAM_HAS_ACTIVE_GOAL, CONFLICT for too many drafts, and ROUTE_ERROR for a route without
    length.
    """
    team = require(await teams.lock(tx, viewer, team_id), "team")
    refuse_unless_member(team.access_level(viewer), is_public=team.is_public)
    if activate:
        refuse_unless_admin(team.access_level(viewer), is_public=team.is_public)
        await contributions.bump_board_versions(tx, [team_id])
    else:
        refuse_too_many_drafts(await goals.drafts(tx, team_id))
    assert viewer.user_id is not None, "a member is signed in"
    goal_id = new_id(now)
    stored = await routes.create_route(tx, route, now)
    await goals.insert(tx, goal_id, team_id, terms, stored.id, stored.length_mm, viewer.user_id, now)
    await _set_milestones(tx, goal_id, stored, now)
    if activate:
        await _activate(tx, goal_id, team, now)
    return GoalWritten(goal_id, team_id)


async def update_goal(
    tx: Tx,
    viewer: Viewer,
    now: datetime,
    goal_id: UUID,
    changes: Mapping[str, Any],
    route: NewRoute | None = None,
    expected_version: int | None = None,
) -> GoalWritten:
    """Change the fields in `changes` and, with `route`, the route; of an ACTIVE goal only until a walk counts for it.

    For ADMINs, and of a DRAFT for the member who made it. Raises NOT_FOUND, FORBIDDEN, STALE_VERSION, GOAL_NOT_EDITABLE
    and VALIDATION_ERROR.
    """
    team, goal = await _locked(tx, viewer, goal_id, by_maker=True)
    refuse_stale(expected_version, goal.version, "goal")
    today = _today(team, now)
    terms = edited(goal.terms, goal.status, changes, now, today)
    if goal.is_replaced and terms.ends_on > goal.ends_on:
        raise not_editable("The team's next goal has begun.")
    route_id, target_mm = goal.route_id, goal.target_mm
    if route is not None:
        if await goals.has_counted(tx, goal_id):
            raise not_editable("Walks have been counted along this route.")
        stored = await routes.create_route(tx, route, now)
        route_id, target_mm = stored.id, stored.length_mm
    await goals.change(tx, goal_id, terms, route_id, target_mm, now)
    if route is not None:
        await _set_milestones(tx, goal_id, stored, now)
    if goal.status == GoalStatus.ACTIVE:
        if terms.ends_on > goal.ends_on:  # walks after the old end may have been logged during the grace
            await counted.begin_goal(tx, goal_id, now, today)
        tx.record(_changed(goal, now))
    return GoalWritten(goal_id, team.id)


async def delete_goal(tx: Tx, viewer: Viewer, now: datetime, goal_id: UUID) -> GoalWritten:
    """Delete a DRAFT, one's own or as an ADMIN.

    Raises NOT_FOUND, FORBIDDEN, and GOAL_NOT_EDITABLE for a goal that has begun.
    """
    team, goal = await _locked(tx, viewer, goal_id, by_maker=True)
    if goal.status != GoalStatus.DRAFT:
        raise not_editable("Only a draft can be deleted; an active goal can be cancelled.")
    await goals.delete(tx, goal_id, now)
    return GoalWritten(goal_id, team.id)


async def activate_goal(tx: Tx, viewer: Viewer, now: datetime, goal_id: UUID) -> GoalWritten:
    """Activate a DRAFT; it counts what its team has walked in its days so far.

    Raises NOT_FOUND, FORBIDDEN, GOAL_NOT_EDITABLE, TEAM_HAS_ACTIVE_GOAL, and CONFLICT when its days are over.
    """
    team, goal = await _locked(tx, viewer, goal_id)
    if goal.status != GoalStatus.DRAFT:
        raise not_editable("Only a draft can be activated.")
    if _today(team, now) > goal.ends_on:
        raise Refused(ErrorCode.CONFLICT, "The goal's days are over: move its last day first.")
    await _activate(tx, goal_id, team, now)
    return GoalWritten(goal_id, team.id)


async def cancel_goal(tx: Tx, viewer: Viewer, now: datetime, goal_id: UUID) -> GoalWritten:
    """Cancel a DRAFT or an ACTIVE goal. Raises NOT_FOUND, FORBIDDEN and GOAL_NOT_EDITABLE."""
    team, goal = await _locked(tx, viewer, goal_id)
    refuse_if_closed(goal.terms, goal.status, now)
    await goals.cancel(tx, goal_id, now)
    tx.record(_changed(goal, now))
    return GoalWritten(goal_id, team.id)


async def finalize_goal(tx: Tx, goal_id: UUID, now: datetime) -> bool:
    """Fix the outcome of a goal that has closed: COMPLETED stays, ACTIVE becomes FAILED.

    Returns False if nothing was to be done.
    """
    await contributions.bump_board_versions(tx, [require(await goals.team_of(tx, goal_id), "goal")])
    goal = await goals.lock(tx, goal_id)
    if goal is None or goal.finalized_at or goal.status not in (GoalStatus.ACTIVE, GoalStatus.COMPLETED):
        return False
    if now < closes_at(goal.ends_on, goal.grace_hours):
        return False
    outcome = GoalStatus.COMPLETED if goal.status == GoalStatus.COMPLETED else GoalStatus.FAILED
    await goals.finalize(tx, goal_id, outcome, now)
    tx.record(_changed(goal, now))
    return True


def is_own_draft(goal: Goal, team: Team, viewer: Viewer) -> bool:
    """Return whether it is a DRAFT that the viewer, who is in its team, has made."""
    is_own = goal.created_by is not None and goal.created_by.id == viewer.user_id
    return is_own and goal.status == GoalStatus.DRAFT and team.viewer_role is not None


async def _locked(tx: Tx, viewer: Viewer, goal_id: UUID, *, by_maker: bool = False) -> tuple[Team, Goal]:
    """Return the team and its goal, locked, for an ADMIN, or `by_maker` for who made it, while it is a DRAFT.

    Raises NOT_FOUND and FORBIDDEN.
    """
    team_id = require(await goals.team_of(tx, goal_id), "goal")
    team = require(await teams.lock(tx, viewer, team_id), "goal")
    seen = require(await goals.goal(tx, viewer, goal_id), "goal")  # a draft is hidden from strangers of a public team
    if not (by_maker and is_own_draft(seen, team, viewer)):
        refuse_unless_admin(team.access_level(viewer), is_public=team.is_public, what="goal")
    await contributions.bump_board_versions(tx, [team_id])
    return team, require(await goals.lock(tx, goal_id), "goal")


async def _activate(tx: Tx, goal_id: UUID, team: Team, now: datetime) -> None:
    await goals.replace_past(tx, team.id, _today(team, now))
    try:
        await goals.activate(tx, goal_id, now)
    except asyncpg.UniqueViolationError:
        raise Refused(ErrorCode.TEAM_HAS_ACTIVE_GOAL, "The team has a running goal.") from None
    await counted.begin_goal(tx, goal_id, now, _today(team, now))
    tx.record(team_event(team.id, EventKind.GOAL_CHANGED, goal_id, now))


async def _set_milestones(tx: Tx, goal_id: UUID, route: RouteRow, now: datetime) -> None:
    await milestones.replace(tx, goal_id, milestones_of(route.length_mm, await milestones.stops(tx, route.id)), now)


def _today(team: Team, now: datetime) -> date:
    return local_date(now, ZoneInfo(team.timezone))


def _changed(goal: Goal, now: datetime) -> Event:
    return team_event(goal.team_id, EventKind.GOAL_CHANGED, goal.id, now)
