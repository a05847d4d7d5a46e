"""The resume helpers: after any disconnections a client ends with exactly the log, in order, each event once."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeAlias

import pytest
from gql import GraphQLRequest
from gql.transport.exceptions import TransportConnectionFailed, TransportProtocolError
from hypothesis import settings

from clients.resume import resume
from milequest.rules.enums import EventKind
from milequest.rules.errors import unauthenticated
from schema.error_payloads import error_payload
from subscriptions.policy import EXPIRED
from subscriptions.sockets import GOING_AWAY, TOO_SLOW
from tests.service import run_client
from tests.subscriptions.team import UPDATE, Team
from tests.subscriptions.test_gql import gql_session
from tests.subscriptions.test_sockets import until
from tests.wires import Wire, wired

WALKS = """subscription ($team: ID!, $after: String) { teamActivityChanged(teamId: $team, after: $after) {
    cursor sequence delivery edge { node { notes } } } }"""
CUTS = 200 if settings.get_current_profile_name() == "soak" else 10
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


async def trouble(team: Team, wire: Wire) -> None:
    """Log, change and delete walks while everybody is cut off again and again; and log a last one."""
    walk = await team.walk(team.ben)
    with wire.broken():  # some events were certainly missed
        await team.do(team.ben, UPDATE, activityId=walk, distanceMeters=999)
    for number in range(CUTS):
        cutting = asyncio.create_task(cut(team, wire, number))
        for privacy in random.choices(["PUBLIC", "PRIVATE"], [3, 1], k=3):
            meters = round(1000 + 500 * random.random(), 3)
            await team.do(team.ben, UPDATE, activityId=walk, distanceMeters=meters, privacy=privacy)
        await cutting
    await team.walk(team.ben, notes="last")


async def cut(team: Team, wire: Wire, number: int) -> None:
    """Disconnect everybody: on the way, by a server that restarts, or by one that finds its clients too slow."""
    await asyncio.sleep(0.1 * random.random())
    if number % 3 == 0:
        wire.cut()
        return
    for socket in list(team.service.gateway._sockets):
        how = GOING_AWAY if number % 3 == 1 else TOO_SLOW
        team.service.loop.call_soon_threadsafe(socket.close, how)


async def logged(team: Team, first: dict[str, Any]) -> list[int]:
    """Return the sequences of walks' events in the log after the first event."""
    kinds = [EventKind.ACTIVITY_ADDED, EventKind.ACTIVITY_CHANGED, EventKind.ACTIVITY_REMOVED]
    statement = "SELECT sequence FROM event WHERE channel = $1 AND kind = ANY($2) AND sequence > $3 ORDER BY 1"
    of = team.channel, [kind.value for kind in kinds], first["sequence"]
    read = team.service.runtime.writer.fetch(statement, *of)
    return [row[0] for row in await asyncio.to_thread(team.service.call, read)]


HELPED = {
    "gql": by_gql,
    "graphql-ws": by_npm("ws", 0),
    "graphql-ws, trying by itself": by_npm("ws", 5),
    "graphql-sse": by_npm("http", 0),
    "graphql-sse, trying by itself": by_npm("http", 5),
}


@pytest.mark.parametrize("follow", HELPED.values(), ids=HELPED.keys())
async def test_client_cut_off_again_and_again_ends_with_exactly_the_log(team: Team, follow: Follow) -> None:
    async with wired(team.service) as wire:
        following = asyncio.create_task(follow(team, wire))
        await wire.until_told_where(following)
        await trouble(team, wire)
        first, *events = await asyncio.wait_for(following, 20)
    assert wire.calls > CUTS / 4
    assert first["delivery"] == "SNAPSHOT"
    assert {"REPLAY"} <= {event["delivery"] for event in events} <= {"REPLAY", "LIVE"}
    assert [event["sequence"] for event in events] == await logged(team, first)


async def test_a_token_that_was_never_good_ends_it(team: Team) -> None:
    stranger = replace(team, ann="nobody")
    async with wired(team.service) as wire:
        with pytest.raises(TransportConnectionFailed):
            await asyncio.wait_for(by_gql(stranger, wire), 5)
        assert wire.calls == 1


async def test_a_token_that_expires_is_no_end_to_who_has_another(team: Team) -> None:
    service = team.service
    following = asyncio.create_task(run_follow(team, service.socket_url, 0, [team.ann, team.ann]))
    await asyncio.to_thread(until, lambda: any(one.sequence for one in list(service.hub._listeners)))
    await team.walk(team.ben)
    for listener in list(service.hub._listeners):
        service.loop.call_soon_threadsafe(listener.sink.fail, error_payload(unauthenticated(EXPIRED)))
    await team.walk(team.ben, notes="last")
    first, *events = await asyncio.wait_for(following, 20)
    assert first["delivery"] == "SNAPSHOT"
    assert [event["sequence"] for event in events] == await logged(team, first)
