"""Payloads of subscriptions: the entities that queries return, so that normalised caches update automatically."""

import strawberry

from schema.activities import Activity
from schema.boards import Leaderboard
from schema.connections import Edge
from schema.enums import Delivery, LeaderboardBasis, LeaderboardMetric, LeaderboardPeriod, ListChange
from schema.fields import attribute
from schema.goals import Goal, GoalProgress, Milestone
from schema.members import TeamMember
from schema.scalars import AWSDateTime
from schema.teams import Team
from schema.users import User

MAX_WALKERS = 50


@strawberry.interface(
    description="News of a log. With SNAPSHOT and RESET comes the `snapshot`, and the news itself is null. An event "
    "whose row has gone or turned private since is empty."
)
class LiveEvent:
    cursor: str = attribute("Give it as `after` to hear all that follows, in any subscription to the same team.")
    sequence: int = attribute("Rises; holes are the news of other subscriptions, a duplicate has the same one.")
    delivery: Delivery = attribute("How it came.")
    occurred_at: AWSDateTime = attribute("When it happened.")


@strawberry.type(description="A public walk was logged, changed or went out of sight.")
class TeamActivityEvent(LiveEvent):
    team_id: strawberry.ID = attribute("The team.")
    change: ListChange | None = attribute("What happened to the team's list of walks.")
    edge: Edge[Activity] | None = attribute("The walk, where it is ADDED or CHANGED.")
    removed_id: strawberry.ID | None = attribute("The walk's id, where it is REMOVED.")
    snapshot: Team | None = attribute("The team, for those who start afresh.")


@strawberry.type(description="Somebody joined, has another role or name, or left.")
class TeamMemberEvent(LiveEvent):
    team_id: strawberry.ID = attribute("The team.")
    change: ListChange | None = attribute("What happened to the team's list of members.")
    edge: Edge[TeamMember] | None = attribute("The membership, where it is ADDED or CHANGED.")
    removed_id: strawberry.ID | None = attribute("The membership's id, where it is REMOVED.")
    team: Team | None = attribute("The team, with its number of members.")
    snapshot: Team | None = attribute("The team, for those who start afresh.")


@strawberry.type(description="A goal stands elsewhere than before.")
class TeamGoalEvent(LiveEvent):
    team_id: strawberry.ID = attribute("The team.")
    goal: Goal | None = attribute("The goal as it is now.")
    team: Team | None = attribute("The team, with its running goal.")
    snapshot: Team | None = attribute("The team, for those who start afresh.")


@strawberry.type(description="The team passed a milestone.")
class TeamMilestoneEvent(LiveEvent):
    team_id: strawberry.ID = attribute("The team.")
    milestone: Milestone | None = attribute("The milestone.")
    snapshot: Team | None = attribute("The team, for those who start afresh.")


@strawberry.type(description="Where a team's marker stands.")
class TeamProgressUpdate:
    team_id: strawberry.ID = attribute("The team.")
    progress: GoalProgress | None = attribute("Null without an active goal.")


@strawberry.type(description="A board as it is now.")
class LeaderboardUpdate:
    team_id: strawberry.ID | None = attribute("The team; null for the board of teams.")
    period: LeaderboardPeriod = attribute("How long the window is.")
    metric: LeaderboardMetric = attribute("What is ranked.")
    basis: LeaderboardBasis = attribute("How teams are compared, on the board of teams.")
    leaderboard: Leaderboard | None = attribute("The board; null for GOAL without an active goal.")


@strawberry.type(description="Who of a team is walking now.")
class TeamPresenceUpdate:
    team_id: strawberry.ID = attribute("The team.")
    walkers: list[User] = attribute(f"Those who began last first, at most {MAX_WALKERS}.", bound=MAX_WALKERS)


@strawberry.input(description="Whether you are walking. Repeat it while you walk; it ends by itself after two minutes.")
class SetPresenceInput:
    team_id: strawberry.ID = attribute("A team you are in.")
    walking: bool = attribute("False when you have stopped.")


@strawberry.type(description="Your team knows.")
class SetPresencePayload:
    ok: bool = attribute("Always true: failure is an error.")
