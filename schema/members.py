"""Memberships in the API, and inputs of joining, leaving and roles."""

import strawberry

from schema.connections import CountedConnection, Edge
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
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The membership that ended; its walks so far stay in the totals.")
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


@strawberry.input(description="A member to be ADMIN in your place; for ADMINs of the team.")
class TransferCaptaincyInput:
    member_id: strawberry.ID = attribute("The membership.")
    step_down: bool | None = optional("Whether you are a MEMBER then; true without it.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The new ADMIN, and you in your new role.")
class TransferCaptaincyPayload:
    member: TeamMember = attribute("The membership that is ADMIN now.")
    former: TeamMember = attribute("Your own membership.")
