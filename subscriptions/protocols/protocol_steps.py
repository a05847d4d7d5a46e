"""Common parts of all protocols: a session's state, the effects of a message, and the encoding of messages."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeGuard

import orjson

from schema.error_payloads import Errors
from schema.operation import Operation
from subscriptions.quotas import MAX_ID_BYTES


class Phase(StrEnum):
    """Phase of a socket's handshake."""

    NEW = "NEW"
    INITIALISING = "INITIALISING"  # its credentials are being checked
    READY = "READY"


@dataclass(frozen=True, slots=True)
class ProtocolSession:
    """State of a socket that a step depends on: its phase, and the ids of the operations that run on it."""

    phase: Phase = Phase.NEW
    operations: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Init:
    """Check the client's credentials; `payload` may hold its token. With `quiet` there is no acknowledgement."""

    payload: Mapping[str, Any] = field(repr=False)
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """Run an operation. `authorization` is its own token, empty for an anonymous caller, None for the connection's."""

    id: str
    operation: Operation
    authorization: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Stop:
    """End an operation; one that is not running is no error."""

    id: str


@dataclass(frozen=True, slots=True)
class Reply:
    """Send a message."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Close:
    """Close the socket."""

    code: int
    reason: str


NO_ID = f"An operation needs an id: a string of {MAX_ID_BYTES} bytes at most, as it is written in JSON."

Effect: TypeAlias = Init | Start | Stop | Reply | Close


class Result(NamedTuple):
    """Answer of a subscription to an event, in JSON, and the event's cursor if it is of a log."""

    payload: str
    cursor: str | None = None


class WireProtocol(Protocol):
    """Steps and messages of one protocol."""

    @property
    def name(self) -> str:
        """Name of the WebSocket sub-protocol."""

    def receive(self, session: ProtocolSession, text: str) -> Sequence[Effect]:
        """Return the effects of a client's message. Never raises, whatever the text."""

    def accepted(self, notice: str | None = None) -> Sequence[Effect]:
        """Return the effects of valid or absent credentials. `notice` is for the client's developer."""

    def rejected(self, errors: Errors) -> Sequence[Effect]:
        """Return the effects of invalid credentials."""

    def started(self, id: str) -> str | None:
        """Return the message that an operation was accepted; None if the protocol has none."""

    def next(self, id: str, payload: str) -> str:
        """Return the message of a result that is in JSON already."""

    def error(self, id: str, errors: Errors) -> str:
        """Return the message that an operation failed or never began."""

    def complete(self, id: str) -> str:
        """Return the message that an operation has ended."""

    def too_many_operations(self, id: str, most: int) -> Effect:
        """Return the effect of one operation more than `most`, the limit of a socket."""

    def keep_alive(self) -> str | None:
        """Return the keep-alive message; None if the protocol has none."""


def decoded(text: str) -> Mapping[str, Any] | None:
    """Parse a message; None unless it is a JSON object that can be encoded again: orjson decodes deeper nesting."""
    try:
        message = orjson.loads(text)
        orjson.dumps(message)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return message if isinstance(message, dict) else None


def encoded(**message: object) -> str:
    """Encode a message without a result in it."""
    return orjson.dumps({name: part for name, part in message.items() if part is not None}).decode()


ACK = encoded(type="connection_ack")


def acknowledgement(notice: str | None) -> str:
    """Return the answer to a `connection_init`, with the notice if there is one."""
    return encoded(type="connection_ack", payload={"notice": notice}) if notice else ACK


def quoted(text: str) -> str:
    """Encode a string as JSON, for messages that are assembled around a result."""
    return orjson.dumps(text).decode()


def is_good(id: object) -> TypeGuard[str]:
    """Return whether an operation's id is valid: a string of at most MAX_ID_BYTES, as encoded in JSON."""
    return isinstance(id, str) and len(id) <= MAX_ID_BYTES and len(quoted(id).encode()) <= MAX_ID_BYTES + len('""')


def operation(id: str, payload: object, authorization: str | None = None) -> Start | None:
    """Parse an operation of `{query, variables, operationName, extensions}`; None if a part has the wrong type."""
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        return None
    variables, name = payload.get("variables"), payload.get("operationName")
    if not isinstance(variables, dict | None) or not isinstance(name, str | None):
        return None
    if not isinstance(payload.get("extensions"), dict | None):
        return None
    return Start(id, Operation(payload["query"], variables, name or None), authorization)
