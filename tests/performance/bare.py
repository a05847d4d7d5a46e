"""The service's reference: the same statements and the same JSON by hand, with no GraphQL in between.

It has no tokens, limits or errors, and is wrong for anything but the bench's requests. A test compares its statements
with those the service runs.
"""

import gc
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from starlette.types import Message, Receive, Scope, Send

from milequest.rules.access import Viewer
from milequest.rules.boards import BoardKind
from milequest.rules.progress import percent
from milequest.store.sql import boards, goals, members, progress, rank_statements, team_walks, teams
from milequest.store.sql.transaction import Connection, Pool, open_pool
from tests.performance.logging_walks import log_activity

_HEAD = [(b"content-type", b"application/json")]
_NOWHERE = (2**63 - 1, None, None, None)  # before the first row of a board

Answer = dict[str, Any]


def _id(variables: dict[str, Any]) -> tuple[UUID, UUID]:
    return UUID(variables["viewer"]), UUID(variables["id"].removeprefix("team_"))


async def leaderboard(db: Connection, variables: dict[str, Any]) -> Answer:
    """Return a hundred rows of a team's board."""
    viewer, team_id = _id(variables)
    await db.fetch(teams._TEAMS, viewer, [team_id])
    await db.fetch(boards._TEAMS, viewer, [team_id])
    asked = [viewer], [team_id], ["ALL_TIME"], [date.min], [date.max], [101], [False], *([part] for part in _NOWHERE)
    rows = await db.fetch(rank_statements.pages(BoardKind.TEAM, "distance_mm"), *asked)
    nodes = [{"rank": row[2], "value": row[3] / 1000, "competitor": {"name": row[9]}} for row in rows[:100]]
    return {"team": {"leaderboard": {"entries": {"nodes": nodes}}}}


async def team_page(db: Connection, variables: dict[str, Any]) -> Answer:
    """Return a team, its marker, twenty members and twenty walks."""
    viewer, team_id = _id(variables)
    team = (await db.fetch(teams._TEAMS, viewer, [team_id]))[0]
    goal = (await db.fetch(goals._LATEST, viewer, [team_id], ["ACTIVE"]))[0]
    in_it = await db.fetch(members._PAGES, viewer, [team_id], *members.FIRST, 21)
    walks = await db.fetch(
        team_walks._FEED, *team_walks.parameters(Viewer(viewer), team_id, None, 21, team_walks.TeamCriteria())
    )
    at = (await db.fetch(progress._PROGRESS, viewer, [goal["id"]]))[0]
    shown = {
        "percent": percent(at["total_mm"], at["target_mm"]),
        "totalMeters": at["total_mm"] / 1000,
        "position": {"lat": at["lat"], "lng": at["lng"]},
    }
    return {
        "team": {
            "name": team["name"],
            "memberCount": team["member_count"],
            "activeGoal": {"name": goal["name"], "progress": shown},
            "members": {"nodes": [{"role": row["role"], "user": {"name": row["name"]}} for row in in_it[:20]]},
            "activities": {"nodes": [_walk(row) for row in walks[:20]]},
        }
    }


def _walk(row: asyncpg.Record) -> Answer:
    began = row["started_at"].replace(tzinfo=None).isoformat(timespec="milliseconds")
    return {"distanceMeters": row["distance_mm"] / 1000, "startedAt": f"{began}Z", "user": {"name": row["name"]}}


async def small(db: Connection, variables: dict[str, Any]) -> Answer:
    """Return a team's name and its progress."""
    viewer, team_id = _id(variables)
    team = (await db.fetch(teams._TEAMS, viewer, [team_id]))[0]
    goal = (await db.fetch(goals._LATEST, viewer, [team_id], ["ACTIVE"]))[0]
    at = (await db.fetch(progress._PROGRESS, viewer, [goal["id"]]))[0]
    return {"team": {"name": team["name"], "activeGoal": {"progress": {"totalMeters": at["total_mm"] / 1000}}}}


_ANSWERS: dict[str, Callable[[Connection, dict[str, Any]], Awaitable[Answer]]] = {
    "Leaderboard": leaderboard,
    "TeamPage": team_page,
    "Small": small,
    "LogActivity": log_activity,
}


async def answer(pool: Pool, request: dict[str, Any]) -> Answer:
    """Return the answer to a request's operation."""
    async with pool.acquire() as connection:
        return await _ANSWERS[request["operationName"]](connection, request["variables"])


class Bare:
    """The ASGI application."""

    def __init__(self, database_url: str, connections: int) -> None:
        self._database_url = database_url
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the application's lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body, more = b"", True
        while more:
            message: Message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        content = orjson.dumps({"data": await answer(self._pool, orjson.loads(body))})
        headers = [*_HEAD, (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._pool = await open_pool(self._database_url, self._connections)
        gc.freeze()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})
