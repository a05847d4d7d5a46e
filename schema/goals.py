"""Goals, their progress and milestones in the API."""

from typing import Annotated

import strawberry

from milequest.rules.routes import MAX_WAYPOINTS
from resolvers import boards, goals, progress, routes, teams
from schema.boards import Leaderboard, Metric
from schema.connections import Connection, Edge
from schema.enums import GoalPhase, GoalStatus, LeaderboardMetric, MilestoneKind
from schema.fields import Zoom, arg, attribute, field, idempotency_key, optional
from schema.interfaces import Node
from schema.places import LatLng
from schema.problems import Problem
from schema.routes import Route, Waypoint, WaypointInput
from schema.scalars import AWSURL, AWSDate, AWSDateTime
from schema.teams import Team
from schema.users import User

MAX_MILESTONES = 100
Contributors = Annotated[int | None, arg("Page size, 1 to 20.")]


@strawberry.type(description="A route that a team walks together in a range of days.")
class Goal(Node):
    id: strawberry.ID = attribute("The goal's id.")
    name: str = attribute("Its name.")
    description: str | None = attribute("Its description.")
    status: GoalStatus = attribute("Its status.")
    starts_on: AWSDate = attribute("The first day whose walks count, each by its own local date.")
    ends_on: AWSDate = attribute("The last day whose walks count.")
    grace_hours: int = attribute("Hours for late walks, once the last day has ended everywhere on earth.")
    created_by: User | None = attribute("Its creator; null for viewers who are not members.")
    version: int = attribute("Rises with each change; goes into `expectedVersion`.")
    activated_at: AWSDateTime | None = attribute("When it was activated.")
    completed_at: AWSDateTime | None = attribute("When the target was reached.")
    completed_on: AWSDate | None = attribute("The day of the walk that reached it.")
    closes_at: AWSDateTime | None = attribute(
        "When nothing counts any more: the last day's end everywhere, and the grace; null for a cancelled goal."
    )
    finalized_at: AWSDateTime | None = attribute("When its outcome was fixed; nothing counts after that.")
    corrected: bool = attribute("Whether it is COMPLETED, and its total fell below the target since.")

    @field(goals.phase)
    def phase(self) -> GoalPhase | None:
        """Its phase by the team's day; null for a draft and for a cancelled goal."""

    @field(teams.by_team_id)
    def team(self) -> Team:
        """The goal's team."""

    @field(routes.of_goal)
    def route(self) -> Route:
        """The route; its length is the target."""

    @field(progress.of_goal)
    def progress(self) -> "GoalProgress":
        """The team's progress along the route."""

    @field(boards.of_goal)
    def leaderboard(self, metric: Metric = LeaderboardMetric.DISTANCE) -> Leaderboard | None:
        """Leaderboard of all who walked for it, former members included; for members of the team."""


@strawberry.type(description="A page of a team's goals.")
class GoalConnection(Connection[Goal]):
    pass


@strawberry.type(description="A team's progress along its goal's route.")
class GoalProgress(Node):
    id: strawberry.ID = attribute("Derived from the goal's.")
    total_meters: float = attribute("Metres walked. Not capped; private walks included.")
    percent: float = attribute("0 to 100.")
    remaining_meters: float = attribute("Metres to the end, 0 beyond it.")
    version: int = attribute("Rises with each change of the total: of two copies the higher is the newer.")
    unattributed_meters: float = attribute(
        "The part of the total that is attributed to nobody: private walks, and walks of people who don't share."
    )
    position: LatLng = attribute("The team's marker.")
    heading_degrees: float | None = attribute("The route's direction there, clockwise from north.")
    leg_index: int = attribute("Index of the leg the marker is on; at a waypoint the one that begins there.")
    leg_fraction: float = attribute("0 to 1 along that leg.")
    line_fraction: float = attribute("0 to 1 along the whole line: what a map's line gradient takes.")
    last_waypoint: Waypoint = attribute("The waypoint reached last.")
    next_waypoint: Waypoint | None = attribute("The waypoint ahead; null at the end.")
    meters_to_next_waypoint: float | None = attribute("Metres left to it.")
    days_elapsed: int = attribute("Days of the goal so far, today (the team's) included.")
    days_remaining: int = attribute("Days of the goal after today.")
    average_meters_per_day: float = attribute("Metres a day so far.")
    required_meters_per_day: float | None = attribute(
        "Metres a day from today on to arrive in time; null when arrived, or when the days are over."
    )
    projected_finish_on: AWSDate | None = attribute("The day of arrival at the average so far; null without one.")
    is_on_track: bool = attribute("Whether an even pace would by the end of yesterday have been no further.")

    @field(goals.of_progress)
    def goal(self) -> Goal:
        """The goal."""

    @field(progress.travelled_polyline)
    def travelled_polyline(self, zoom: Zoom = strawberry.UNSET) -> str:
        """The route from its start to the marker, as `Route.polyline`. Maps do better with `lineFraction`."""

    @field(progress.milestones_of, bound=MAX_MILESTONES)
    def milestones(self) -> "list[Milestone]":
        """All milestones in the order of the route, at most 100."""

    @field(progress.top_contributors, bound=20)
    def top_contributors(self, first: Contributors = 5) -> "list[Contribution]":
        """Users with the largest public shares, largest first, at most 20. For members; empty for others."""

    @field(progress.viewer_contribution)
    def viewer_contribution(self) -> "Contribution | None":
        """Your own share, private walks included; null without one, and for viewers who are not members."""


@strawberry.type(description="A user's share of a goal.")
class Contribution:
    user: User = attribute("The walker.")
    distance_meters: float = attribute("Metres.")
    is_former_member: bool = attribute("Whether they have left the team since.")


@strawberry.type(description="A notable point of a goal's route.")
class Milestone(Node):
    id: strawberry.ID = attribute("The milestone's id.")
    kind: MilestoneKind = attribute("Kind of milestone.")
    title: str = attribute("Its name.")
    description: str | None = attribute("Its description.")
    image_url: AWSURL | None = attribute("A picture of it.")
    at_meters: float = attribute("Metres along the route.")
    reached_at: AWSDateTime | None = attribute(
        "When it was reached; null again if the total has since fallen below it."
    )
    reached_by: User | None = attribute("The user whose walk reached it; for members, and null for a private walk.")

    @field(goals.of_milestone)
    def goal(self) -> Goal:
        """The milestone's goal."""

    @field(progress.milestone_position)
    def position(self) -> LatLng:
        """Its position."""


@strawberry.input(description="A new goal, along either `waypoints` or a template's.")
class CreateGoalInput:
    team_id: strawberry.ID = attribute("The team; you are a member of it.")
    name: str = attribute("1 to 100 characters.")
    description: str | None = optional("At most 500 characters.")
    starts_on: AWSDate = attribute("Today, where the team is, or later; at most 24 months ahead.")
    ends_on: AWSDate | None = optional("After `startsOn`, within 24 months of it; three months after it without one.")
    grace_hours: int | None = optional("0 to 168; 72 without it.")
    waypoints: list[WaypointInput] | None = optional(f"2 to {MAX_WAYPOINTS} places in order.")
    route_template_id: strawberry.ID | None = optional("A template of `routeTemplates`.")
    activate: bool | None = optional("Activate it at once; for ADMINs. Without it the goal is a DRAFT.")
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Changes to a goal; absent fields stay.")
class UpdateGoalInput:
    goal_id: strawberry.ID = attribute("The goal.")
    name: str | None = optional("1 to 100 characters.")
    description: str | None = optional("At most 500 characters; null clears it.")
    starts_on: AWSDate | None = optional("For a DRAFT: today or later.")
    ends_on: AWSDate | None = optional("After `startsOn`, within 24 months of it; for an ACTIVE goal only later.")
    grace_hours: int | None = optional("0 to 168; for an ACTIVE goal no fewer than before.")
    waypoints: list[WaypointInput] | None = optional(
        f"2 to {MAX_WAYPOINTS} places in order: a new route, as long as no walk has been counted."
    )
    expected_version: int | None = optional("The version you read; STALE_VERSION if it has changed since.")
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="A draft to delete.")
class DeleteGoalInput:
    goal_id: strawberry.ID = attribute("The goal.")
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="A draft to be started.")
class ActivateGoalInput:
    goal_id: strawberry.ID = attribute("The goal.")
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="A goal to cancel.")
class CancelGoalInput:
    goal_id: strawberry.ID = attribute("The goal.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The new goal.")
class CreateGoalPayload:
    goal_edge: Edge[Goal] = attribute("The goal as an item of its team's list.")
    team: Team = attribute("Its team.")
    warnings: list[Problem] = attribute("Doubts about accepted input, at most 26.", bound=MAX_WAYPOINTS + 1)


@strawberry.type(description="The changed goal.")
class UpdateGoalPayload:
    goal: Goal = attribute("The goal as it is now.")
    warnings: list[Problem] = attribute("Doubts about accepted input, at most 26.", bound=MAX_WAYPOINTS + 1)


@strawberry.type(description="The deleted goal.")
class DeleteGoalPayload:
    deleted_goal_id: strawberry.ID = attribute("Its id.")
    team: Team = attribute("Its team.")


@strawberry.type(description="The active goal.")
class ActivateGoalPayload:
    goal: Goal = attribute("The goal, ACTIVE; or COMPLETED, if the team had walked it already.")
    team: Team = attribute("Its team.")


@strawberry.type(description="The cancelled goal.")
class CancelGoalPayload:
    goal: Goal = attribute("The goal, CANCELLED.")
    team: Team = attribute("Its team.")
