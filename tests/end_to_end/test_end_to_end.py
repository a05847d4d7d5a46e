"""First steps of a user, driven at a public address: in `make test` our own server's, in the pipeline staging's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from app.synthetic_client import DELETE, FOUND, LOG, METERS, NEWS, WALKS, probe
from tests.end_to_end.environment import PATIENCE, Environment
from tests.listening import Stream, dial

VIEWER = "{ viewer { email } }"


@asynccontextmanager
async def listening(environment: Environment, token: str, team: str) -> AsyncIterator[list[Stream]]:
    """Yield a subscription to the team's walks at each of the environment's sockets, at its place in the log."""
    async with AsyncExitStack() as opened:
        streams = []
        for address in environment.sockets:
            connection = await opened.enter_async_context(dial(address, token))
            stream = await connection.subscribe(NEWS, team=team)
            assert (await stream.next())["delivery"] == "SNAPSHOT", address
            streams.append(stream)
        yield streams


def log_walk(environment: Environment, token: str) -> str:
    """Log a walk that begins now; return its id."""
    begins = datetime.now(UTC).isoformat()
    given = {"type": "WALK", "distanceMeters": METERS, "durationSeconds": 290, "startedAt": begins}
    logged = environment.data(LOG, token, input=given | {"allowDuplicate": True})
    return str(logged["logActivity"]["activity"]["id"])


def test_environment_says_that_it_is_ready(environment: Environment) -> None:
    answer = httpx.get(f"{environment.url}/readyz", timeout=PATIENCE)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok"), answer.text


def test_user_who_signs_in_is_the_viewer(environment: Environment, token: str) -> None:
    assert environment.data(VIEWER, token) == {"viewer": {"email": environment.email}}


def test_stranger_is_refused_what_users_may_do(environment: Environment) -> None:
    answer = environment.post(FOUND, None, input={"name": "Nobody's"}).json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]


async def test_operators_own_client_is_served(environment: Environment) -> None:
    found = await probe(environment)
    assert found.heard_ms < PATIENCE * 1_000


async def test_walk_is_heard_on_every_socket_and_read_from_the_team(
    environment: Environment, token: str, team: str
) -> None:
    async with listening(environment, token, team) as streams:
        walk = await asyncio.to_thread(log_walk, environment, token)
        expected: dict[str, Any] = {"id": walk, "distanceMeters": METERS}
        try:
            for stream in streams:
                await stream.until(lambda event: event["edge"] and event["edge"]["node"] == expected)
            read = await asyncio.to_thread(environment.data, WALKS, token, id=team)
            assert expected in read["team"]["activities"]["nodes"]
        finally:
            await asyncio.to_thread(environment.data, DELETE, token, input={"activityId": walk})
        for stream in streams:
            await stream.until(lambda event: event["removedId"] == walk)
