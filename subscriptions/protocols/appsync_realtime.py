"""AWS AppSync's real-time protocol, as implemented by its clients and Amplify.

Source: the AppSync developer guide, "Building a real-time WebSocket client", and aws-amplify/amplify-js for what it
leaves open. The close codes are ours: HTTP's status and 4000.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from schema.appsync.appsync_errors import in_shape
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
    Start,
    decoded,
    encoded,
    is_good,
    operation,
)
from subscriptions.protocols.socket_credentials import authorization_in

SILENCE_MS = 300_000  # milliseconds without a message after which a client considers the connection dead
ACK = encoded(type="connection_ack", payload={"connectionTimeoutMs": SILENCE_MS})


# Clients do not reconnect after 400, 401 and 403.
class AppSync(GraphqlWs):
    """AppSync's protocol. Every operation carries credentials of its own."""

    def receive(self, session: ProtocolSession, text: str) -> Sequence[Effect]:
        message = decoded(text)
        if message is None:
            return [_refused(None, "BadRequestException", "A message must be a JSON object.")]
        match message.get("type"):
            case "connection_init":
                return _answer_connection_init(session)
            case "start" | "stop" as kind:
                return self._of_operation(session, kind, message)
        return [_refused(message.get("id"), "UnsupportedOperation", "Such messages are not supported.")]

    def _of_operation(self, session: ProtocolSession, kind: str, message: Mapping[str, Any]) -> Sequence[Effect]:
        id = message.get("id")
        if not is_good(id) or not id:
            return [_refused(None, "BadRequestException", NO_ID)]
        if kind == "stop":
            return self.stopped(session, id)
        start = _operation(id, message.get("payload"))
        if start is None:
            return [_refused(id, "BadRequestException", "`payload.data` must be JSON with a query, in a string.")]
        if id in session.operations:
            return [_refused(id, "DuplicatedOperationError", f"Duplicated operation with id {id}")]
        return self.begun(session, start)

    def accepted(self, notice: str | None = None) -> Sequence[Effect]:
        return [Reply(ACK), Reply(KEEP_ALIVE)]

    def rejected(self, errors: Errors) -> Sequence[Effect]:
        shaped = [in_shape(error) for error in errors]
        kind, status = shaped[0]["errorType"], shaped[0]["errorCode"]
        return [Reply(encoded(type="connection_error", payload={"errors": shaped})), Close(4000 + status, kind)]

    def started(self, id: str) -> str | None:
        return encoded(id=id, type="start_ack")

    def error(self, id: str, errors: Errors) -> str:
        return encoded(id=id, type="error", payload={"errors": [in_shape(error) for error in errors]})

    def too_many_operations(self, id: str, most: int) -> Effect:
        return _refused(id, "MaxSubscriptionsReachedError", f"Max number of {most} subscriptions reached")


def _answer_connection_init(session: ProtocolSession) -> Sequence[Effect]:
    """Answer `connection_init`. The credentials came with the handshake, so a second one changes nothing."""
    match session.phase:
        case Phase.NEW:
            return [Init({})]
        case Phase.INITIALISING:
            return []
    return [Reply(ACK)]


def _operation(id: str, payload: object) -> Start | None:
    """Parse an operation of `{data, extensions: {authorization}}`, `data` being JSON in a string; None if invalid."""
    if not isinstance(payload, dict) or not isinstance(payload.get("data"), str):
        return None
    extensions = payload.get("extensions")
    headers = extensions.get("authorization") if isinstance(extensions, dict) else None
    if not isinstance(headers, dict | None):
        return None
    return operation(id, decoded(payload["data"]), authorization_in(headers or {}))


def _refused(id: object, kind: str, message: str) -> Reply:
    """Return the error for an unusable message; the connection stays open."""
    error = {"errorType": kind, "errorCode": 400, "message": message}
    return Reply(encoded(id=id if isinstance(id, str) else None, type="error", payload={"errors": [error]}))
