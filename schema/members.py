"""Memberships in the API, and inputs of joining, leaving and roles."""

import strawberry

from schema.connections import Connection, CountedConnection, Edge
from schema.enums import TeamRole
from schema.fields import attribute, idempotency_key, optional
from schema.interfaces import Node
from schema.scalars import AWSDateTime
from schema.teams import Team
from schema.users import User


@strawberry.type(description="A user's open membership of a team.")
class TeamMember(Node):
    id: strawberry.ID = attribute("The membership's id; rejoining makes a new one.")
    team: Team = attribute("The team.")
    user: User = attribute("The user.")
    role: TeamRole = attribute("The member's role.")
    joined_at: AWSDateTime = attribute("When they joined.")


@strawberry.type(description="A page of a team's members.")
class TeamMemberConnection(CountedConnection[TeamMember]):
    pass


@strawberry.input(description="A public team with the join policy OPEN.")
class JoinTeamInput:
    team_id: strawberry.ID = attribute("The team.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The membership that joining made.")
class JoinTeamPayload:
    team: Team = attribute("The team, with you as a member.")
    member_edge: Edge[TeamMember] = attribute("Your membership as an item of its list.")


@strawberry.input(description="A team that you are a member of.")
class LeaveTeamInput:
    team_id: strawberry.ID = attribute("The team.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The membership that ended. The team of its last member is deleted.")
class LeaveTeamPayload:
    deleted_member_id: strawberry.ID = attribute("Id of your former membership.")
    team: Team | None = attribute("The team, if it is still visible to you.")


@strawberry.input(description="Another user's membership to end; for ADMINs of the team.")
class RemoveMemberInput:
    member_id: strawberry.ID = attribute("The membership.")
    ban: bool | None = optional(
        "True bans them: no invite lets them in before `liftBan`. Without it one that is made from now on does, but no "
        "older one, and no OPEN door."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.type(
    description="The membership that ended. The totals keep its walks so far; what their owner does later can only "
    "lessen that, and none of them is listed or shown under their name."
)
class RemoveMemberPayload:
    deleted_member_id: strawberry.ID = attribute("Id of the former membership.")
    team: Team = attribute("The team without them.")


@strawberry.input(description="A member's new role; for ADMINs of the team.")
class SetMemberRoleInput:
    member_id: strawberry.ID = attribute("The membership.")
    role: TeamRole = attribute("The new role.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The member in their role.")
class SetMemberRolePayload:
    member: TeamMember = attribute("The membership.")


@strawberry.type(description="A ban from a team. Visible to the team's ADMINs.")
class TeamBan(Node):
    id: strawberry.ID = attribute("The ban's id.")
    team: Team = attribute("The team.")
    user: User = attribute("The banned user.")
    banned_at: AWSDateTime = attribute("When they were removed and banned.")


@strawberry.type(description="A page of a team's bans.")
class TeamBanConnection(Connection[TeamBan]):
    pass


@strawberry.input(description="A ban to lift; for ADMINs of its team.")
class LiftBanInput:
    ban_id: strawberry.ID = attribute("The ban.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The ban is lifted: an invite that was made since the removal lets the user in again.")
class LiftBanPayload:
    deleted_ban_id: strawberry.ID = attribute("Id of the former ban.")
    team: Team = attribute("The team.")


@strawberry.input(description="A member to be ADMIN in your place; for ADMINs of the team.")
class TransferCaptaincyInput:
    member_id: strawberry.ID = attribute("The membership.")
    step_down: bool | None = optional("Whether you are a MEMBER then; true without it.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The new ADMIN, and you in your new role.")
class TransferCaptaincyPayload:
    member: TeamMember = attribute("The membership that is ADMIN now.")
    former: TeamMember = attribute("Your own membership.")
