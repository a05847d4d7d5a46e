"""What subscriptions send: the entities that queries return, so that normalised caches update by themselves."""

import strawberry

from schema.activities import Activity
from schema.boards import Leaderboard
from schema.connections import Edge
from schema.enums import Delivery, LeaderboardBasis, LeaderboardMetric, LeaderboardPeriod, ListChange
from schema.fields import about
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
    cursor: str = about("Give it as `after` to hear all that follows, in any subscription to the same team.")
    sequence: int = about("Rises; holes are the news of other subscriptions, a duplicate has the same one.")
    delivery: Delivery = about("How it came.")
    occurred_at: AWSDateTime = about("When it happened.")


@strawberry.type(description="A public walk was logged, changed or went out of sight.")
class TeamActivityEvent(LiveEvent):
    team_id: strawberry.ID = about("The team.")
    change: ListChange | None = about("What happened to the team's list of walks.")
    edge: Edge[Activity] | None = about("The walk, where it is ADDED or CHANGED.")
    removed_id: strawberry.ID | None = about("The walk's id, where it is REMOVED.")
    snapshot: Team | None = about("The team, for those who start afresh.")


@strawberry.type(description="Somebody joined, has another role or name, or left.")
class TeamMemberEvent(LiveEvent):
    team_id: strawberry.ID = about("The team.")
    change: ListChange | None = about("What happened to the team's list of members.")
    edge: Edge[TeamMember] | None = about("The membership, where it is ADDED or CHANGED.")
    removed_id: strawberry.ID | None = about("The membership's id, where it is REMOVED.")
    team: Team | None = about("The team, with its number of members.")
    snapshot: Team | None = about("The team, for those who start afresh.")


@strawberry.type(description="A goal stands elsewhere than before.")
class TeamGoalEvent(LiveEvent):
    team_id: strawberry.ID = about("The team.")
    goal: Goal | None = about("The goal as it is now.")
    team: Team | None = about("The team, with its running goal.")
    snapshot: Team | None = about("The team, for those who start afresh.")


@strawberry.type(description="The team passed a milestone.")
class TeamMilestoneEvent(LiveEvent):
    team_id: strawberry.ID = about("The team.")
    milestone: Milestone | None = about("The milestone.")
    snapshot: Team | None = about("The team, for those who start afresh.")


@strawberry.type(description="Where a team's marker stands.")
class TeamProgressUpdate:
    team_id: strawberry.ID = about("The team.")
    progress: GoalProgress | None = about("Null without an active goal.")


@strawberry.type(description="A board as it is now.")
class LeaderboardUpdate:
    team_id: strawberry.ID | None = about("The team; null for the board of teams.")
    period: LeaderboardPeriod = about("How long the window is.")
    metric: LeaderboardMetric = about("What is ranked.")
    basis: LeaderboardBasis = about("How teams are compared, on the board of teams.")
    leaderboard: Leaderboard | None = about("The board; null for GOAL without an active goal.")


@strawberry.type(description="Who of a team is walking now.")
class TeamPresenceUpdate:
    team_id: strawberry.ID = about("The team.")
    walkers: list[User] = about(f"Those who began last first, at most {MAX_WALKERS}.", bound=MAX_WALKERS)


@strawberry.input(description="Whether you are walking. Repeat it while you walk; it ends by itself after two minutes.")
class SetPresenceInput:
    team_id: strawberry.ID = about("A team you are in.")
    walking: bool = about("False when you have stopped.")


@strawberry.type(description="Your team knows.")
class SetPresencePayload:
    ok: bool = about("Always true: failure is an error.")
