"""Handshakes, answers where no close code of ours reaches the client, and the functions' imports."""

import asyncio
import base64
import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from milequest.rules.budgets import Caller, Payer
from milequest.settings import PROJECT
from milequest.store.cache.budgets import Budgets
from tests.documents import WALKS_LIVE as WALKS
from tests.listening import dial
from tests.sockets import PROTOCOL, Socket
from tests.subscriptions.gateway_of_aws import Gateway
from tests.subscriptions.team import Team

SELF = "{ viewer { user { name } } }"


def packed(headers: dict[str, Any]) -> str:
    """Return credentials as AppSync's clients send them."""
    return f"header-{base64.urlsafe_b64encode(json.dumps(headers).encode()).decode().rstrip('=')}"


def test_connecting_and_leaving_load_no_graphql() -> None:
    script = "import sys, subscriptions.apigateway.lifecycle; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, text=True, capture_output=True, check=True)
    assert not {"graphql", "strawberry", "starlette"} & set(loaded.stdout.split())


@pytest.mark.parametrize(
    ("offered", "origin", "status"),
    [
        (["mqtt"], None, 400),
        ([], None, 400),
        (["graphql-transport-ws"], "https://elsewhere.example", 403),
        (["graphql-ws", packed({"host": "x", "Authorization": "nonsense"})], None, 401),
        (["graphql-ws", "header-%%%"], None, 401),
    ],
)
async def test_bad_handshake_is_refused_with_its_status(
    gate: Gateway, offered: list[str], origin: str | None, status: int
) -> None:
    protocols = [Subprotocol(name) for name in offered]
    with pytest.raises(InvalidStatus) as refused:
        async with connect(gate.api.url, subprotocols=protocols or None, origin=Origin(origin) if origin else None):
            pass
    assert refused.value.response.status_code == status


async def test_bad_token_is_an_error_of_each_operation(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, "nonsense") as connection:
        for query in (SELF, WALKS):
            assert await (await connection.subscribe(query, team=team.id)).failure() == ["UNAUTHENTICATED"]


async def test_queries_over_api_gateway_run_as_the_connections_user(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(SELF)
        assert (await stream.next())["user"]["name"].startswith("ann-")
        assert (await stream.messages.get()) == {"id": stream.id, "type": "complete"}
        assert await (await connection.subscribe("{ nonsense }")).failure() == ["VALIDATION_ERROR"]
        await connection.send(type="ping")
        await connection.send(id="x" * 500, type="subscribe", payload={"query": SELF})


@pytest.mark.parametrize("text", ["[]", "null", "{", '{"type": "subscribe"}', '{"id": 1, "type": "complete"}'])
async def test_malformed_message_closes_the_connection_with_the_reason_ahead(gate: Gateway, text: str) -> None:
    async with connect(gate.api.url, subprotocols=PROTOCOL) as connection:
        ours = Socket(connection)
        await connection.send(text)
        closing = (await ours.receive())["payload"]["closing"]
        assert closing == {"code": 4400, "reason": "Invalid message received"}
        assert (await ours.closed())[0] == 1000


async def test_appsync_clients_are_understood(gate: Gateway, team: Team) -> None:
    headers = {"host": "api", "Authorization": team.ann}
    offered = [Subprotocol("graphql-ws"), Subprotocol(packed(headers))]
    async with connect(gate.api.url, subprotocols=offered) as connection:
        ours = Socket(connection)
        assert connection.subprotocol == "graphql-ws"
        await ours.send(type="connection_init")
        assert (await ours.receive())["type"] == "connection_ack"
        assert (await ours.receive())["type"] == "ka"
        data = json.dumps({"query": WALKS, "variables": {"team": team.id}})
        await ours.send(id="1", type="start", payload={"data": data, "extensions": {"authorization": headers}})
        assert (await ours.receive()) == {"id": "1", "type": "start_ack"}
        first = await ours.receive()
        assert (first["type"], first["payload"]["data"]["teamActivityChanged"]["delivery"]) == ("data", "SNAPSHOT")
        walk = await team.walk(team.ben)
        assert (await ours.receive())["payload"]["data"]["teamActivityChanged"]["edge"]["node"]["id"] == walk
        await ours.send(id="1", type="stop")
        assert (await ours.receive()) == {"id": "1", "type": "complete"}


@pytest.mark.parametrize("is_overtaken", [False, True])
async def test_old_clients_are_understood_that_begin_before_they_are_acknowledged(
    gate: Gateway, team: Team, is_overtaken: bool
) -> None:
    introduction = {"type": "connection_init", "payload": {"Authorization": team.ann}}
    operation = {"type": "start", "id": "1", "payload": {"query": WALKS, "variables": {"team": team.id}}}
    async with connect(gate.api.url, subprotocols=[Subprotocol("graphql-ws")]) as connection:
        ours = Socket(connection)
        if is_overtaken:  # as may happen on API Gateway, which calls a function for each message
            await ours.send(**operation)
            await asyncio.sleep(0.2)
        await ours.send(**introduction)
        if not is_overtaken:
            await ours.send(**operation)
        while (message := await ours.receive())["type"] != "data":
            assert message["type"] in {"connection_ack", "ka"}
        assert message["payload"]["data"]["teamActivityChanged"]["delivery"] == "SNAPSHOT"


async def test_users_and_networks_have_so_many_connections(
    gate: Gateway, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "most", 2)
    runtime = replace(gate.deps.runtime, settings=replace(gate.deps.runtime.settings, sockets_per_user=1))
    monkeypatch.setattr(gate, "deps", replace(gate.deps, runtime=runtime))
    for _ in range(2):
        async with dial(gate.api.url, team.ann), connect(gate.api.url, subprotocols=PROTOCOL) as connection:
            with pytest.raises(InvalidStatus) as refused:
                async with connect(gate.api.url, subprotocols=PROTOCOL):
                    pass
            assert refused.value.response.status_code == 429
            ours = Socket(connection)
            await ours.send(type="connection_init", payload={"Authorization": team.ann})
            assert (await ours.receive())["payload"]["closing"]["code"] == 4429
            await ours.closed()
        await gate.nothing_left()  # slots are given back


async def test_bad_tokens_are_429_once_their_network_has_spent_its_budget(
    gate: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets = Budgets(None, {Payer.NETWORK: 1_000})
    monkeypatch.setattr(gate.deps.identify._network_guard, "_budgets", budgets)
    budgets.charge(Caller(Payer.NETWORK, "127.0.0.1"), 1_000)
    offered = [Subprotocol("graphql-ws"), Subprotocol(packed({"host": "x", "Authorization": "nonsense"}))]
    with pytest.raises(InvalidStatus) as refused:
        async with connect(gate.api.url, subprotocols=offered):
            pass
    assert refused.value.response.status_code == 429
    async with dial(gate.api.url, "nonsense") as connection:
        assert await (await connection.subscribe(SELF)).failure() == ["RATE_LIMITED"]
