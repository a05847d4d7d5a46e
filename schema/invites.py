"""Invites in the API: for a team's admins, and for the bearer of a code."""

import strawberry

from schema.connections import Connection, Edge
from schema.enums import InviteState, TeamRole
from schema.fields import attribute, idempotency_key, optional
from schema.interfaces import Node
from schema.members import TeamMember
from schema.scalars import AWSURL, AWSDateTime, AWSEmail
from schema.teams import Team


@strawberry.type(description="A way into a team, for one address or as a link. Its ADMINs see it.")
class Invite(Node):
    id: strawberry.ID = attribute("The invite's id, which is not its code.")
    team: Team = attribute("The team it leads into.")
    invited_email: AWSEmail | None = attribute("The only address that may use it; null for a link.")
    role: TeamRole = attribute("What one becomes by it.")
    max_uses: int = attribute("How many may use it.")
    use_count: int = attribute("How many have.")
    state: InviteState = attribute("Where it stands.")
    message: str | None = attribute("What its sender says.")
    expires_at: AWSDateTime = attribute("From when on it is good no more.")


@strawberry.type(description="What an invite tells whoever holds its code.")
class InvitePreview:
    team_name: str = attribute("The team it leads into.")
    member_count: int = attribute("How many are in it; 0 once the invite lets nobody in.")
    state: InviteState = attribute("Where the invite stands.")
    expires_at: AWSDateTime = attribute("From when on it is good no more.")


@strawberry.type(description="A page of a team's invites.")
class InviteConnection(Connection[Invite]):
    pass


@strawberry.input(description="With `email` for that address, once; without, a link. The code is shown this one time.")
class CreateInviteInput:
    team_id: strawberry.ID = attribute("The team, of which you are an ADMIN.")
    email: AWSEmail | None = optional("Whom it is for. An invite that waits for them is renewed, under a new code.")
    max_uses: int | None = optional("How many may use a link: 1 to 500; 50 without it.")
    expires_in_hours: int | None = optional("1 to 720; 168, a week, without it.")
    message: str | None = optional("At most 200 characters.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The invite and its code.")
class CreateInvitePayload:
    invite_edge: Edge[Invite] = attribute("The invite, with its place among the team's.")
    code: str = attribute("Ten letters and digits, told this one time; capitals, spaces and hyphens don't matter.")
    url: AWSURL = attribute("A link that holds the code.")


@strawberry.input(description="An invite to be taken back, by an ADMIN of its team.")
class RevokeInviteInput:
    invite_id: strawberry.ID = attribute("The invite.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The invite lets nobody in any more.")
class RevokeInvitePayload:
    invite: Invite = attribute("The invite.")


@strawberry.input(description="A code that somebody gave you.")
class AcceptInviteInput:
    code: str = attribute("The code; capitals, spaces and hyphens don't matter.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="You are in.")
class AcceptInvitePayload:
    team: Team = attribute("The team, with you in it.")
    member_edge: Edge[TeamMember] = attribute("Your place among its members.")


@strawberry.input(description="A code that somebody gave you.")
class DeclineInviteInput:
    code: str = attribute("The code; capitals, spaces and hyphens don't matter.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The invite is declined; a link stays good for others.")
class DeclineInvitePayload:
    ok: bool = attribute("Always true.")
