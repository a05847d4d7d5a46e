"""A team on its way, for tests: goals along the equator, where 0.1 degrees are 11,131.949 m, and walks towards them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.quest import Caller, Quest, just_begun

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = "2026-11-22"
LEG = 11_131.949  # metres

CREATE = """mutation ($input: CreateGoalInput!) { createGoal(input: $input) {
    goalEdge { cursor node { id status version } } team { id } warnings { code message field } } }"""
UPDATE = """mutation ($input: UpdateGoalInput!) { updateGoal(input: $input) {
    goal { id name description startsOn endsOn graceHours status version route { id lengthMeters } }
    warnings { code field } } }"""
DELETE = "mutation ($input: DeleteGoalInput!) { deleteGoal(input: $input) { deletedGoalId team { id } } }"
ACTIVATE = """mutation ($input: ActivateGoalInput!) { activateGoal(input: $input) {
    goal { id status version activatedAt completedAt completedOn } team { activeGoal { id } } } }"""
CANCEL = """mutation ($input: CancelGoalInput!) { cancelGoal(input: $input) {
    goal { id status version } team { activeGoal { id } } } }"""
LOG = "mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { id } } }"
STATUS = "query ($id: ID!) { goal(id: $id) { status version finalizedAt completedOn progress { totalMeters } } }"


def along(*lngs: float) -> list[dict[str, Any]]:
    """Return waypoints on the equator."""
    return [{"position": {"lat": 0, "lng": lng}, "name": f"At {lng}"} for lng in lngs]


LINE = {"name": "The line", "startsOn": TODAY, "waypoints": along(0, 0.1, 0.2, 0.3)}


async def draft(caller: Caller, team_id: str, **given: Any) -> str:
    """Make a goal of three legs; return its id."""
    made = await caller.run(CREATE, input=LINE | {"teamId": team_id} | given)
    return str(made["createGoal"]["goalEdge"]["node"]["id"])


async def change(caller: Caller, goal_id: str, **given: Any) -> dict[str, Any]:
    """Change a goal; return it."""
    return dict((await caller.run(UPDATE, input={"goalId": goal_id} | given))["updateGoal"]["goal"])


async def code(caller: Caller, text: str, **given: Any) -> str:
    """Return the code by which a write with this input is refused."""
    return str((await caller.refused(text, input=given))["code"])


async def walk(caller: Caller, meters: float, at: datetime | None = None, **given: Any) -> str:
    """Log a walk that begins at `at`, without it now, or early enough to be believed; return its id."""
    body = just_begun(meters)
    begins = at or caller.now
    if meters > 3000 and not {"durationSeconds", "type"} & given.keys():
        body["durationSeconds"] = int(meters / 10)
        begins = min(begins, caller.now - timedelta(seconds=body["durationSeconds"]))
    body["startedAt"] = begins.isoformat()
    logged = await caller.run(LOG, input=body | {"allowDuplicate": True} | given)
    return str(logged["logActivity"]["activity"]["id"])


async def status(caller: Caller, goal_id: str) -> dict[str, Any]:
    """Return the goal's status."""
    return dict((await caller.run(STATUS, id=goal_id))["goal"])


@dataclass
class Crew:
    """An admin, a member and a stranger of one team; all of their clocks are at NOW."""

    quest: Quest
    team: str
    admin: Caller
    member: Caller
    stranger: Caller

    @property
    def all(self) -> Sequence[Caller]:
        """All of them."""
        return self.admin, self.member, self.stranger

    def later(self, **gone: float) -> None:
        """Advance all their clocks, by arguments of `timedelta`."""
        for caller in self.all:
            caller.now += timedelta(**gone)

    async def events(self) -> list[tuple[str, str]]:
        """Return kinds and subjects in the team's log, in order; the subject as bare hex."""
        rows = await self.quest.runtime.writer.fetch("SELECT kind, subject_id FROM event ORDER BY channel, sequence")
        return [(row["kind"], row["subject_id"].hex) for row in rows]

    async def count(self, table: str) -> int:
        """Return how many rows a table has."""
        rows: int = await self.quest.runtime.writer.fetchval(f"SELECT count(*) FROM {table}")
        return rows


async def crew(quest: Quest, *, is_public: bool = False, timezone: str = "UTC", name: str = "Walkers") -> Crew:
    """Found a team of two."""
    ann, ben, eve = [await quest.user(name) for name in ("Ann", "Ben", "Eve")]
    for caller in (ann, ben, eve):
        caller.now = NOW
    team = await ann.found(name, isPublic=is_public, timezone=timezone)
    await ben.accept(await ann.invite(team))
    return Crew(quest, team, ann, ben, eve)
