"""graphql-ws as in Apollo's subscriptions-transport-ws, which is unmaintained since 2021 and still in use.

Source: apollographql/subscriptions-transport-ws, PROTOCOL.md, and its server for what that leaves open. The close code
is ours: the clients read none.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from schema.error_payloads import Errors
from subscriptions.protocols.graphql_ws import KEEP_ALIVE, GraphqlWs
from subscriptions.protocols.protocol_steps import (
    NO_ID,
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
)

FORBIDDEN = Close(4403, "Forbidden")


class Legacy(GraphqlWs):
    """Protocol of subscriptions-transport-ws."""

    def receive(self, session: ProtocolSession, text: str) -> Sequence[Effect]:
        message = decoded(text)
        if message is None:
            return [_refused("A message must be a JSON object.")]
        match message.get("type"):
            case "connection_init":
                return [self._init(session, message.get("payload"))]
            case "connection_terminate":
                return [Close(1000, "")]
            case "start" | "stop" as kind:
                return self._of_operation(session, kind, message)
        return [_wrong(message.get("id"), "Invalid message type.")]

    def _init(self, session: ProtocolSession, payload: object) -> Effect:
        if session.phase is not Phase.NEW:
            return _refused("The connection is initialised once.")
        if not isinstance(payload, dict | None):
            return _refused("The payload must be an object.")
        return Init(payload or {})

    def _of_operation(self, session: ProtocolSession, kind: str, message: Mapping[str, Any]) -> Sequence[Effect]:
        id = message.get("id")
        if not is_good(id):
            return [_wrong(None, NO_ID)]
        if kind == "stop":
            return self.stopped(session, id)
        start = operation(id, message.get("payload"))
        if start is None:
            return [_wrong(id, "The payload must be an object with a query.")]
        before = [Stop(id)] if id in session.operations else []  # an id that is in use is restarted
        return [*before, *self.begun(session, start)]

    def accepted(self, notice: str | None = None) -> Sequence[Effect]:
        return [Reply(acknowledgement(notice)), Reply(KEEP_ALIVE)]

    def rejected(self, errors: Errors) -> Sequence[Effect]:
        return [Reply(encoded(type="connection_error", payload=errors[0])), FORBIDDEN]

    def started(self, id: str) -> str | None:
        return None

    def error(self, id: str, errors: Errors) -> str:
        return encoded(id=id, type="error", payload=errors[0])  # the protocol's message holds one error

    def too_many_operations(self, id: str, most: int) -> Effect:
        message = f"A socket runs {most} operations at most."
        return Reply(self.error(id, [{"message": message, "extensions": {"code": "RATE_LIMITED"}}]))


def _refused(message: str) -> Reply:
    """Return the error for an invalid message; the connection stays open."""
    return Reply(encoded(type="connection_error", payload=_invalid(message)))


def _wrong(id: object, message: str) -> Reply:
    """Return the error for an invalid operation, by its id."""
    return Reply(encoded(id=id if isinstance(id, str) else None, type="error", payload=_invalid(message)))


def _invalid(message: str) -> Mapping[str, object]:
    return {"message": message, "extensions": {"code": "VALIDATION_ERROR"}}
