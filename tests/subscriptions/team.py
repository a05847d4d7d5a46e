"""A team for tests of live delivery: an admin, a member and a stranger, a goal that runs, and their actions by HTTP."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from tests.journeys import along
from tests.quest import just_begun
from tests.service import Service

LEG = 1_669.792  # metres of 0.015 degrees along the equator: a walk of two is believed within five minutes

FOUND = "mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }"
INVITE = "mutation ($input: CreateInviteInput!) { createInvite(input: $input) { code } }"
ACCEPT = "mutation ($input: AcceptInviteInput!) { acceptInvite(input: $input) { memberEdge { node { id } } } }"
GOAL = "mutation ($input: CreateGoalInput!) { createGoal(input: $input) { goalEdge { node { id } } } }"
CANCEL = "mutation ($input: CancelGoalInput!) { cancelGoal(input: $input) { goal { id } } }"
LOG = "mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { id } } }"
UPDATE = "mutation ($input: UpdateActivityInput!) { updateActivity(input: $input) { activity { id } } }"
DELETE = "mutation ($input: DeleteActivityInput!) { deleteActivity(input: $input) { deletedActivityId } }"
LEAVE = "mutation ($input: LeaveTeamInput!) { leaveTeam(input: $input) { deletedMemberId } }"
REMOVE = "mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { deletedMemberId } }"
ROLE = "mutation ($input: SetMemberRoleInput!) { setMemberRole(input: $input) { member { id } } }"
RENAME = "mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { team { id name } } }"
PRESENCE = "mutation ($input: SetPresenceInput!) { setPresence(input: $input) { ok } }"
JOIN = "mutation ($input: JoinTeamInput!) { joinTeam(input: $input) { memberEdge { node { id } } } }"
UPDATE_TEAM = "mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { team { id } } }"
ASK = "mutation ($input: RequestToJoinInput!) { requestToJoin(input: $input) { joinRequest { id } } }"
DELETE_TEAM = "mutation ($input: DeleteTeamInput!) { deleteTeam(input: $input) { deletedTeamId } }"


@dataclass
class Team:
    """Tokens of its people, and its ids."""

    service: Service
    name: str
    id: str
    goal: str
    ann: str
    ben: str
    eve: str
    member: str  # Ben's membership

    @property
    def uuid(self) -> UUID:
        """The team's id in the database."""
        return UUID(self.id.removeprefix("team_"))

    @property
    def channel(self) -> str:
        """The team's log."""
        return f"team:{self.uuid.hex}"

    async def do(self, token: str, text: str, **given: Any) -> dict[str, Any]:
        """Run a mutation by HTTP; return its payload."""
        data = await asyncio.to_thread(lambda: self.service.data(text, token=token, input=given))
        (payload,) = data.values()
        return dict(payload)

    async def ask(self, token: str, text: str, **variables: Any) -> dict[str, Any]:
        """Run a query by HTTP; return its data."""
        return await asyncio.to_thread(lambda: self.service.data(text, token=token, **variables))

    async def sql(self, statement: str, *arguments: Any) -> None:
        """Run a statement that no mutation does."""
        await asyncio.to_thread(lambda: self.service.call(self.service.runtime.writer.execute(statement, *arguments)))

    async def rows(self, statement: str, *arguments: Any) -> list[Any]:
        """Return rows of the database."""
        return await asyncio.to_thread(
            lambda: self.service.call(self.service.runtime.writer.fetch(statement, *arguments))
        )

    async def walk(self, token: str, meters: float = 1000, **given: Any) -> str:
        """Log a walk that begins now; return its id."""
        at = datetime.now(UTC).isoformat()  # earlier might be yesterday
        walk = just_begun(meters) | {"startedAt": at}
        return str((await self.do(token, LOG, allowDuplicate=True, **walk | given))["activity"]["id"])


async def gather(service: Service, *, is_public: bool = False) -> Team:
    """Found a team of two with a goal of three legs."""
    mark = uuid4().hex[:10]
    ann, ben, eve = [await asyncio.to_thread(service.sign_up, f"{name}-{mark}") for name in ("ann", "ben", "eve")]
    team = Team(service, f"Team {mark}", "", "", ann, ben, eve, "")
    founded = await team.do(ann, FOUND, name=team.name, isPublic=is_public, joinPolicy="OPEN")
    team.id = founded["team"]["id"]
    code = (await team.do(ann, INVITE, teamId=team.id))["code"]
    team.member = (await team.do(ben, ACCEPT, code=code))["memberEdge"]["node"]["id"]
    goal = {"name": "The line", "startsOn": str(datetime.now(UTC).date()), "waypoints": along(0, 0.015, 0.03, 0.045)}
    made = await team.do(ann, GOAL, teamId=team.id, activate=True, **goal)
    team.goal = made["goalEdge"]["node"]["id"]
    return team


__all__ = ["LEG", "Team", "gather"]
