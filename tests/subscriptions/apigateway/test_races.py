"""Concurrent messages of one socket, and connections that end at any moment: the rows stay right."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import connect

from subscriptions.quotas import OPERATIONS_PER_SOCKET
from tests.documents import WALKS_LIVE as WALKS
from tests.listening import Connection, dial
from tests.sockets import PROTOCOL, Socket
from tests.subscriptions.gateway_of_aws import Gateway
from tests.subscriptions.team import Team

TRIES = 8  # of concurrent actions, since their order may vary


@asynccontextmanager
async def dialled(gate: Gateway) -> AsyncIterator[Socket]:
    """Open a socket before its first message."""
    async with connect(gate.api.url, subprotocols=PROTOCOL) as connection:
        yield Socket(connection)


async def last_word(socket: Socket) -> tuple[list[str], dict[str, Any]]:
    """Return the types of messages before the connection is closed, and the reason."""
    kinds = []
    while (message := await socket.receive()).get("payload", {}) is None or "closing" not in message.get("payload", {}):
        kinds.append(message["type"])
    assert await socket.closed() == (1000, "")
    closing: dict[str, Any] = message["payload"]["closing"]
    return kinds, closing


@pytest.fixture(autouse=True)
async def _clean(gate: Gateway) -> None:
    """Wait until earlier connections have gone."""
    await gate.nothing_left()


async def test_subscribe_before_the_acknowledgement_closes_with_4401_and_a_reason(gate: Gateway, team: Team) -> None:
    async with dialled(gate) as ours:
        await ours.subscribe("1", WALKS, variables={"team": team.id})
        await ours.send(type="connection_init", payload={"Authorization": team.ann})
        kinds, closing = await last_word(ours)
        assert closing == {"code": 4401, "reason": "Unauthorized"}
        assert set(kinds) <= {"connection_ack"}
    await gate.nothing_left()


async def test_two_connection_inits_at_once_close_the_connection_with_4429(gate: Gateway, team: Team) -> None:
    for _ in range(3):
        async with dialled(gate) as ours:
            for _ in range(2):
                await ours.send(type="connection_init", payload={"Authorization": team.ann})
            kinds, closing = await last_word(ours)
            assert closing["code"] == 4429
            assert len(kinds) <= 1


async def test_two_subscriptions_of_one_id_at_once_close_the_connection_with_4409(gate: Gateway, team: Team) -> None:
    for _ in range(3):
        async with dialled(gate) as ours:
            await ours.send(type="connection_init", payload={"Authorization": team.ann})
            await ours.receive()
            for _ in range(2):
                await ours.subscribe("same", WALKS, variables={"team": team.id})
            _, closing = await last_word(ours)
            assert closing == {"code": 4409, "reason": "Subscriber for same already exists"}
    await gate.nothing_left()


async def test_many_subscriptions_at_once_are_all_there_and_one_more_is_refused(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        streams = [await connection.subscribe(WALKS, team=team.id) for _ in range(OPERATIONS_PER_SOCKET)]
        for stream in streams:
            assert (await stream.next())["delivery"] == "SNAPSHOT"
        assert await (await connection.subscribe(WALKS, team=team.id)).failure() == ["RATE_LIMITED"]
        await streams[0].stop()
        await gate.until(lambda rows: len(rows) == OPERATIONS_PER_SOCKET - 1, "LISTENERS")
        assert (await (await connection.subscribe(WALKS, team=team.id)).next())["delivery"] == "SNAPSHOT"
        walk = await team.walk(team.ben)
        for stream in streams[1:]:
            assert (await stream.next())["edge"]["node"]["id"] == walk


async def test_subscription_completed_at_once_leaves_no_subscriber(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        for _ in range(TRIES):
            stream = await connection.subscribe(WALKS, team=team.id)
            await stream.stop()
        (socket,) = gate.api.connections
        await gate.until(lambda _: gate.api.handled.count(socket) == 1 + 2 * TRIES)
        assert not await gate.of_kind("LISTENERS")
        again = await connection.subscribe(WALKS, team=team.id)
        assert (await again.next())["delivery"] == "SNAPSHOT"
        walk = await team.walk(team.ben)
        assert (await again.next())["edge"]["node"]["id"] == walk


async def subscribe_as(connection: Connection, id: str, team: Team) -> None:
    """Begin a subscription under a given id."""
    await connection.send(id=id, type="subscribe", payload={"query": WALKS, "variables": {"team": team.id}})


async def test_an_id_is_free_once_its_operation_was_ended(gate: Gateway, team: Team) -> None:
    async with dialled(gate) as ours:
        await ours.send(type="connection_init", payload={"Authorization": team.ann})
        await ours.receive()
        for _ in range(TRIES):
            await ours.subscribe("again", WALKS, variables={"team": team.id})
            assert (await ours.receive())["payload"]["data"]["teamActivityChanged"]["delivery"] == "SNAPSHOT"
            await ours.send(id="again", type="complete")
            await asyncio.sleep(0.01)


async def test_subscription_completed_during_delivery_soon_gets_no_more_events(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as ending, dial(gate.api.url, team.ann) as staying:
        streams = [await one.subscribe(WALKS, team=team.id) for one in (ending, staying)]
        for stream in streams:
            await stream.next()
        walking = asyncio.gather(*(team.walk(team.ben, 10) for _ in range(6)))
        await streams[0].next()
        await streams[0].stop()
        walks = set(await walking)
        assert {(await streams[1].next())["edge"]["node"]["id"] for _ in walks} == walks
        await gate.until(lambda rows: len(rows) == 1, "LISTENERS")
        while not streams[0].messages.empty():
            streams[0].messages.get_nowait()
        await team.walk(team.ben)
        await streams[0].silent()  # another connection's events have no order among them


async def test_connection_aborted_while_subscribing_leaves_no_rows(gate: Gateway, team: Team) -> None:
    for pause in (0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1):
        async with dial(gate.api.url, team.ann) as connection:
            for _ in range(3):
                await connection.subscribe(WALKS, team=team.id)
            await asyncio.sleep(pause)
            connection.socket.transport.abort()
    await gate.nothing_left()


async def test_every_row_goes_by_itself(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        await (await connection.subscribe("{ __typename }")).next()
        rows = await gate.rows()
        assert {row["pk"].partition("#")[0] for row in rows} >= {"CONNECTIONS", "OPERATIONS", "LISTENERS", "POSITION"}
        assert all(int(row["expires"]) for row in rows)
        secret = team.ann.rpartition(".")[2]
        assert secret not in json.dumps(rows)


async def test_an_end_that_comes_late_ends_nothing_that_began_since(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        (row,) = await gate.of_kind("OPERATIONS")
        name = row["connection"]
        await gate.run(gate.deps.connections.stop(name, stream.id, int(row["received"]) - 1))
        assert await gate.of_kind("OPERATIONS", "LISTENERS")
        await gate.run(gate.deps.connections.stop(name, stream.id, int(row["received"])))
        assert not await gate.of_kind("LISTENERS")
        assert [row["operations"] for row in await gate.of_kind("CONNECTIONS")] == ["0"]
