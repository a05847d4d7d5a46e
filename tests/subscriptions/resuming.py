"""Followers by the helpers that resume."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any, TypeAlias

from gql import Client, GraphQLRequest
from gql.client import AsyncClientSession
from gql.transport.exceptions import TransportConnectionFailed, TransportProtocolError
from gql.transport.websockets import WebsocketsTransport

from clients.resume import resume
from milequest.rules.enums import EventKind
from tests.documents import WALKS_WITH_NOTES as WALKS
from tests.service import run_client
from tests.subscriptions.team import Team
from tests.wires import Wire


def gql_session(
    team: Team, url: str, protocols: list[str] | None = None
) -> AbstractAsyncContextManager[AsyncClientSession]:
    """Return a session of Ann's on a connection of its own."""
    sign_in = {"Authorization": f"Bearer {team.ann}"}
    transport = WebsocketsTransport(url, init_payload=sign_in, subprotocols=protocols)
    return Client(transport=transport)


LOST = (TransportConnectionFailed, TransportProtocolError)


Events: TypeAlias = Sequence[dict[str, Any]]


Follow: TypeAlias = Callable[[Team, Wire], Coroutine[Any, Any, Events]]


async def by_gql(team: Team, wire: Wire) -> Events:
    """Yield the events of the helper for Python."""

    async def walks(variables: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        async with gql_session(team, wire.url) as session:
            async for data in session.subscribe(GraphQLRequest(WALKS, variable_values=variables)):
                yield data

    events = []
    handed = resume(walks, {"team": team.id}, lost=LOST, wait=lambda *_: 0.02 * random.random())
    async with aclosing(handed):
        async for data in handed:
            event = data["teamActivityChanged"]
            events.append(event)
            if event["edge"] and event["edge"]["node"]["notes"] == "last":
                break
    return events


def by_npm(scheme: str, retries: int, *, may_leave_socket: bool = False) -> Follow:
    """Return a follower by the helper for JavaScript, the client making so many attempts by itself.

    graphql-ws may leave a socket open where it tries again by itself, and after a frame of no protocol.
    """

    async def follow(team: Team, wire: Wire) -> Events:
        url = wire.url.replace("ws", scheme)
        return await run_follow(team, url, retries, [team.ann], may_leave_socket=may_leave_socket or retries > 0)

    return follow


async def run_follow(
    team: Team, url: str, retries: int, tokens: Sequence[str], *, may_leave_socket: bool = False
) -> Events:
    world = {"url": team.service.url, "wire": url, "team": team.id, "retries": retries, "tokens": tokens}
    world["mayLeaveSocket"] = may_leave_socket
    refused, *events, left = await asyncio.to_thread(run_client, "follow.mjs", json.dumps(world))
    assert (refused, left) == ("NOT_FOUND", 1)
    return events


async def logged(team: Team, first: dict[str, Any]) -> list[int]:
    """Return the sequences of walks' events in the log after the first event."""
    kinds = [EventKind.ACTIVITY_ADDED, EventKind.ACTIVITY_CHANGED, EventKind.ACTIVITY_REMOVED]
    statement = "SELECT sequence FROM event WHERE channel = $1 AND kind = ANY($2) AND sequence > $3 ORDER BY 1"
    of = team.channel, [kind.value for kind in kinds], first["sequence"]
    read = team.service.runtime.writer.fetch(statement, *of)
    return [row[0] for row in await asyncio.to_thread(team.service.call, read)]
