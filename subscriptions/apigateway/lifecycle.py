"""`$connect` and `$disconnect`: the lifecycle of a connection. It does not import GraphQL, so it starts fast."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from milequest.rules.authorizing import AuthorizerRequest
from milequest.rules.edge_headers import caller_address
from milequest.rules.errors import QuestError, RateLimited
from milequest.rules.identity import ANONYMOUS, Identity
from resolvers.identity import Identify
from subscriptions.apigateway.connection_store import ConnectionStore
from subscriptions.handshakes import Handshake, agreed

Event: TypeAlias = Mapping[str, Any]
Answer: TypeAlias = Mapping[str, Any]

OK: Answer = {"statusCode": 200}

log = logging.getLogger("milequest.socket")


@dataclass(frozen=True, slots=True)
class ConnectDependencies:
    """Dependencies of both functions. `origins` are those allowed for browsers, `most` the limit of one network."""

    connections: ConnectionStore
    identify: Identify
    origins: Collection[str]
    most: int


async def connect(doors: ConnectDependencies, event: Event) -> Answer:
    """Admit a client, or refuse the handshake with a status: API Gateway would send no close code of ours later."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    origin = headers.get("origin")
    if origin is not None and origin.lower() not in doors.origins:
        return {"statusCode": 403}
    offered = [name.strip() for name in headers.get("sec-websocket-protocol", "").split(",")]
    handshake = agreed("", offered, event.get("queryStringParameters") or {})
    if handshake is None:
        return {"statusCode": 400}
    context = event["requestContext"]
    address = caller_address(context)
    try:
        identity = await _identity(
            doors, handshake, AuthorizerRequest(context.get("requestId", ""), headers, None, address)
        )
    except RateLimited:
        return {"statusCode": 429}
    except QuestError as refusal:
        return {"statusCode": 503 if refusal.extensions().get("retryable") else 401}
    opened = doors.connections.open(
        context["connectionId"], handshake.protocol, identity, address, doors.most, datetime.now(UTC)
    )
    if not await opened:
        return {"statusCode": 429}
    return {**OK, "headers": {"Sec-WebSocket-Protocol": handshake.protocol.name}}


async def disconnect(doors: ConnectDependencies, event: Event) -> Answer:
    """Delete a client's connection. Idempotent; API Gateway may call it repeatedly or never."""
    context = event["requestContext"]
    await doors.connections.close(context["connectionId"])
    fields = {"socket": context["connectionId"], "code": context.get("disconnectStatusCode")}
    if "connectedAt" in context:
        fields["duration_ms"] = context["requestTimeEpoch"] - context["connectedAt"]
    log.info("socket", extra={"request_id": context.get("requestId"), "fields": fields})
    return OK


async def _identity(doors: ConnectDependencies, handshake: Handshake, asking: AuthorizerRequest) -> Identity:
    if handshake.fault is not None:
        raise handshake.fault
    return await doors.identify(handshake.authorization, asking) if handshake.authorization else ANONYMOUS
