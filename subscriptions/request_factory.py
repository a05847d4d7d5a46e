"""The factory of requests for operations on a connection: implemented in `app/` and injected here."""

from typing import Protocol

from starlette.requests import HTTPConnection

from milequest.rules.authorizing import RequestedOperation
from resolvers.context import Request


class RequestFactory(Protocol):
    """Factory of the context of an operation: caller, address and time."""

    async def __call__(
        self,
        connection: HTTPConnection,
        *,
        authorization: str | None,
        request_id: str,
        operation: RequestedOperation | None = None,
    ) -> Request:
        """Return the operation's Request, or the connection's if it is None. Raises UNAUTHENTICATED for a bad token.

        `authorization` replaces the header of that name; an empty one means an anonymous caller.
        """
