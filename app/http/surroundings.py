"""What surrounds an operation, from an HTTP request or a WebSocket: who calls, from where, when, and under which id."""

from datetime import UTC, datetime
from uuid import uuid4

from starlette.requests import HTTPConnection

from milequest.runtime import Runtime
from resolvers.context import Request


async def surroundings(
    connection: HTTPConnection, *, authorization: str | None = None, request_id: str | None = None
) -> Request:
    """The Request of one operation. `authorization` stands in for the header, which browsers can't set on a WebSocket.

    Raises UNAUTHENTICATED for a token that is not good; no token at all is an anonymous caller.
    """
    runtime: Runtime = connection.app.state.runtime
    token = authorization if authorization is not None else connection.headers.get("authorization")
    return Request(
        id=request_id or uuid4().hex,
        now=datetime.now(UTC),
        identity=await connection.app.state.identify(token),
        runtime=runtime,
        headers=connection.headers,
        address=connection.client.host if connection.client else "",
    )
