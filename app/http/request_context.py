"""Context of an operation, from an HTTP request or a WebSocket: caller, address, time and request id."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import uuid4

from starlette.requests import HTTPConnection

from milequest.rules.authorizing import AuthorizerRequest, RequestedOperation
from milequest.rules.identity import Identity
from milequest.runtime import Runtime
from resolvers.context import Request

Caller: TypeAlias = Callable[[], Awaitable[Identity]]


async def request_of(
    connection: HTTPConnection,
    *,
    authorization: str | None = None,
    request_id: str | None = None,
    operation: RequestedOperation | None = None,
    caller: Caller | None = None,
) -> Request:
    """Return the Request of one operation. `authorization` replaces the header, which browsers can't set on WebSockets.

    `caller` finds out who calls where no header says it. Raises UNAUTHENTICATED for a token that is not good,
    RATE_LIMITED where its network has sent too many of those; no token at all is an anonymous caller.
    """
    runtime: Runtime = connection.app.state.runtime
    request_id = request_id or uuid4().hex
    address = connection.client.host if connection.client else ""
    if caller is not None:
        identity = await caller()
    else:
        token = authorization if authorization is not None else connection.headers.get("authorization")
        asking = AuthorizerRequest(request_id, connection.headers, operation, address)
        identity = await connection.app.state.identify(token, asking)
    return Request(
        id=request_id,
        now=datetime.now(UTC),
        identity=identity,
        runtime=runtime,
        headers=connection.headers,
        address=address,
    )
