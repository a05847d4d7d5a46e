"""graphql-transport-ws, the protocol of the graphql-ws library and of most clients.

Source: enisdenjo/graphql-ws, PROTOCOL.md. The close codes are the protocol's.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

from milequest.rules.errors import ErrorCode
from schema.error_payloads import Errors
from subscriptions.protocols.protocol_steps import (
    Close,
    Effect,
    Init,
    Phase,
    ProtocolSession,
    Reply,
    Stop,
    acknowledgement,
    decoded,
    encoded,
    is_good,
    operation,
    quoted,
)

NAME = "graphql-transport-ws"


class CloseCode(IntEnum):
    """Close codes. Clients of the graphql-ws library reconnect after 4403 and 4408, not after the others."""

    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INIT_TIMEOUT = 4408
    SUBSCRIBER_ALREADY_EXISTS = 4409
    TOO_MANY_REQUESTS = 4429
    INTERNAL_ERROR = 4500


PONG = encoded(type="pong")
AGAIN = Close(1013, "Try again later")
NOT_A_MESSAGE = Close(CloseCode.BAD_REQUEST, "Invalid message received")


class TransportWs:
    """Protocol of the graphql-ws library."""

    name = NAME

    def receive(self, session: ProtocolSession, text: str) -> Sequence[Effect]:
        message = decoded(text)
        if message is None:
            return [NOT_A_MESSAGE]
        payload, kind = message.get("payload"), message.get("type")
        match kind:
            case "connection_init" | "ping" | "pong" if not isinstance(payload, dict | None):
                return [NOT_A_MESSAGE]
            case "connection_init" if session.phase is not Phase.NEW:
                return [Close(CloseCode.TOO_MANY_REQUESTS, "Too many initialisation requests")]
            case "connection_init":
                return [Init(payload or {})]
            case "ping":
                return [Reply(PONG if not payload else encoded(type="pong", payload=payload))]
            case "pong":
                return []
            case "subscribe" | "complete":
                return [self._of_operation(session, kind, message)]
        return [NOT_A_MESSAGE]

    def _of_operation(self, session: ProtocolSession, kind: str, message: Mapping[str, Any]) -> Effect:
        id = message.get("id")
        if not is_good(id) or not id:
            return NOT_A_MESSAGE
        if kind == "complete":
            return Stop(id)
        start = operation(id, message.get("payload"))
        if start is None:
            return NOT_A_MESSAGE
        if session.phase is not Phase.READY:
            return Close(CloseCode.UNAUTHORIZED, "Unauthorized")
        if id in session.operations:
            shown = id.encode()[:64].decode(errors="ignore")  # a close frame has room for 123 bytes
            return Close(CloseCode.SUBSCRIBER_ALREADY_EXISTS, f"Subscriber for {shown} already exists")
        return start

    def accepted(self, notice: str | None = None) -> Sequence[Effect]:
        return [Reply(acknowledgement(notice))]

    def rejected(self, errors: Errors) -> Sequence[Effect]:
        """Close with 1013 if the refusal is retryable: after FORBIDDEN many clients would never reconnect."""
        extensions = errors[0].get("extensions", {})
        if extensions.get("retryable"):
            return [AGAIN]
        if extensions.get("code") == ErrorCode.INTERNAL:
            return [Close(CloseCode.INTERNAL_ERROR, "Internal server error")]
        return [Close(CloseCode.FORBIDDEN, "Forbidden")]

    def started(self, id: str) -> str | None:
        return None

    def next(self, id: str, payload: str) -> str:
        return f'{{"id":{quoted(id)},"type":"next","payload":{payload}}}'

    def error(self, id: str, errors: Errors) -> str:
        return encoded(id=id, type="error", payload=errors)

    def complete(self, id: str) -> str:
        return encoded(id=id, type="complete")

    def too_many_operations(self, id: str, most: int) -> Effect:
        message = f"A socket runs {most} operations at most."
        return Reply(self.error(id, [{"message": message, "extensions": {"code": "RATE_LIMITED"}}]))

    def keep_alive(self) -> str | None:
        return None
