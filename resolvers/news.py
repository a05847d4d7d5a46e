"""Subscriptions to a team's log: each is one view of it, and each event loads its rows and asks the policy again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from milequest.rules.access import TeamPart
from milequest.rules.enums import EventKind, ListChange
from milequest.rules.pages import Edge
from milequest.store import activities, goals, members, milestones, teams
from milequest.store.activities import Activity
from milequest.store.goals import Goal
from milequest.store.log import LogEntry
from milequest.store.members import TeamMember
from milequest.store.milestones import Milestone
from milequest.store.teams import Team
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
    """A public walk came, changed or went."""

    change: ListChange | None = None
    edge: Edge[Activity] | None = None
    removed_id: UUID | None = None

    @property
    def has_news(self) -> bool:
        return self.edge is not None


@dataclass(frozen=True, slots=True)
class TeamMemberEvent(EventEnvelope):
    """Somebody joined, has another role or name, or left."""

    change: ListChange | None = None
    edge: Edge[TeamMember] | None = None
    removed_id: UUID | None = None
    team: Team | None = None


@dataclass(frozen=True, slots=True)
class TeamGoalEvent(EventEnvelope):
    """A goal stands elsewhere than before."""

    goal: Goal | None = None
    team: Team | None = None


@dataclass(frozen=True, slots=True)
class TeamMilestoneEvent(EventEnvelope):
    """The team passed a milestone."""

    milestone: Milestone | None = None


async def team_activity_changed(ctx: Context) -> LogFeed:
    """Walks as the team's list of them shows them."""
    kinds = {EventKind.ACTIVITY_ADDED, EventKind.ACTIVITY_CHANGED, EventKind.ACTIVITY_REMOVED}
    return await _log(ctx, TeamPart.PEOPLE, kinds, TeamActivityEvent, _walks)


async def team_member_changed(ctx: Context) -> LogFeed:
    """Members as the team's list of them shows them."""
    kinds = {EventKind.MEMBER_ADDED, EventKind.MEMBER_CHANGED, EventKind.MEMBER_REMOVED}
    return await _log(ctx, TeamPart.PEOPLE, kinds, TeamMemberEvent, _members)


async def team_goal_changed(ctx: Context) -> LogFeed:
    """Goals that begin, are reached, fail, or are corrected, fixed or given up."""
    return await _log(ctx, TeamPart.GOALS, {EventKind.GOAL_CHANGED}, TeamGoalEvent, _goals)


async def team_milestone_reached(ctx: Context) -> LogFeed:
    """Milestones the team passes, each once."""
    return await _log(ctx, TeamPart.GOALS, {EventKind.MILESTONE_REACHED}, TeamMilestoneEvent, _milestones)


async def _log(ctx: Context, part: TeamPart, kinds: set[EventKind], event: type[EventEnvelope], load: Load) -> LogFeed:
    """A view of the log of the argument `team_id`. Raises NOT_FOUND where the viewer may not see that part of it."""
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
    """What happened to an item of a list. A row that has gone or turned private since leaves the event empty."""
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
