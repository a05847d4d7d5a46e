"""Decisions of a team's admins about walks in the API."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.activities import Activity
from schema.connections import Connection
from schema.enums import Verdict
from schema.fields import attribute, idempotency_key, optional
from schema.interfaces import Node
from schema.scalars import AWSDateTime
from schema.teams import Team

if TYPE_CHECKING:
    from schema.goals import GoalProgress

Progress = Annotated["GoalProgress", strawberry.lazy("schema.goals")]


@strawberry.type(description="A decision about a walk that stands, for one team. Visible to the team's ADMINs.")
class WalkRuling(Node):
    id: strawberry.ID = attribute("The decision's id.")
    team: Team = attribute("The team for which it was made.")
    activity: Activity = attribute("The walk.")
    verdict: Verdict = attribute("The decision.")
    reason: str | None = attribute("Why a walk was rejected; its walker sees it too.")
    ruled_at: AWSDateTime = attribute("When it was made.")


@strawberry.type(description="A page of a team's decisions.")
class WalkRulingConnection(Connection[WalkRuling]):
    pass


@strawberry.input(description="A public walk that your team counts, or would count; for its ADMINs.")
class RejectActivityInput:
    team_id: strawberry.ID = attribute("The team that is not to count it.")
    activity_id: strawberry.ID = attribute("The walk.")
    reason: str = attribute("1 to 200 characters; its walker sees them.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The walk counts for the team no longer; what a finalised goal has counted stays.")
class RejectActivityPayload:
    activity: Activity = attribute("The walk.")
    team: Team = attribute("The team.")
    progress: list[Progress] = attribute("Goals of the team whose totals changed, at most 20.", bound=20)


@strawberry.input(description="A public walk that is FLAGGED, or was rejected for your team; for its ADMINs.")
class ApproveActivityInput:
    team_id: strawberry.ID = attribute("The team that is to count it.")
    activity_id: strawberry.ID = attribute("The walk.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(
    description="The walk counts for the team. When its walker changes a counted value of a FLAGGED one, that ends."
)
class ApproveActivityPayload:
    activity: Activity = attribute("The walk.")
    team: Team = attribute("The team.")
    progress: list[Progress] = attribute("Goals of the team whose totals changed, at most 20.", bound=20)


@strawberry.input(description="A public walk of your team whose notes it is not to see; for its ADMINs.")
class HideNotesInput:
    team_id: strawberry.ID = attribute("The team.")
    activity_id: strawberry.ID = attribute("The walk.")
    hidden: bool | None = optional("False shows them again; true without it.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The team's members do not see the walk's notes; its walker does.")
class HideNotesPayload:
    activity: Activity = attribute("The walk.")
    team: Team = attribute("The team.")
