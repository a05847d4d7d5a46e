"""Subscriptions to a team's log: each is a view of it, and each event loads its rows with the policy applied anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from milequest.rules.access import TeamPart
from milequest.rules.enums import EventKind, ListChange
from milequest.rules.pages import Edge
from milequest.store.sql import activities, goals, members, milestones, teams
from milequest.store.sql.activities import Activity
from milequest.store.sql.goals import Goal
from milequest.store.sql.log import LogEntry
from milequest.store.sql.members import TeamMember
from milequest.store.sql.milestones import Milestone
from milequest.store.sql.teams import Team
from resolvers.activities import cursor_of as place_of_walk
from resolvers.audience import place_in_team
from resolvers.context import Context, Request
from resolvers.feeds import AccessRule, EventEnvelope, Load, LogFeed
from resolvers.members import cursor_of as place_of_member

CHANGES = {
    EventKind.ACTIVITY_ADDED: ListChange.ADDED,
    EventKind.ACTIVITY_CHANGED: ListChange.CHANGED,
    EventKind.ACTIVITY_REMOVED: ListChange.REMOVED,
    EventKind.MEMBER_ADDED: ListChange.ADDED,
    EventKind.MEMBER_CHANGED: ListChange.CHANGED,
    EventKind.MEMBER_REMOVED: ListChange.REMOVED,
}


@dataclass(frozen=True, slots=True)
class TeamActivityEvent(EventEnvelope):
    """Event of a public walk that was added, changed or removed."""

    change: ListChange | None = None
    edge: Edge[Activity] | None = None
    removed_id: UUID | None = None

    @property
    def has_news(self) -> bool:
        return self.edge is not None


@dataclass(frozen=True, slots=True)
class TeamMemberEvent(EventEnvelope):
    """Event of a member who joined, changed in role or name, or left."""

    change: ListChange | None = None
    edge: Edge[TeamMember] | None = None
    removed_id: UUID | None = None
    team: Team | None = None


@dataclass(frozen=True, slots=True)
class TeamGoalEvent(EventEnvelope):
    """Event of a goal whose status changed."""

    goal: Goal | None = None
    team: Team | None = None


@dataclass(frozen=True, slots=True)
class TeamMilestoneEvent(EventEnvelope):
    """Event of a milestone that the team passed."""

    milestone: Milestone | None = None


async def team_activity_changed(ctx: Context) -> LogFeed:
    """Return the feed of the team's list of walks."""
    kinds = {EventKind.ACTIVITY_ADDED, EventKind.ACTIVITY_CHANGED, EventKind.ACTIVITY_REMOVED}
    return await _log(ctx, TeamPart.PEOPLE, kinds, TeamActivityEvent, _walks)


async def team_member_changed(ctx: Context) -> LogFeed:
    """Return the feed of the team's list of members."""
    kinds = {EventKind.MEMBER_ADDED, EventKind.MEMBER_CHANGED, EventKind.MEMBER_REMOVED}
    return await _log(ctx, TeamPart.PEOPLE, kinds, TeamMemberEvent, _members)


async def team_goal_changed(ctx: Context) -> LogFeed:
    """Return the feed of goals that are activated, completed, failed, reopened, finalised or cancelled."""
    return await _log(ctx, TeamPart.GOALS, {EventKind.GOAL_CHANGED}, TeamGoalEvent, _goals)


async def team_milestone_reached(ctx: Context) -> LogFeed:
    """Return the feed of milestones the team passes, each once."""
    return await _log(ctx, TeamPart.GOALS, {EventKind.MILESTONE_REACHED}, TeamMilestoneEvent, _milestones)


async def _log(ctx: Context, part: TeamPart, kinds: set[EventKind], event: type[EventEnvelope], load: Load) -> LogFeed:
    """Return a view of the log of the argument `team_id`. Raises NOT_FOUND if the viewer may not see that part."""
    team_id: UUID = ctx.args["team_id"]
    await place_in_team(ctx, part)
    return LogFeed(ctx.info.field_name, AccessRule(team_id, part), team_id, frozenset(kinds), event, load)


def _subjects(entries: Sequence[LogEntry]) -> list[UUID]:
    return list({entry.subject_id for entry in entries})


async def _walks(request: Request, team_id: UUID, entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    shown = await activities.in_team(request.db, team_id, _subjects(entries))
    return [_of_list(entry, shown.get(entry.subject_id), place_of_walk) for entry in entries]


async def _members(request: Request, team_id: UUID, entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    shown = await members.by_ids(request.db, request.viewer, _subjects(entries))
    team = await teams.team(request.db, request.viewer, team_id)
    return [{"team": team} | _of_list(entry, shown.get(entry.subject_id), place_of_member) for entry in entries]


def _of_list(entry: LogEntry, row: Any, place: Any) -> dict[str, Any]:
    """Return the event fields of a changed list item; empty if its row was deleted or made private since."""
    change = CHANGES[entry.kind]
    if change is ListChange.REMOVED:
        return {"change": change, "removed_id": entry.subject_id}
    return {"change": change, "edge": Edge(place(row), row)} if row else {}


async def _goals(request: Request, team_id: UUID, entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    shown = await goals.by_ids(request.db, request.viewer, _subjects(entries))
    team = await teams.team(request.db, request.viewer, team_id)
    return [{"goal": shown.get(entry.subject_id), "team": team} for entry in entries]


async def _milestones(request: Request, _: UUID, entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    shown = await milestones.by_ids(request.db, request.viewer, _subjects(entries))
    reached = {each.id: each for each in shown.values() if each.reached_at is not None}
    return [{"milestone": reached.get(entry.subject_id)} for entry in entries]
