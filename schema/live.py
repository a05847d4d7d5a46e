"""Payloads of subscriptions: the entities that queries return, so that normalised caches update automatically."""

import strawberry

from schema.activities import Activity
from schema.boards import Leaderboard
from schema.connections import Edge
from schema.enums import Delivery, LeaderboardBasis, LeaderboardMetric, LeaderboardPeriod, ListChange
from schema.fields import attribute
from schema.goals import Goal, GoalProgress, Milestone
from schema.join_requests import JoinRequest
from schema.members import TeamMember
from schema.scalars import AWSDateTime
from schema.teams import Team
from schema.users import User

MAX_WALKERS = 50


@strawberry.interface(
    description="Event of a log. With SNAPSHOT and RESET it has the `snapshot` and no change. An event whose row was "
    "deleted or made private since has no change either."
)
class LiveEvent:
    cursor: str = attribute(
        "Cursor in the team's log. As `after` it resumes any subscription to the same team after this event."
    )
    sequence: int = attribute(
        "Position in the team's log. Rises; gaps are events of other subscriptions, a duplicate has the same number."
    )
    delivery: Delivery = attribute("Delivery of the event.")
    occurred_at: AWSDateTime = attribute("When it happened.")


@strawberry.type(description="A public walk was added, changed, or is no longer visible.")
class TeamActivityEvent(LiveEvent):
    team_id: strawberry.ID = attribute("The team.")
    change: ListChange | None = attribute("Change of the team's list of walks.")
    edge: Edge[Activity] | None = attribute("The walk, where it is ADDED or CHANGED.")
    removed_id: strawberry.ID | None = attribute("The walk's id, where it is REMOVED.")
    snapshot: Team | None = attribute("The team as a fresh start, with SNAPSHOT and RESET.")


@strawberry.type(description="A member joined, changed role or name, or left.")
class TeamMemberEvent(LiveEvent):
    team_id: strawberry.ID = attribute("The team.")
    change: ListChange | None = attribute("Change of the team's list of members.")
    edge: Edge[TeamMember] | None = attribute("The membership, where it is ADDED or CHANGED.")
    removed_id: strawberry.ID | None = attribute("The membership's id, where it is REMOVED.")
    team: Team | None = attribute("The team, with its number of members.")
    snapshot: Team | None = attribute("The team as a fresh start, with SNAPSHOT and RESET.")


@strawberry.type(description="A request to join was made, or is no longer pending.")
class TeamJoinRequestEvent(LiveEvent):
    team_id: strawberry.ID = attribute("The team.")
    change: ListChange | None = attribute("Change of the team's list of pending requests.")
    edge: Edge[JoinRequest] | None = attribute("The request, where it is ADDED.")
    removed_id: strawberry.ID | None = attribute("The request's id, where it is REMOVED.")
    snapshot: Team | None = attribute("The team as a fresh start, with SNAPSHOT and RESET.")


@strawberry.type(description="A goal's status has changed.")
class TeamGoalEvent(LiveEvent):
    team_id: strawberry.ID = attribute("The team.")
    goal: Goal | None = attribute("The goal as it is now.")
    team: Team | None = attribute("The team, with its running goal.")
    snapshot: Team | None = attribute("The team as a fresh start, with SNAPSHOT and RESET.")


@strawberry.type(description="The team passed a milestone.")
class TeamMilestoneEvent(LiveEvent):
    team_id: strawberry.ID = attribute("The team.")
    milestone: Milestone | None = attribute("The milestone.")
    snapshot: Team | None = attribute("The team as a fresh start, with SNAPSHOT and RESET.")


@strawberry.type(description="A team as it is now.")
class TeamUpdate:
    team_id: strawberry.ID = attribute("The team.")
    team: Team | None = attribute("Its own fields; what else it has, such as its goals, may have changed unsaid.")


@strawberry.type(description="A team's progress, as its marker shows it.")
class TeamProgressUpdate:
    team_id: strawberry.ID = attribute("The team.")
    progress: GoalProgress | None = attribute("Of the team's `currentGoal`; null without one.")


@strawberry.type(description="A board as it is now.")
class LeaderboardUpdate:
    team_id: strawberry.ID | None = attribute("The team; null for the board of teams.")
    period: LeaderboardPeriod = attribute("Length of the window.")
    metric: LeaderboardMetric = attribute("The ranked metric.")
    basis: LeaderboardBasis = attribute("Basis of comparison of teams, on the board of teams.")
    leaderboard: Leaderboard | None = attribute("The board; null for GOAL without a current goal.")


@strawberry.type(description="Members of a team who are walking now.")
class TeamPresenceUpdate:
    team_id: strawberry.ID = attribute("The team.")
    walkers: list[User] = attribute(f"The walkers, the last to begin first, at most {MAX_WALKERS}.", bound=MAX_WALKERS)


@strawberry.input(description="Your presence. Repeat it while you walk; it expires after two minutes.")
class SetPresenceInput:
    team_id: strawberry.ID = attribute("A team that you are a member of.")
    walking: bool = attribute("False when you have stopped.")


@strawberry.type(description="The presence was recorded.")
class SetPresencePayload:
    ok: bool = attribute("Always true: failure is an error.")
