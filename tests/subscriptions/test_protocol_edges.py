"""The WebSocket protocol's edges: violations, idle handshakes and foreign origins are closed with the right code."""

import json
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from milequest.rules.errors import ErrorCode, Refused, unauthenticated
from schema.error_payloads import as_errors, error_payload
from subscriptions import sockets
from subscriptions.handshakes import TRANSPORT_WS
from subscriptions.protocols.protocol_steps import Close
from subscriptions.quotas import BURST, INIT_SECONDS, MAX_MESSAGE_BYTES, OPERATIONS_PER_SOCKET
from tests.service import Service
from tests.sockets import BOARD, Socket, dialled, opened

FOUND = "mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }"


@pytest.fixture
def ann(service: Service) -> str:
    """Return a new user's token."""
    return service.sign_up(f"ann-{uuid4().hex}")


@pytest.fixture
def team(service: Service, ann: str) -> str:
    """Return a team of hers."""
    name = f"Team {uuid4().hex[:12]}"
    return str(service.data(FOUND, token=ann, input={"name": name})["createTeam"]["team"]["id"])


async def test_websocket_ping_is_answered_by_a_pong(service: Service) -> None:
    async with opened(service) as ours:
        await ours.send(type="ping", payload={"a": 1})
        assert await ours.receive() == {"type": "pong", "payload": {"a": 1}}
        await ours.send(type="pong")
        await ours.send(id="unknown", type="complete")
        assert (await ours.run("{ __typename }"))["data"] == {"__typename": "Query"}


INIT = '{"type": "connection_init"}'


def subscribe(**parts: Any) -> str:
    """Return a subscribe message, with some of its parts replaced or, as None, omitted."""
    message = {"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}} | parts
    return json.dumps({name: part for name, part in message.items() if part is not None})


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["{"], 4400),
        ([""], 4400),
        (["[" * 100_000], 4400),
        (["null"], 4400),
        (["[]"], 4400),
        (['"connection_init"'], 4400),
        (["{}"], 4400),
        (['{"type": 5}'], 4400),
        (['{"type": "nothing"}'], 4400),
        (['{"type": "connection_init", "payload": "x"}'], 4400),
        (['{"type": "connection_init", "payload": []}'], 4400),
        ([b"\x00\x01"], 4400),
        ([INIT, INIT], 4429),
        ([subscribe()], 4401),
        ([INIT, subscribe(payload=None)], 4400),
        ([INIT, subscribe(id=None)], 4400),
        ([INIT, subscribe(id=1)], 4400),
        ([INIT, subscribe(payload="x")], 4400),
        ([INIT, subscribe(payload={})], 4400),
        ([INIT, subscribe(payload={"query": 5})], 4400),
        ([INIT, subscribe(payload={"query": "{ a }", "variables": [1]})], 4400),
        ([INIT, subscribe(payload={"query": "{ a }", "operationName": 1})], 4400),
        ([INIT, '{"type": "complete", "id": {}}'], 4400),
        ([INIT, '{"type": "complete"}'], 4400),
        ([INIT, json.dumps({"type": "ping", "payload": {"a": "x" * MAX_MESSAGE_BYTES}})], 1009),
        ([INIT, '{"type":"ping","payload":' + '{"a":' * 300 + "1" + "}" * 301], 4400),
        (['{"type": "connection_init", "payload": {"authorization": "Bearer nonsense"}}'], 4403),
    ],
)
async def test_protocol_violation_closes_the_connection_with_its_code(
    service: Service, messages: list[str | bytes], code: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with dialled(service) as ours:
        for message in messages:
            await ours.connection.send(message)
        assert (await ours.closed())[0] == code
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize(("id", "shown"), [("board", "board"), ("€" * 42, "€" * 21)])
async def test_an_id_in_use_is_closed_with_4409(service: Service, ann: str, team: str, id: str, shown: str) -> None:
    async with opened(service, ann) as ours:
        for _ in range(2):
            await ours.subscribe(id, BOARD, variables={"team": team})
        assert await ours.closed() == (4409, f"Subscriber for {shown} already exists")


async def test_silent_connection_is_closed_with_4408(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    assert INIT_SECONDS == 10
    monkeypatch.setattr(sockets, "INIT_SECONDS", 0.1)
    async with dialled(service) as ours:
        assert (await ours.closed())[0] == 4408


async def test_flood_of_messages_closes_the_connection_with_4429(service: Service) -> None:
    async with opened(service) as ours:
        for _ in range(BURST + 30):
            await ours.connection.send('{"type":"pong"}')
        assert (await ours.closed())[0] == 4429


@pytest.mark.parametrize("subprotocol", ["GraphQL-Transport-WS", "soap", None])
async def test_unknown_subprotocol_closes_the_connection_with_4406(service: Service, subprotocol: str | None) -> None:
    options: dict[str, Any] = {"subprotocols": [Subprotocol(subprotocol)]} if subprotocol else {}
    async with connect(service.socket_url, **options) as connection:
        assert (await Socket(connection).closed())[0] == 4406


async def test_operations_at_once_beyond_the_quota_of_a_connection_are_refused(
    service: Service, ann: str, team: str
) -> None:
    async with opened(service, ann) as ours:
        for number in range(OPERATIONS_PER_SOCKET + 1):
            await ours.subscribe(str(number), BOARD, variables={"team": team})
        kinds = [await ours.receive() for _ in range(OPERATIONS_PER_SOCKET + 1)]
        assert [message["id"] for message in kinds if message["type"] == "error"] == [str(OPERATIONS_PER_SOCKET)]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
async def test_pages_of_other_origins_may_not_open_a_socket(service: Service, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with dialled(service, origin=Origin(origin)):
            pass
    assert refused.value.response.status_code == 403


async def test_our_own_pages_and_programs_may_open_a_connection(service: Service) -> None:
    for origin in (None, Origin(service.origin)):
        async with dialled(service, origin=origin) as ours:
            await ours.send(type="connection_init")
            assert await ours.receive() == {"type": "connection_ack"}


def test_retryable_rejection_closes_with_1013_and_others_with_their_code() -> None:
    away = Refused(ErrorCode.UNAVAILABLE, "The database is out of reach; try again.", retryable=True)
    assert TRANSPORT_WS.rejected(error_payload(away)) == [Close(1013, "Try again later")]
    assert TRANSPORT_WS.rejected(as_errors(ZeroDivisionError())) == [Close(4500, "Internal server error")]
    assert TRANSPORT_WS.rejected(error_payload(unauthenticated("No."))) == [Close(4403, "Forbidden")]
