"""Drives the API in tests as clients do: GraphQL text in, data or errors out, on a real database and a real Valkey."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from milequest.rules.identity import ANONYMOUS, Identity, IdentityKind
from milequest.rules.ids import new_id
from milequest.runtime import Runtime, open_runtime
from milequest.settings import Settings
from resolvers.context import Request
from schema.build import runner
from schema.error_payloads import RequestRefused
from schema.execution import ExecutionResult

FOUND = "mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }"
INVITE = "mutation ($input: CreateInviteInput!) { createInvite(input: $input) { code } }"
ACCEPT = "mutation ($input: AcceptInviteInput!) { acceptInvite(input: $input) { memberEdge { node { id } } } }"


class Failed(AssertionError):
    """An operation that should have worked answered errors."""


def noon() -> datetime:
    """Return about noon of today, each time a little later: at any hour of a test, hours around are the same day."""
    return datetime.now(UTC).replace(hour=12)


def just_begun(meters: float) -> dict[str, Any]:
    """Return a walk that may begin now, as it ends in minutes; above 3,480 m it is FLAGGED as too fast."""
    return {"distanceMeters": meters, "durationSeconds": 290, "type": "WALK" if meters <= 2000 else "WHEELCHAIR"}


@dataclass
class Caller:
    """A caller of the API; `now` stands still until the test moves it."""

    runtime: Runtime
    identity: Identity = ANONYMOUS
    now: datetime = field(default_factory=noon)
    address: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def user_id(self) -> UUID:
        """The user's id."""
        assert self.identity.user_id is not None
        return self.identity.user_id

    async def result(self, text: str, variables: dict[str, Any]) -> ExecutionResult:
        """Run one operation. Raises RequestRefused for a request error."""
        request = Request(new_id(self.now).hex, self.now, self.identity, self.runtime, self.headers, self.address)
        return await runner().run(runner().prepare(text), request, variables, None)

    async def run(self, text: str, **variables: Any) -> dict[str, Any]:
        """Return the data of an operation that must work."""
        result = await self.result(text, variables)
        if result.errors:
            raise Failed([error.formatted for error in result.errors])
        assert result.data is not None
        return result.data

    async def refused(self, text: str, **variables: Any) -> dict[str, Any]:
        """Return the first error's `extensions` of an operation that must not work."""
        try:
            result = await self.result(text, variables)
        except RequestRefused as refused:
            return dict(refused.errors[0].extensions or {})
        assert result.errors, f"no error, but {result.data}"
        return dict(result.errors[0].extensions or {})

    async def found(self, name: str, **given: Any) -> str:
        """Found a team; return its id."""
        made = await self.run(FOUND, input={"name": name} | given)
        return str(made["createTeam"]["team"]["id"])

    async def invite(self, team_id: str, **given: Any) -> str:
        """Make an invite as an admin of the team; return its code."""
        made = await self.run(INVITE, input={"teamId": team_id} | given)
        return str(made["createInvite"]["code"])

    async def accept(self, code: str) -> str:
        """Join a team by a code; return the new membership's id."""
        joined = await self.run(ACCEPT, input={"code": code})
        return str(joined["acceptInvite"]["memberEdge"]["node"]["id"])


@dataclass
class Quest:
    """The service on an empty database."""

    runtime: Runtime

    @property
    def anonymous(self) -> Caller:
        """A caller who is not signed in."""
        return Caller(self.runtime)

    async def user(self, name: str, timezone: str = "UTC", **columns: Any) -> Caller:
        """Return a new user, signed in."""
        now = datetime.now(UTC)
        user_id = new_id(now)
        address = f"{name.lower()}-{user_id.hex[-8:]}@example.com"
        values = {"id": user_id, "email": address, "email_key": address, "name": name, "timezone": timezone}
        values |= {"created_at": now, "updated_at": now} | columns
        marks = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await self.runtime.writer.execute(
            f"INSERT INTO app_user ({', '.join(values)}) VALUES ({marks})", *values.values()
        )
        return Caller(self.runtime, Identity(IdentityKind.USER, user_id))

    async def state(self) -> dict[str, list[str]]:
        """Return every row of ours, by table: a refusal must not change them."""
        tables = await self.runtime.writer.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys'"
        )
        return {
            name: [row[0] for row in await self.runtime.writer.fetch(f'SELECT t::text FROM "{name}" t ORDER BY 1')]
            for (name,) in tables
        }

    async def refusal(self, caller: Caller, text: str, **variables: Any) -> dict[str, Any]:
        """Return as `Caller.refused`, for an operation that must not change anything either."""
        before = await self.state()
        extensions = await caller.refused(text, **variables)
        assert await self.state() == before
        return extensions


@asynccontextmanager
async def open_quest(database_url: str, redis_url: str, connections: int = 8) -> AsyncIterator[Quest]:
    """Yield the service over the given servers."""
    settings = Settings(database_url=database_url, redis_url=redis_url, database_pool=connections, embedded=True)
    async with open_runtime(settings) as runtime:
        yield Quest(runtime)
