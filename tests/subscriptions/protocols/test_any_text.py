"""A protocol has a step for any text that a client sends."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.handshakes import APPSYNC, LEGACY, TRANSPORT_WS
from subscriptions.protocols.protocol_steps import Close, Init, Phase, ProtocolSession, Reply, Start, Stop, WireProtocol

THEIRS = ["connection_init", "connection_terminate", "ping", "pong", "start", "stop", "subscribe", "complete"]
OURS = ["connection_ack", "ka", "next", "data", "error"]
PARTS = ["id", "type", "payload", "query", "variables", "operationName", "extensions", "data", "authorization"]


def objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy of objects with names that mean something."""
    return st.dictionaries(st.sampled_from(PARTS) | st.text(max_size=3), values, max_size=4)


TYPES = st.sampled_from(THEIRS + OURS)
ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | TYPES
VALUES = st.recursive(ATOMS, lambda inner: st.lists(inner, max_size=3) | objects(inner), max_leaves=6)
PAYLOADS = VALUES | st.fixed_dictionaries({"data": VALUES.map(json.dumps), "extensions": objects(VALUES)})
MESSAGES = st.fixed_dictionaries({"type": TYPES | VALUES}, optional={"id": st.just("1") | VALUES, "payload": PAYLOADS})
DEEP = st.integers(1, 2_000).map(lambda depth: '{"type":"ping","payload":' + '{"a":' * depth + "1" + "}" * (depth + 1))
SESSIONS = st.builds(ProtocolSession, st.sampled_from(Phase), st.sampled_from([(), ("1",)]))


def check(protocol: WireProtocol, session: ProtocolSession, text: str) -> None:
    """Check that there are only known effects, and only JSON with a type."""
    for effect in protocol.receive(session, text):
        assert isinstance(effect, Init | Start | Stop | Reply | Close)
        if isinstance(effect, Reply):
            assert isinstance(json.loads(effect.text)["type"], str)
            effect.text.encode()
        if isinstance(effect, Close):
            assert effect.code == 1000 or 4000 <= effect.code < 5000
            assert len(effect.reason.encode()) <= 123, "a close frame has room for no more"


@pytest.mark.parametrize("protocol", [TRANSPORT_WS, APPSYNC, LEGACY])
@given(session=SESSIONS, text=st.text() | MESSAGES.map(json.dumps) | DEEP)
def test_every_text_is_understood_or_refused(protocol: WireProtocol, session: ProtocolSession, text: str) -> None:
    check(protocol, session, text)


@pytest.mark.parametrize("protocol", [TRANSPORT_WS, APPSYNC, LEGACY])
def test_an_id_may_be_long_and_of_any_letters(protocol: WireProtocol) -> None:
    id = "€" * 200
    for kind in ("start", "subscribe"):
        payload = {"query": "{ x }", "data": '{"query": "{ x }"}'}
        check(protocol, ProtocolSession(Phase.READY, {id}), json.dumps({"id": id, "type": kind, "payload": payload}))
