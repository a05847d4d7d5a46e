"""Invites in the API: for a team's admins, and for the bearer of a code."""

import strawberry

from schema.connections import Connection, Edge
from schema.enums import InviteState, TeamRole
from schema.fields import attribute, idempotency_key, optional
from schema.interfaces import Node
from schema.members import TeamMember
from schema.scalars import AWSURL, AWSDateTime, AWSEmail
from schema.teams import Team


@strawberry.type(description="An invite into a team, for one address or as a link. Visible to the team's ADMINs.")
class Invite(Node):
    id: strawberry.ID = attribute("The invite's id, which is not its code.")
    team: Team = attribute("The team it leads into.")
    invited_email: AWSEmail | None = attribute("The only address that may use it; null for a link.")
    role: TeamRole = attribute("The role it gives.")
    max_uses: int = attribute("Most uses.")
    use_count: int = attribute("Uses so far.")
    state: InviteState = attribute("Its state.")
    message: str | None = attribute("The sender's message.")
    expires_at: AWSDateTime = attribute("When it expires.")


@strawberry.type(description="The part of an invite that is shown to a holder of its code.")
class InvitePreview:
    team_name: str = attribute("The team it leads into.")
    member_count: int = attribute("The team's number of members; 0 once the invite is no longer valid.")
    state: InviteState = attribute("State of the invite.")
    expires_at: AWSDateTime = attribute("When it expires.")


@strawberry.type(description="A page of a team's invites.")
class InviteConnection(Connection[Invite]):
    pass


@strawberry.input(
    description="With `email` an invite for that address, used once; without it a link. The code is shown only now."
)
class CreateInviteInput:
    team_id: strawberry.ID = attribute("The team, of which you are an ADMIN.")
    email: AWSEmail | None = optional(
        "The only address that may use it. A pending invite for that address is renewed, with a new code."
    )
    max_uses: int | None = optional("Most uses of a link: 1 to 500; 50 without it.")
    expires_in_hours: int | None = optional("1 to 720; 168, a week, without it.")
    message: str | None = optional("At most 200 characters.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The invite and its code.")
class CreateInvitePayload:
    invite_edge: Edge[Invite] = attribute("The invite as an item of its team's list.")
    code: str = attribute("Ten letters and digits, returned only now; capitals, spaces and hyphens don't matter.")
    url: AWSURL = attribute("A link that holds the code.")


@strawberry.input(description="An invite to revoke; for ADMINs of its team.")
class RevokeInviteInput:
    invite_id: strawberry.ID = attribute("The invite.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The revoked invite.")
class RevokeInvitePayload:
    invite: Invite = attribute("The invite.")


@strawberry.input(description="The code of an invite.")
class AcceptInviteInput:
    code: str = attribute("The code; capitals, spaces and hyphens don't matter.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The membership that joining made.")
class AcceptInvitePayload:
    team: Team = attribute("The team, with you as a member.")
    member_edge: Edge[TeamMember] = attribute("Your membership as an item of its list.")


@strawberry.input(description="The code of an invite.")
class DeclineInviteInput:
    code: str = attribute("The code; capitals, spaces and hyphens don't matter.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The invite is declined; a link stays valid for others.")
class DeclineInvitePayload:
    ok: bool = attribute("Always true.")
