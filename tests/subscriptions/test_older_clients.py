"""Unmodified clients of the two protocols named graphql-ws: Amplify's and Apollo's old one."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from milequest.settings import Settings
from subscriptions.sockets import GOING_AWAY
from tests.certificates import self_signed
from tests.service import Service, run_client, serving
from tests.subscriptions.team import Team, gather

STORY = [["SNAPSHOT", None], ["LIVE", "first"], ["SNAPSHOT", None], ["LIVE", "last"]]


async def told(service: Service, team: Team, url: str, script: str, **options: Any) -> list[Any]:
    """Return the output of a client that is cut off when it asks for it."""
    started = datetime.now(UTC).isoformat()  # earlier might be yesterday
    world = json.dumps({"url": url, "token": team.ann, "team": team.id, "startedAt": started})
    running = asyncio.create_task(asyncio.to_thread(run_client, script, world, **options))
    while not running.done() and not await logged(service, team, "cut me off"):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    for socket in list(service.gateway._sockets):
        service.loop.call_soon_threadsafe(socket.close, GOING_AWAY)
    printed = await running
    async with asyncio.timeout(30):
        while len(service.hub) or len(service.gateway):  # noqa: ASYNC110  # they are another loop's
            await asyncio.sleep(0.02)
    return printed


async def logged(service: Service, team: Team, notes: str) -> bool:
    """Return whether the team has a walk with these notes."""
    statement = """SELECT count(*) FROM activity a JOIN contribution c ON c.activity_id = a.id
        WHERE c.team_id = $1 AND a.notes = $2"""
    count = service.runtime.writer.fetchval(statement, team.uuid, notes)
    return bool(await asyncio.to_thread(service.call, count))


async def test_subscriptions_transport_ws_of_npm_gets_along(service: Service, team: Team) -> None:
    query, nothing, strange, token, *walks, last = await told(service, team, service.socket_url, "legacy.mjs")
    assert query["data"]["viewer"]["user"]["name"].startswith("ann-")
    assert [nothing, strange, token] == ["VALIDATION_ERROR", "NOT_FOUND", "UNAUTHENTICATED"]
    assert walks == STORY
    assert last == {"data": {"__typename": "Query"}}


@pytest.fixture
def secure(
    new_database: Callable[[], AbstractContextManager[str]], _valkey: Redis, tmp_path: Path
) -> Iterator[tuple[Service, Path]]:
    """Yield the service over TLS, which Amplify requires, and its certificate."""
    certificate, path = self_signed(tmp_path), _valkey.get_connection_kwargs()["path"]
    with new_database() as url:
        settings = Settings(database_url=url, redis_url=f"unix://{path}", embedded=True)
        with serving(settings, certificate) as served:
            yield served, certificate


async def test_aws_amplify_of_npm_gets_along(secure: tuple[Service, Path]) -> None:
    service, certificate = secure
    team = await gather(service)
    said = await told(service, team, service.url, "amplify.mjs", certificate=certificate)
    (ann, nobody), refused, by_token, *walks = said
    assert ann["data"]["viewer"]["user"]["name"].startswith("ann-")
    assert nobody == {"data": {"viewer": None}}
    query, token, subscription, by_key = refused
    assert query == "Cannot query field 'nothing' on type 'Query'."
    assert token == "Connection failed: UnauthorizedException"
    assert "BadRequestException" in subscription
    assert "UnauthorizedException" in by_key
    assert by_token == [{"teamActivityChanged": {"delivery": "SNAPSHOT", "edge": None}}] * 2
    assert walks == STORY
