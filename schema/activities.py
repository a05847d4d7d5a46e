"""Walks in the API."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers import activities
from schema.connections import Connection, Edge
from schema.enums import ActivityPrivacy, ActivitySource, ActivityType, CountStatus
from schema.fields import attribute, field, idempotency_key, optional
from schema.interfaces import Node
from schema.problems import Problem
from schema.scalars import AWSDate, AWSDateTime
from schema.users import User

if TYPE_CHECKING:
    from schema.goals import GoalProgress, Milestone
    from schema.walk_counts import WalkCount

Progress = Annotated["GoalProgress", strawberry.lazy("schema.goals")]
Reached = Annotated["Milestone", strawberry.lazy("schema.goals")]


@strawberry.type(description="A walk of a user. It counts for every team they are a member of at its start.")
class Activity(Node):
    id: strawberry.ID = attribute("The walk's id.")
    user: User = attribute("The walker.")
    type: ActivityType = attribute("Kind of movement.")
    distance_meters: float = attribute("Metres, exact to the millimetre.")
    duration_seconds: int | None = attribute("Seconds; null for a device's daily record.")
    steps: int | None = attribute("Steps, where they were counted.")
    started_at: AWSDateTime = attribute("When it began.")
    ended_at: AWSDateTime | None = attribute("When it ended, if its duration is known.")
    timezone: str = attribute("IANA name of the zone it was walked in.")
    local_date: AWSDate = attribute("The day it counts for, frozen when it was logged.")
    notes: str | None = attribute("The walker's notes.")
    source: ActivitySource = attribute("Origin of the record.")
    privacy: ActivityPrivacy = attribute(
        "Visibility. A private walk counts in totals and is visible to its walker only."
    )
    count_status: CountStatus = attribute("Whether it counts.")
    created_at: AWSDateTime = attribute("When it was logged.")

    @field(activities.counted_for, bound=20)
    def counted_for(self) -> list[Annotated["WalkCount", strawberry.lazy("schema.walk_counts")]]:
        """For its walker: the teams they are in, or were in when it began, at most 20; empty for others."""

    version: int = attribute("Rises with each change; goes into `expectedVersion`.")


@strawberry.type(description="A page of walks.")
class ActivityConnection(Connection[Activity]):
    pass


@strawberry.input(description="Conditions on walks; an absent one does not apply.")
class ActivityFilter:
    from_: AWSDate | None = strawberry.field(
        name="from", description="The first day, in the walk's own zone.", default=strawberry.UNSET
    )
    to: AWSDate | None = optional("The last day, in the walk's own zone.")
    types: list[ActivityType] | None = optional("Only of these types.")
    privacy: ActivityPrivacy | None = optional("Only of this privacy.")


@strawberry.input(description="Conditions on a team's walks; an absent one does not apply.")
class TeamActivityFilter:
    from_: AWSDate | None = strawberry.field(
        name="from", description="The first day, in the walk's own zone.", default=strawberry.UNSET
    )
    to: AWSDate | None = optional("The last day, in the walk's own zone; not before `from`.")
    types: list[ActivityType] | None = optional("Only of these types.")
    user_id: strawberry.ID | None = optional("Only walks of this user, who may have left the team since.")


@strawberry.input(description="A walk to log: `distanceMeters`, `steps` or both.")
class LogActivityInput:
    type: ActivityType | None = optional("WALK without it.")
    distance_meters: float | None = optional("0.001 to 100,000. Without it the steps times your stride.")
    steps: int | None = optional("1 to 300,000.")
    duration_seconds: int = attribute("1 to 86,400; the walk does not end in the future.")
    started_at: AWSDateTime = attribute("Not in the future, and at most 30 days ago.")
    timezone: str | None = optional("IANA name of where it was walked; yours without it.")
    notes: str | None = optional("At most 500 characters.")
    privacy: ActivityPrivacy | None = optional("Your default without it.")
    allow_duplicate: bool | None = optional("Log it although DUPLICATE_ACTIVITY was answered.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The walk, and the goals it changed.")
class LogActivityPayload:
    activity: Activity = attribute("The walk.")
    activity_edge: Edge[Activity] = attribute("The walk as an item of a list.")
    progress: list[Progress] = attribute("Each goal it counts for, at most 20.", bound=20)
    milestones_reached: list[Reached] = attribute("The milestones it was the first to reach, at most 100.", bound=100)
    warnings: list[Problem] = attribute("Doubts about accepted input.", bound=5)


@strawberry.input(description="Changes to a walk; absent fields stay. Devices' records keep their measures.")
class UpdateActivityInput:
    activity_id: strawberry.ID = attribute("The walk.")
    type: ActivityType | None = optional("Kind of movement.")
    distance_meters: float | None = optional("0.001 to 100,000; null takes the steps times the stride.")
    steps: int | None = optional("1 to 300,000; null clears.")
    duration_seconds: int | None = optional("1 to 86,400; the walk does not end in the future.")
    started_at: AWSDateTime | None = optional("Not in the future, and at most 30 days ago.")
    notes: str | None = optional("At most 500 characters; null clears.")
    privacy: ActivityPrivacy | None = optional("For everybody else PRIVATE removes it.")
    expected_version: int | None = optional("The version you read; STALE_VERSION if it has changed since.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The changed walk, and the goals it changed.")
class UpdateActivityPayload:
    activity: Activity = attribute("The walk.")
    progress: list[Progress] = attribute("Each goal it counts for, or did, at most 20.", bound=20)
    warnings: list[Problem] = attribute("Doubts about accepted input.", bound=5)


@strawberry.input(description="A walk to delete.")
class DeleteActivityInput:
    activity_id: strawberry.ID = attribute("The walk.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The deleted walk, and the goals it changed.")
class DeleteActivityPayload:
    deleted_activity_id: strawberry.ID = attribute("The walk's id.")
    progress: list[Progress] = attribute("Each goal it counted for, at most 20.", bound=20)


@strawberry.input(description="A deleted walk to restore.")
class RestoreActivityInput:
    activity_id: strawberry.ID = attribute("The walk.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The restored walk, and the goals it changed.")
class RestoreActivityPayload:
    activity: Activity = attribute("The walk.")
    activity_edge: Edge[Activity] = attribute("The walk as an item of a list.")
    progress: list[Progress] = attribute("Each goal it counts for, at most 20.", bound=20)


@strawberry.input(description="Walks of yours to hide or to show; an absent condition does not apply.")
class SetActivitiesPrivacyInput:
    privacy: ActivityPrivacy = attribute("Their new privacy.")
    from_: AWSDate | None = strawberry.field(
        name="from", description="The first day, in the walk's own zone.", default=strawberry.UNSET
    )
    to: AWSDate | None = optional("The last day, in the walk's own zone; not before `from`.")
    types: list[ActivityType] | None = optional("Only of these types.")


@strawberry.type(description="Up to 100 walks have the new privacy; the newest first.")
class SetActivitiesPrivacyPayload:
    changed_count: int = attribute("How many were changed by this call.")
    has_more: bool = attribute("Whether there are more: send the same again.")
    progress: list[Progress] = attribute("Goals that count them, at most 20.", bound=20)


@strawberry.input(description="Walks to log, each by itself.")
class LogActivitiesInput:
    items: list[LogActivityInput] = attribute("1 to 100 walks; each has an `idempotencyKey`.")


@strawberry.type(description="The outcome of one item: `activity`, or the `problem` for which there is none.")
class LogActivitiesResult:
    idempotency_key: str | None = attribute("The item's key.")
    activity: Activity | None = attribute("The walk; also of an equal item that was logged before.")
    problem: Problem | None = attribute("Why it was not logged; its `field` is such as `input.items[3].steps`.")
    warnings: list[Problem] = attribute("Doubts about an accepted walk, at most 2.", bound=2)
    activity_id: strawberry.ID | None = attribute(
        "The walk's id; with DUPLICATE_ACTIVITY that of the logged one that is probably the same."
    )
    retry_after_seconds: int | None = attribute("With RATE_LIMITED: when to send the item again.")


@strawberry.type(description="The outcomes, in the order of the items.")
class LogActivitiesPayload:
    results: list[LogActivitiesResult] = attribute("One for each item, at most 100.", bound=100)
    progress: list[Progress] = attribute("Each goal that a walk counts for, at most 40.", bound=40)


@strawberry.type(description="The distance of steps.")
class DistanceEstimate:
    distance_meters: float = attribute("Metres that `logActivity` would take for these steps.")
    stride_meters: float = attribute("Metres a step.")
    warnings: list[Problem] = attribute("IMPLAUSIBLE for steps that are cut to the longest walk.", bound=1)
