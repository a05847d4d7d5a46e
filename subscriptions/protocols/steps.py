"""What all protocols have in common: a session's state, what a message may ask for, and how one is put into words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeGuard

import orjson

from subscriptions.quotas import MAX_ID_BYTES


class Phase(StrEnum):
    """How far a socket has come."""

    NEW = "NEW"
    INITIALISING = "INITIALISING"  # its credentials are being checked
    READY = "READY"


@dataclass(frozen=True, slots=True)
class Session:
    """What a step has to know of a socket: its phase, and the ids of the operations that run on it."""

    phase: Phase = Phase.NEW
    operations: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Init:
    """The client introduces itself; `payload` may hold its token. If `quiet`, it doesn't wait to be accepted."""

    payload: Mapping[str, Any] = field(repr=False)
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """Run an operation. `authorization` is the operation's own token, empty for nobody's, None for the connection's."""

    id: str
    query: str = field(repr=False)
    variables: Mapping[str, Any] | None = field(repr=False)
    operation_name: str | None
    authorization: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Stop:
    """End an operation; one that doesn't run is no mistake."""

    id: str


@dataclass(frozen=True, slots=True)
class Reply:
    """Send this."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Close:
    """Close the socket."""

    code: int
    reason: str


NO_ID = f"An operation needs an id: a string of {MAX_ID_BYTES} bytes at most, as it is written in JSON."

Effect: TypeAlias = Init | Start | Stop | Reply | Close
Errors: TypeAlias = Sequence[Mapping[str, Any]]
"""GraphQL errors as they are answered: `message`, `extensions` and so on."""


class Result(NamedTuple):
    """A subscription's answer to an event, in JSON, and the cursor of its place in the log if it is of one."""

    payload: str
    cursor: str | None = None


class WireProtocol(Protocol):
    """How one protocol is spoken."""

    @property
    def name(self) -> str:
        """The WebSocket sub-protocol that is agreed upon."""

    def receive(self, session: Session, text: str) -> Sequence[Effect]:
        """What a client's message asks for. Never raises, whatever the text."""

    def accepted(self, notice: str | None = None) -> Sequence[Effect]:
        """The credentials are good, or there are none. `notice` is for whoever writes the client."""

    def rejected(self, errors: Errors) -> Sequence[Effect]:
        """The credentials are not good."""

    def started(self, id: str) -> str | None:
        """An operation was accepted; None where a protocol doesn't say so."""

    def next(self, id: str, payload: str) -> str:
        """A result, already in JSON."""

    def error(self, id: str, errors: Errors) -> str:
        """An operation ends, or never began, for these reasons."""

    def complete(self, id: str) -> str:
        """An operation has ended."""

    def crowded(self, id: str, most: int) -> Effect:
        """One operation more than a socket may run."""

    def keep_alive(self) -> str | None:
        """A sign of life; None where clients ask for none."""


def decoded(text: str) -> Mapping[str, Any] | None:
    """The message, if it is a JSON object that can be written again: what is nested deeper can only be read."""
    try:
        message = orjson.loads(text)
        orjson.dumps(message)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return message if isinstance(message, dict) else None


def encoded(**message: object) -> str:
    """A message without a result in it."""
    return orjson.dumps({name: part for name, part in message.items() if part is not None}).decode()


ACK = encoded(type="connection_ack")


def acknowledgement(notice: str | None) -> str:
    """The answer to a `connection_init`, with the notice if there is one."""
    return encoded(type="connection_ack", payload={"notice": notice}) if notice else ACK


def quoted(text: str) -> str:
    """A string as JSON, for messages that are put together around a result."""
    return orjson.dumps(text).decode()


def is_good(id: object) -> TypeGuard[str]:
    """Whether an operation may be called so: a string of MAX_ID_BYTES at most, as it is written in JSON."""
    return isinstance(id, str) and len(id) <= MAX_ID_BYTES and len(quoted(id).encode()) <= MAX_ID_BYTES + len('""')


def operation(id: str, payload: object, authorization: str | None = None) -> Start | None:
    """The operation of `{query, variables, operationName, extensions}`; None where a part has the wrong type."""
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        return None
    variables, name = payload.get("variables"), payload.get("operationName")
    if not isinstance(variables, dict | None) or not isinstance(name, str | None):
        return None
    if not isinstance(payload.get("extensions"), dict | None):
        return None
    return Start(id, payload["query"], variables, name or None, authorization)
