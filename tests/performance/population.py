"""People of the live benches: many small teams, and a crowd of thousands in one more.

Teams, and goals that run, by the product's own actions; members in bulk, by SQL. There are no walks yet.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from milequest.providers.identity.builtin import BuiltinIdentity
from milequest.rules.credentials import ISSUER
from milequest.runtime import Runtime
from milequest.store.sql.transaction import transact
from tests.performance import dataset
from tests.performance.dataset import STOPS, Member

AGE = timedelta(days=2)  # of the teams
FOUNDERS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Size:
    """Number of teams, of members of each, and of the crowd."""

    teams: int = 1_000
    members: int = 20
    crowd: int = 5_000

    @property
    def users(self) -> int:
        """All people."""
        return self.teams * self.members + self.crowd


# User n is in team n / $2; the remaining ones are the crowd, and the crowd is the last team.
_MEMBERS = """
INSERT INTO team_member (id, team_id, user_id, role, joined_at, counts_from)
SELECT md5('member' || n)::uuid, team.id, md5('user' || n)::uuid, 'MEMBER', $3, $3
FROM generate_series(0, $1 - 1) AS n JOIN team ON team.name = 'Team ' || least(n / $2, $4)
WHERE team.created_by <> md5('user' || n)::uuid"""
_TEAM = """
SELECT m.user_id, m.team_id, u.email_key FROM team_member m JOIN team t ON t.id = m.team_id JOIN app_user u
ON u.id = m.user_id WHERE t.name = 'Team ' || $1::int ORDER BY t.created_by <> m.user_id, u.id LIMIT $2"""


async def make(runtime: Runtime, now: datetime, size: Size) -> None:
    """Fill an empty database."""
    began = datetime.combine((now - AGE).date(), time(), UTC)
    db = runtime.writer
    await db.execute(dataset._USERS, size.users, began)
    await db.execute(dataset._CREDENTIALS)
    await db.execute(dataset._IDENTITIES, ISSUER)
    plan, gate = await runtime.providers.router.route(STOPS), asyncio.Semaphore(FOUNDERS_AT_ONCE)

    async def found(number: int) -> None:
        async with gate:
            founder = await db.fetchval("SELECT md5('user' || $1::int)::uuid", number * size.members)
            await transact(db, lambda tx: dataset._found(tx, founder, f"Team {number}", plan, began))

    await asyncio.gather(*(found(number) for number in range(size.teams + 1)))
    await db.execute(_MEMBERS, size.users, size.members, began, size.teams)
    await db.execute(dataset._COUNT_MEMBERS)
    await db.execute("VACUUM ANALYZE")


@dataclass(slots=True)
class People:
    """Members of teams with their tokens, which are made on demand."""

    runtime: Runtime
    size: Size
    _tokens: dict[UUID, str] = field(default_factory=dict)

    async def of_team(self, number: int, count: int) -> list[Member]:
        """Return `count` members of a team, its founder first."""
        rows = await self.runtime.writer.fetch(_TEAM, number, count)
        return [Member(user_id, team_id, await self._token(user_id, email)) for user_id, team_id, email in rows]

    async def of_teams(self, numbers: Sequence[int], count: int) -> list[list[Member]]:
        """Return `count` members of each of some teams."""
        return [await self.of_team(number, count) for number in numbers]

    async def of_crowd(self, count: int) -> list[Member]:
        """Return `count` of the crowd."""
        return await self.of_team(self.size.teams, count)

    async def _token(self, user_id: UUID, email: str) -> str:
        if user_id not in self._tokens:
            assert isinstance(self.runtime.identity, BuiltinIdentity)
            signed = await self.runtime.identity.token_for(email, datetime.now(UTC))
            assert signed is not None, "everybody has a credential"
            self._tokens[user_id] = signed[1]
        return self._tokens[user_id]
