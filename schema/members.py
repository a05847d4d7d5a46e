"""Memberships in the API, and inputs of joining, leaving and roles."""

import strawberry

from schema.connections import CountedConnection, Edge
from schema.enums import TeamRole
from schema.fields import attribute, idempotency_key
from schema.interfaces import Node
from schema.scalars import AWSDateTime
from schema.teams import Team
from schema.users import User


@strawberry.type(description="Someone's open membership of a team.")
class TeamMember(Node):
    id: strawberry.ID = attribute("The membership's id; rejoining makes a new one.")
    team: Team = attribute("The team.")
    user: User = attribute("Who it is.")
    role: TeamRole = attribute("What they may do.")
    joined_at: AWSDateTime = attribute("When they joined.")


@strawberry.type(description="A page of a team's members.")
class TeamMemberConnection(CountedConnection[TeamMember]):
    pass


@strawberry.input(description="A public team with the join policy OPEN.")
class JoinTeamInput:
    team_id: strawberry.ID = attribute("The team.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="You are in.")
class JoinTeamPayload:
    team: Team = attribute("The team, with you in it.")
    member_edge: Edge[TeamMember] = attribute("Your place among its members.")


@strawberry.input(description="A team you are in.")
class LeaveTeamInput:
    team_id: strawberry.ID = attribute("The team.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="You have left. Where you were the only one, the team ended with it.")
class LeaveTeamPayload:
    deleted_member_id: strawberry.ID = attribute("Your membership that was.")
    team: Team | None = attribute("The team, where you still see it.")


@strawberry.input(description="Someone else's membership, to be ended by an ADMIN of the team.")
class RemoveMemberInput:
    member_id: strawberry.ID = attribute("The membership.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The membership has ended; what they walked until then stays in the totals.")
class RemoveMemberPayload:
    deleted_member_id: strawberry.ID = attribute("The membership that was.")
    team: Team = attribute("The team without them.")


@strawberry.input(description="A role for a member, given by an ADMIN of the team.")
class SetMemberRoleInput:
    member_id: strawberry.ID = attribute("The membership.")
    role: TeamRole = attribute("What they shall be.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The member in their role.")
class SetMemberRolePayload:
    member: TeamMember = attribute("The membership.")
