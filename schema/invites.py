"""Invites in the API: for a team's admins, and for the bearer of a code."""

import strawberry

from milequest.rules.invites import BATCH_MAX
from resolvers import inviting
from schema.connections import Connection, Edge
from schema.enums import InviteState, TeamRole
from schema.fields import attribute, field, idempotency_key, optional
from schema.interfaces import Node
from schema.members import TeamMember
from schema.problems import Problem
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
    mailed_at: AWSDateTime | None = attribute(
        "When its link was mailed to the address. Null for a link, for an address that declined an invite of the team, "
        "beyond the limits of mails, and where the service sends none: send `url` yourself."
    )


@strawberry.type(
    description="The part of an invite that is shown to a holder of its code, or the owner of its address."
)
class InvitePreview:
    team_name: str = attribute("The team it leads into.")
    member_count: int = attribute("The team's number of members; 0 once the invite is no longer valid.")
    state: InviteState = attribute("State of the invite.")
    expires_at: AWSDateTime = attribute("When it expires.")
    inviter_name: str | None = attribute(
        "The name of whoever invites; null once the invite is no longer valid, or their account is none."
    )
    message: str | None = attribute("Message of whoever invites; null once the invite is no longer valid.")
    is_for_viewer: bool | None = attribute(
        "Whether it is for you: false when it is for another address or no longer valid. Null when it is for some "
        "address and you are not signed in."
    )
    invite_id: strawberry.ID | None = attribute(
        "Names it in `acceptInvite` and `declineInvite` in place of a code; null unless it is for your own address."
    )


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

    @field(inviting.qr_svg)
    def qr_svg(self) -> str:
        """The link as a QR code: an `<svg>` element without a size, to put into a page as it is."""


@strawberry.input(description="Invites for several addresses, each used once.")
class CreateInvitesInput:
    team_id: strawberry.ID = attribute("The team, of which you are an ADMIN.")
    emails: list[str] = attribute("1 to 50 addresses. A pending invite for one of them is renewed, with a new code.")
    expires_in_hours: int | None = optional("1 to 720; 168, a week, without it.")
    message: str | None = optional("At most 200 characters, for all of them.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The invite of one address of a batch, or the reason why there is none.")
class InviteResult:
    email: str = attribute("The address as it was given.")
    invite_edge: Edge[Invite] | None = attribute("The invite as an item of its team's list.")
    code: str | None = attribute("Its code, returned only now.")
    url: AWSURL | None = attribute("A link that holds the code.")
    problem: Problem | None = attribute(
        "Reason why there is no invite: ALREADY_MEMBER, or VALIDATION_ERROR for what is no address or was given twice."
    )


@strawberry.type(description="The results of a batch of invites.")
class CreateInvitesPayload:
    results: list[InviteResult] = attribute("One for each address, in their order.", bound=BATCH_MAX)


@strawberry.input(description="An invite to get a new code; for ADMINs of its team.")
class RotateInviteInput:
    invite_id: strawberry.ID = attribute("The invite, PENDING or EXPIRED.")
    expires_in_hours: int | None = optional("1 to 720 from now. Without it as before, or a week if it has expired.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The invite and its new code; the one before is good no longer.")
class RotateInvitePayload:
    invite: Invite = attribute("The invite, with its uses so far.")
    code: str = attribute("Ten letters and digits, returned only now; capitals, spaces and hyphens don't matter.")
    url: AWSURL = attribute("A link that holds the code.")

    @field(inviting.qr_svg)
    def qr_svg(self) -> str:
        """The link as a QR code: an `<svg>` element without a size, to put into a page as it is."""


@strawberry.input(description="An invite to revoke; for ADMINs of its team.")
class RevokeInviteInput:
    invite_id: strawberry.ID = attribute("The invite.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The revoked invite.")
class RevokeInvitePayload:
    invite: Invite = attribute("The invite.")


@strawberry.input(description="The code of an invite, or the id of one for your own address.")
class AcceptInviteInput:
    code: str | None = optional("The code; capitals, spaces and hyphens don't matter.")
    invite_id: strawberry.ID | None = optional(
        "`InvitePreview.inviteId` of `viewer.receivedInvites`, in place of a code."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The membership that joining made.")
class AcceptInvitePayload:
    team: Team = attribute("The team, with you as a member.")
    member_edge: Edge[TeamMember] = attribute("Your membership as an item of its list.")


@strawberry.input(description="The code of an invite, or the id of one for your own address.")
class DeclineInviteInput:
    code: str | None = optional("The code; capitals, spaces and hyphens don't matter.")
    invite_id: strawberry.ID | None = optional(
        "`InvitePreview.inviteId` of `viewer.receivedInvites`, in place of a code."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The invite is declined; a link stays valid for others.")
class DeclineInvitePayload:
    ok: bool = attribute("Always true.")
