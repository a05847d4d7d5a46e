"""Rules of all protocols: ids, names of operations, and the credentials of a connection."""

from typing import Any

import orjson
import pytest

from milequest.rules.identity import ANONYMOUS, Identity, IdentityKind
from subscriptions.handshakes import APPSYNC, LEGACY, TRANSPORT_WS, agreed
from subscriptions.protocols.protocol_steps import Close, Phase, ProtocolSession, Reply, Start, operation
from subscriptions.protocols.socket_credentials import authorization_of, notice_of
from subscriptions.quotas import MAX_ID_BYTES

READY = ProtocolSession(Phase.READY)
LONG = ["i" * (MAX_ID_BYTES + 1), "ä" * MAX_ID_BYTES, "\x01" * 60, "i" * 100_000]


def begin(kind: str, id: str) -> str:
    """Return the message that begins an operation."""
    payload: dict[str, Any] = {"query": "{ __typename }"}
    if kind == "appsync":
        payload = {"data": orjson.dumps(payload).decode(), "extensions": {"authorization": {}}}
    return orjson.dumps(
        {"id": id, "type": "subscribe" if kind == "transport" else "start", "payload": payload}
    ).decode()


@pytest.mark.parametrize("id", LONG)
def test_an_id_that_is_too_long_is_refused_by_every_protocol(id: str) -> None:
    assert TRANSPORT_WS.receive(READY, begin("transport", id)) == [Close(4400, "Invalid message received")]
    for kind, protocol in (("appsync", APPSYNC), ("legacy", LEGACY)):
        (effect,) = protocol.receive(READY, begin(kind, id))
        assert isinstance(effect, Reply)
        assert id not in effect.text
        assert f"{MAX_ID_BYTES} bytes" in effect.text


def test_an_id_may_be_as_long_as_is_said() -> None:
    for kind, protocol in (("transport", TRANSPORT_WS), ("appsync", APPSYNC), ("legacy", LEGACY)):
        (effect,) = protocol.receive(READY, begin(kind, "i" * MAX_ID_BYTES))
        assert isinstance(effect, Start)


def test_an_empty_operation_name_is_none() -> None:
    start = operation("1", {"query": "{ __typename }", "operationName": ""})
    assert start is not None
    assert start.operation.operation_name is None


@pytest.mark.parametrize(
    ("path", "offered", "protocol"),
    [
        ("/graphql/", "graphql-transport-ws", TRANSPORT_WS),
        ("/graphql/", "graphql-ws", LEGACY),
        ("/graphql/realtime/", "graphql-ws", APPSYNC),
    ],
)
def test_a_slash_behind_the_path_changes_nothing(path: str, offered: str, protocol: object) -> None:
    handshake = agreed(path, [offered], {})
    assert handshake is not None
    assert handshake.protocol is protocol


@pytest.mark.parametrize(
    "params",
    [
        {"Authorization": "Bearer t"},
        {"authorization": "Bearer t"},
        {"headers": {"Authorization": "Bearer t"}},
        {"headers": {"authorization": "Bearer t"}, "lang": "en"},
        {"authToken": "Bearer t"},
        {"auth_token": "Bearer t"},
        {"accessToken": "Bearer t"},
        {"access-token": "Bearer t"},
        {"token": "Bearer t"},
        {"Authorization": "Bearer t", "token": "another"},
    ],
)
def test_a_token_is_found_where_clients_put_it(params: dict[str, Any]) -> None:
    assert authorization_of(params) == "Bearer t"
    assert notice_of(params, ANONYMOUS) is None


@pytest.mark.parametrize("params", [{}, {"lang": "en"}, {"headers": "x"}, {"headers": {}}, {"token": 1}])
def test_params_without_a_token_have_none(params: dict[str, Any]) -> None:
    assert authorization_of(params) is None
    assert (notice_of(params, ANONYMOUS) is not None) == bool(params)
    assert notice_of(params, Identity(IdentityKind.USER)) is None
