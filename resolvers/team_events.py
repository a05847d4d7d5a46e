"""Subscriptions to a team's log: each is a view of it, and each event loads its rows with the policy applied anew."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from milequest.rules.access import TeamPart
from milequest.rules.enums import EventKind, JoinRequestState, ListChange
from milequest.rules.pages import Edge
from milequest.store.sql import goals, join_requests, members, milestones, team_walks, teams
from milequest.store.sql.activities import Activity
from milequest.store.sql.goals import Goal
from milequest.store.sql.join_requests import JoinRequest
from milequest.store.sql.log import LogEntry
from milequest.store.sql.members import TeamMember
from milequest.store.sql.milestones import Milestone
from milequest.store.sql.teams import Team
from resolvers.activities import cursor_of as place_of_walk
from resolvers.arguments import (
    TeamActivityChangedArgs,
    TeamGoalChangedArgs,
    TeamJoinRequestChangedArgs,
    TeamMemberChangedArgs,
    TeamMilestoneReachedArgs,
)
from resolvers.audience import team_access
from resolvers.context import AnyContext, Context, Request
from resolvers.feeds import AccessRule, EventEnvelope, Fields, Load, LogFeed
from resolvers.join_requests import cursor_of as place_of_request
from resolvers.members import cursor_of as place_of_member

T = TypeVar("T")

CHANGES = {
    EventKind.ACTIVITY_ADDED: ListChange.ADDED,
    EventKind.ACTIVITY_CHANGED: ListChange.CHANGED,
    EventKind.ACTIVITY_REMOVED: ListChange.REMOVED,
    EventKind.MEMBER_ADDED: ListChange.ADDED,
    EventKind.MEMBER_CHANGED: ListChange.CHANGED,
    EventKind.MEMBER_REMOVED: ListChange.REMOVED,
    EventKind.JOIN_REQUEST_ADDED: ListChange.ADDED,
    EventKind.JOIN_REQUEST_REMOVED: ListChange.REMOVED,
}


@dataclass(frozen=True, slots=True)
class TeamActivityEvent(EventEnvelope):
    """Event of a public walk that was added, changed or removed."""

    change: ListChange | None = None
    edge: Edge[Activity] | None = None
    removed_id: UUID | None = None

    @property
    def is_filtered(self) -> bool:
        return self.edge is not None


@dataclass(frozen=True, slots=True)
class TeamMemberEvent(EventEnvelope):
    """Event of a member who joined, changed in role or name, or left."""

    change: ListChange | None = None
    edge: Edge[TeamMember] | None = None
    removed_id: UUID | None = None
    team: Team | None = None


@dataclass(frozen=True, slots=True)
class TeamJoinRequestEvent(EventEnvelope):
    """Event of a request to join that was made, or is no longer pending."""

    change: ListChange | None = None
    edge: Edge[JoinRequest] | None = None
    removed_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class TeamGoalEvent(EventEnvelope):
    """Event of a goal whose status changed."""

    goal: Goal | None = None
    team: Team | None = None


@dataclass(frozen=True, slots=True)
class TeamMilestoneEvent(EventEnvelope):
    """Event of a milestone that the team passed."""

    milestone: Milestone | None = None


async def team_activity_changed(ctx: "Context[TeamActivityChangedArgs, None]") -> LogFeed:
    """Return the feed of the team's list of walks."""
    kinds = {EventKind.ACTIVITY_ADDED, EventKind.ACTIVITY_CHANGED, EventKind.ACTIVITY_REMOVED}
    return await _log(ctx, ctx.args["team_id"], TeamPart.PEOPLE, kinds, TeamActivityEvent, _walks)


async def team_member_changed(ctx: "Context[TeamMemberChangedArgs, None]") -> LogFeed:
    """Return the feed of the team's list of members."""
    kinds = {EventKind.MEMBER_ADDED, EventKind.MEMBER_CHANGED, EventKind.MEMBER_REMOVED}
    return await _log(ctx, ctx.args["team_id"], TeamPart.PEOPLE, kinds, TeamMemberEvent, _members)


async def team_join_request_changed(ctx: "Context[TeamJoinRequestChangedArgs, None]") -> LogFeed:
    """Return the feed of the team's list of pending requests to join."""
    kinds = {EventKind.JOIN_REQUEST_ADDED, EventKind.JOIN_REQUEST_REMOVED}
    return await _log(ctx, ctx.args["team_id"], TeamPart.INVITES, kinds, TeamJoinRequestEvent, _join_requests)


async def team_goal_changed(ctx: "Context[TeamGoalChangedArgs, None]") -> LogFeed:
    """Return the feed of goals that are activated, completed, failed, reopened, finalised or cancelled."""
    return await _log(ctx, ctx.args["team_id"], TeamPart.GOALS, {EventKind.GOAL_CHANGED}, TeamGoalEvent, _goals)


async def team_milestone_reached(ctx: "Context[TeamMilestoneReachedArgs, None]") -> LogFeed:
    """Return the feed of milestones the team passes, each once."""
    return await _log(
        ctx, ctx.args["team_id"], TeamPart.GOALS, {EventKind.MILESTONE_REACHED}, TeamMilestoneEvent, _milestones
    )


async def _log(
    ctx: AnyContext,
    team_id: UUID,
    part: TeamPart,
    kinds: set[EventKind],
    event: type[EventEnvelope],
    load: Load,
) -> LogFeed:
    """Return a view of a team's log. Raises NOT_FOUND if the viewer may not see that part."""
    await team_access(ctx, team_id, part)
    return LogFeed(ctx.info.field_name, AccessRule(team_id, part), team_id, frozenset(kinds), event, load)


def _subjects(entries: Sequence[LogEntry]) -> list[UUID]:
    return list({entry.subject_id for entry in entries})


async def _walks(request: Request, team_id: UUID, entries: Sequence[LogEntry]) -> list[Fields]:
    shown = await team_walks.in_team(request.db, request.viewer, team_id, _subjects(entries))
    return [_list_change(entry, shown.get(entry.subject_id), place_of_walk) for entry in entries]


async def _members(request: Request, team_id: UUID, entries: Sequence[LogEntry]) -> list[Fields]:
    shown = await members.by_ids(request.db, request.viewer, _subjects(entries))
    team = await teams.team(request.db, request.viewer, team_id)
    return [{"team": team, **_list_change(entry, shown.get(entry.subject_id), place_of_member)} for entry in entries]


async def _join_requests(request: Request, _: UUID, entries: Sequence[LogEntry]) -> list[Fields]:
    shown = await join_requests.by_ids(request.db, request.viewer, _subjects(entries))
    pending = {one.id: one for one in shown.values() if one.request_state == JoinRequestState.PENDING}
    return [_list_change(entry, pending.get(entry.subject_id), place_of_request) for entry in entries]


def _list_change(entry: LogEntry, row: T | None, cursor_of: Callable[[T], str]) -> Fields:
    """Return the event fields of a changed list item; empty if its row was deleted or made private since."""
    change = CHANGES[entry.kind]
    if change is ListChange.REMOVED:
        return {"change": change, "removed_id": entry.subject_id}
    return {"change": change, "edge": Edge(cursor_of(row), row)} if row else {}


async def _goals(request: Request, team_id: UUID, entries: Sequence[LogEntry]) -> list[Fields]:
    shown = await goals.by_ids(request.db, request.viewer, _subjects(entries))
    team = await teams.team(request.db, request.viewer, team_id)
    return [{"goal": shown.get(entry.subject_id), "team": team} for entry in entries]


async def _milestones(request: Request, _: UUID, entries: Sequence[LogEntry]) -> list[Fields]:
    shown = await milestones.by_ids(request.db, request.viewer, _subjects(entries))
    reached = {each.id: each for each in shown.values() if each.reached_at is not None}
    return [{"milestone": reached.get(entry.subject_id)} for entry in entries]
