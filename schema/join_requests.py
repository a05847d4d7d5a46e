"""Requests to join in the API: for a team's admins, and for their authors."""

import strawberry

from schema.connections import Connection, Edge
from schema.enums import JoinRequestState
from schema.fields import attribute, idempotency_key, optional
from schema.interfaces import Node
from schema.members import TeamMember
from schema.scalars import AWSDateTime
from schema.teams import Team
from schema.users import User


@strawberry.type(description="A user's request to join a team. Visible to its author and the team's ADMINs.")
class JoinRequest(Node):
    id: strawberry.ID = attribute("The request's id.")
    team: Team = attribute("The team.")
    user: User = attribute("The user who asks.")
    message: str | None = attribute("Their message to the ADMINs.")
    request_state: JoinRequestState = attribute("Its state.")
    created_at: AWSDateTime = attribute("When they asked.")
    answered_at: AWSDateTime | None = attribute("When it was answered, withdrawn or ended; null while PENDING.")
    may_ask_again_at: AWSDateTime | None = attribute("From when they may ask again; null unless REJECTED.")


@strawberry.type(description="A page of a team's pending requests.")
class JoinRequestConnection(Connection[JoinRequest]):
    pass


@strawberry.input(description="A public team with the join policy REQUEST.")
class RequestToJoinInput:
    team_id: strawberry.ID = attribute("The team.")
    message: str | None = optional("For its ADMINs, at most 200 characters.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The pending request.")
class RequestToJoinPayload:
    join_request: JoinRequest = attribute("The request; the earlier one if there is one that is still pending.")


@strawberry.input(description="A request of yours to withdraw.")
class WithdrawJoinRequestInput:
    request_id: strawberry.ID = attribute("The request.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The withdrawn request.")
class WithdrawJoinRequestPayload:
    join_request: JoinRequest = attribute("The request.")


@strawberry.input(description="A request to approve; for ADMINs of the team.")
class ApproveJoinRequestInput:
    request_id: strawberry.ID = attribute("The request.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The approved request, and the membership that it made.")
class ApproveJoinRequestPayload:
    join_request: JoinRequest = attribute("The request.")
    team: Team = attribute("The team, with its new member.")
    member_edge: Edge[TeamMember] | None = attribute(
        "The membership as an item of its list; null if it has ended since."
    )


@strawberry.input(description="A request to reject; for ADMINs of the team.")
class RejectJoinRequestInput:
    request_id: strawberry.ID = attribute("The request.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The rejected request. Its author sees that it was rejected, and may ask again in a week.")
class RejectJoinRequestPayload:
    join_request: JoinRequest = attribute("The request.")
