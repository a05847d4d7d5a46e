"""The protocol of subscriptions-transport-ws, step by step: each message of clients, and our answers."""

import json
from typing import Any

import pytest

from schema.operation import Operation
from subscriptions.protocols.legacy import Legacy
from subscriptions.protocols.protocol_steps import Close, Init, Phase, ProtocolSession, Reply, Start, Stop

LEGACY = Legacy()
NEW, INITIALISING, READY = (ProtocolSession(phase) for phase in Phase)
RUNNING = ProtocolSession(Phase.READY, {"1"})
QUERY = "subscription { x }"
START = Start("1", Operation(QUERY, None, None))
INVALID = "VALIDATION_ERROR"


def start(**parts: Any) -> dict[str, Any]:
    """Return a start message, with some parts replaced."""
    return {"id": "1", "type": "start", "payload": {"query": QUERY}} | parts


def said(text: str) -> Any:
    """Return a message of ours, with only the code of its error."""
    message = json.loads(text)
    if message["type"] in ("error", "connection_error"):
        assert message["payload"]["message"]
        message["payload"] = message["payload"]["extensions"]["code"]
    return message


REFUSED = {"type": "connection_error", "payload": INVALID}
WRONG = {"type": "error", "payload": INVALID}


@pytest.mark.parametrize(
    ("session", "message", "effects"),
    [
        (NEW, {"type": "connection_init"}, [Init({})]),
        (NEW, {"type": "connection_init", "payload": None}, [Init({})]),
        (NEW, {"type": "connection_init", "payload": {"Authorization": "token"}}, [Init({"Authorization": "token"})]),
        (NEW, {"type": "connection_init", "payload": "token"}, [REFUSED]),
        (INITIALISING, {"type": "connection_init"}, [REFUSED]),
        (READY, {"type": "connection_init"}, [REFUSED]),
        (READY, {"type": "connection_terminate", "payload": None}, [Close(1000, "")]),
        (NEW, start(), [Init({}, quiet=True), START]),
        (INITIALISING, start(), [START]),
        (READY, start(), [START]),
        (RUNNING, start(), [Stop("1"), START]),
        (READY, start(payload={"query": QUERY, "variables": {"a": 1}, "operationName": "X"}),
         [Start("1", Operation(QUERY, {"a": 1}, "X"))]),
        (READY, {"id": "1", "type": "stop"}, []),
        (RUNNING, {"id": "1", "type": "stop"}, [Stop("1"), {"id": "1", "type": "complete"}]),
        (RUNNING, {"type": "stop"}, [WRONG]),
        (READY, start(id=7), [WRONG]),
        (READY, start(payload=None), [WRONG | {"id": "1"}]),
        (READY, start(payload={"query": 5}), [WRONG | {"id": "1"}]),
        (READY, start(payload={"query": QUERY, "variables": []}), [WRONG | {"id": "1"}]),
        (READY, {"id": "1", "type": "subscribe"}, [WRONG | {"id": "1"}]),
        (READY, {"id": {}, "type": []}, [WRONG]),
        (READY, {}, [WRONG]),
        (READY, [], [REFUSED]),
        (READY, None, [REFUSED]),
        (READY, "connection_init", [REFUSED]),
    ],
)  # fmt: skip
def test_client_message_has_the_effects_of_the_protocol(
    session: ProtocolSession, message: object, effects: list[Any]
) -> None:
    asked = [
        said(effect.text) if isinstance(effect, Reply) else effect
        for effect in LEGACY.receive(session, json.dumps(message))
    ]
    assert asked == effects


@pytest.mark.parametrize("text", ["", "{", "\x00", '{"type": "start"', "[" * 5_000, '{"a":' * 400 + "1" + "}" * 400])
def test_malformed_message_is_answered_with_an_error(text: str) -> None:
    (effect,) = LEGACY.receive(READY, text)
    assert isinstance(effect, Reply)
    assert said(effect.text) == REFUSED


def test_connection_is_acknowledged_or_rejected_in_the_form_of_the_protocol() -> None:
    accepted = [said(effect.text) for effect in LEGACY.accepted() if isinstance(effect, Reply)]
    assert accepted == [{"type": "connection_ack"}, {"type": "ka"}]
    told, _ = LEGACY.accepted("Nobody is signed in.")
    assert isinstance(told, Reply)
    assert said(told.text)["payload"] == {"notice": "Nobody is signed in."}
    reply, close = LEGACY.rejected([{"message": "No.", "extensions": {"code": "UNAUTHENTICATED"}}])
    assert isinstance(reply, Reply)
    assert said(reply.text) == {"type": "connection_error", "payload": "UNAUTHENTICATED"}
    assert close == Close(4403, "Forbidden")


def test_server_messages_have_the_form_of_the_protocol() -> None:
    assert LEGACY.started("1") is None
    assert said(LEGACY.next('"', '{"data":{"x":1}}')) == {"id": '"', "type": "data", "payload": {"data": {"x": 1}}}
    assert said(LEGACY.complete('"')) == {"id": '"', "type": "complete"}
    assert said(LEGACY.keep_alive() or "") == {"type": "ka"}
    errors = [{"message": text, "extensions": {"code": "NOT_FOUND"}} for text in ("One.", "Two.")]
    assert json.loads(LEGACY.error("1", errors)) == {"id": "1", "type": "error", "payload": errors[0]}
    crowded = LEGACY.too_many_operations("1", 100)
    assert isinstance(crowded, Reply)
    assert said(crowded.text) == {"id": "1", "type": "error", "payload": "RATE_LIMITED"}
