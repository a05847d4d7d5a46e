"""AppSync's real-time protocol, step by step: each message of clients, and our answers."""

import json
from typing import Any

import pytest

from schema.operation import Operation
from subscriptions.protocols.appsync_realtime import AppSync
from subscriptions.protocols.protocol_steps import Close, Init, Phase, ProtocolSession, Reply, Start, Stop

APPSYNC = AppSync()
NEW, INITIALISING, READY = (ProtocolSession(phase) for phase in Phase)
RUNNING = ProtocolSession(Phase.READY, {"1"})
QUERY = "subscription { x }"
START = Start("1", Operation(QUERY, None, None))
ACK = {"type": "connection_ack", "payload": {"connectionTimeoutMs": 300_000}}


def start(data: object = None, authorization: object = None, **parts: Any) -> dict[str, Any]:
    """Return a start message, with some parts replaced."""
    text = data if data is not None else json.dumps({"query": QUERY})
    payload: dict[str, Any] = {"data": text}
    if authorization is not None:
        payload["extensions"] = {"authorization": authorization}
    return {"id": "1", "type": "start", "payload": payload} | parts


def said(text: str) -> Any:
    """Return a message of ours, with only the kinds of its errors."""
    message = json.loads(text)
    payload = message.get("payload", {})
    if "errors" in payload:
        assert all(error["message"] for error in payload["errors"])
        message["payload"] = [(error["errorType"], error["errorCode"]) for error in payload["errors"]]
    return message


def refused(kind: str, id: str | None = "1") -> dict[str, Any]:
    """Return the answer to an invalid message."""
    return {"type": "error", "payload": [(kind, 400)]} | ({"id": id} if id else {})


BAD, UNSUPPORTED = "BadRequestException", "UnsupportedOperation"


@pytest.mark.parametrize(
    ("session", "message", "effects"),
    [
        (NEW, {"type": "connection_init"}, [Init({})]),
        (NEW, {"type": "connection_init", "payload": {"Authorization": "in vain"}}, [Init({})]),
        (INITIALISING, {"type": "connection_init"}, []),
        (READY, {"type": "connection_init"}, [ACK]),
        (NEW, start(), [Init({}, quiet=True), START]),
        (INITIALISING, start(), [START]),
        (READY, start(), [START]),
        (RUNNING, start(), [refused("DuplicatedOperationError")]),
        (RUNNING, start(id="2"), [Start("2", Operation(QUERY, None, None))]),
        (READY, {"id": "1", "type": "stop"}, []),
        (NEW, {"id": "1", "type": "stop"}, []),
        (RUNNING, {"id": "1", "type": "stop"}, [Stop("1"), {"id": "1", "type": "complete"}]),
        (RUNNING, {"type": "stop"}, [refused(BAD, None)]),
        (READY, start(id=None), [refused(BAD, None)]),
        (READY, start(id=""), [refused(BAD, None)]),
        (READY, start(id=7), [refused(BAD, None)]),
        (READY, start(payload=None), [refused(BAD)]),
        (READY, start(payload=[]), [refused(BAD)]),
        (READY, start(payload={"query": QUERY}), [refused(BAD)]),
        (READY, start(data={"query": QUERY}), [refused(BAD)]),
        (READY, start(data="{"), [refused(BAD)]),
        (READY, start(data="[]"), [refused(BAD)]),
        (READY, start(data='{"query": 5}'), [refused(BAD)]),
        (READY, start(data='{"query": "{ x }", "variables": []}'), [refused(BAD)]),
        (READY, start(authorization="token"), [refused(BAD)]),
        (READY, {"id": "1", "type": "subscribe"}, [refused(UNSUPPORTED)]),
        (READY, {"id": {}, "type": []}, [refused(UNSUPPORTED, None)]),
        (READY, {}, [refused(UNSUPPORTED, None)]),
        (READY, [], [refused(BAD, None)]),
        (READY, None, [refused(BAD, None)]),
        (READY, "connection_init", [refused(BAD, None)]),
    ],
)
def test_client_message_has_the_effects_of_the_protocol(
    session: ProtocolSession, message: object, effects: list[Any]
) -> None:
    asked = [
        said(effect.text) if isinstance(effect, Reply) else effect
        for effect in APPSYNC.receive(session, json.dumps(message))
    ]
    assert asked == effects


@pytest.mark.parametrize("text", ["", "{", "\x00", '{"type": "start"', "[" * 5_000, '{"a":' * 400 + "1" + "}" * 400])
def test_malformed_message_is_answered_with_an_error(text: str) -> None:
    (effect,) = APPSYNC.receive(READY, text)
    assert isinstance(effect, Reply)
    assert said(effect.text) == refused(BAD, None)


@pytest.mark.parametrize(
    ("headers", "authorization"),
    [
        (None, None),
        ({}, None),
        ({"host": "milequest.example"}, None),
        ({"Authorization": "token", "host": "milequest.example"}, "token"),
        ({"authorization": "Bearer token"}, "Bearer token"),
        ({"x-api-key": "da2-key", "x-amz-date": "20261125T000000Z"}, ""),
        ({"X-Api-Key": ""}, ""),
        ({"x-api-key": "da2-key", "Authorization": "token"}, "token"),
        ({"Authorization": ""}, ""),
        ({"Authorization": 5}, None),
    ],
)
def test_an_operation_brings_its_own_credentials(headers: object, authorization: str | None) -> None:
    (effect,) = APPSYNC.receive(READY, json.dumps(start(authorization=headers)))
    assert isinstance(effect, Start)
    assert effect.authorization == authorization


def test_an_operation_has_variables_and_a_name() -> None:
    data = json.dumps({"query": QUERY, "variables": {"a": 1}, "operationName": "X", "extensions": {}})
    assert APPSYNC.receive(READY, json.dumps(start(data))) == [Start("1", Operation(QUERY, {"a": 1}, "X"))]


def test_accepted_connection_gets_an_acknowledgement_and_a_keep_alive() -> None:
    assert [said(effect.text) for effect in APPSYNC.accepted() if isinstance(effect, Reply)] == [ACK, {"type": "ka"}]


@pytest.mark.parametrize(
    ("code", "kind", "status"),
    [
        ("UNAUTHENTICATED", "UnauthorizedException", 401),
        ("FORBIDDEN", "Unauthorized", 403),
        ("NOT_FOUND", "NOT_FOUND", 404),
        ("VALIDATION_ERROR", "BadRequestException", 400),
        ("QUERY_TOO_COMPLEX", "BadRequestException", 400),
        ("RATE_LIMITED", "LimitExceededError", 429),
        ("UNAVAILABLE", "ServiceUnavailable", 503),
        ("INTERNAL", "InternalFailure", 500),
        ("TEAM_FULL", "TEAM_FULL", 400),
        (None, "InternalFailure", 500),
    ],
)
def test_errors_have_appsyncs_shape_beside_ours(code: str | None, kind: str, status: int) -> None:
    ours: dict[str, Any] = {"message": "No."} | ({"extensions": {"code": code, "requestId": "r"}} if code else {})
    shaped = ours | {"errorType": kind, "errorCode": status} | ({"errorInfo": {"requestId": "r"}} if code else {})
    assert json.loads(APPSYNC.error("1", [ours])) == {"id": "1", "type": "error", "payload": {"errors": [shaped]}}
    reply, close = APPSYNC.rejected([ours])
    assert isinstance(reply, Reply)
    assert json.loads(reply.text) == {"type": "connection_error", "payload": {"errors": [shaped]}}
    assert close == Close(4000 + status, kind)


def test_server_messages_have_the_form_of_the_protocol() -> None:
    assert said(APPSYNC.started('"') or "") == {"id": '"', "type": "start_ack"}
    assert said(APPSYNC.next('"', '{"data":{"x":1}}')) == {"id": '"', "type": "data", "payload": {"data": {"x": 1}}}
    assert said(APPSYNC.complete('"')) == {"id": '"', "type": "complete"}
    assert said(APPSYNC.keep_alive() or "") == {"type": "ka"}
    crowded = APPSYNC.too_many_operations("1", 100)
    assert isinstance(crowded, Reply)
    assert said(crowded.text) == refused("MaxSubscriptionsReachedError")
