"""What an operation on a connection is surrounded by: `app/` knows, and hands it down."""

from typing import Protocol

from starlette.requests import HTTPConnection

from milequest.rules.authorizing import Operation
from resolvers.context import Request


class RequestFactory(Protocol):
    """Who calls, from where and when."""

    async def __call__(
        self,
        connection: HTTPConnection,
        *,
        authorization: str | None,
        request_id: str,
        operation: Operation | None = None,
    ) -> Request:
        """The operation's Request, or without one the connection's. Raises UNAUTHENTICATED for a token that is bad.

        `authorization` stands in for the header of that name; an empty one is nobody's.
        """
