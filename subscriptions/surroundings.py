"""What an operation on a connection is surrounded by: `app/` knows, and hands it down."""

from typing import Protocol

from starlette.requests import HTTPConnection

from resolvers.context import Request


class Surroundings(Protocol):
    """Who calls, from where and when."""

    async def __call__(self, connection: HTTPConnection, *, authorization: str | None, request_id: str) -> Request:
        """The operation's Request. Raises UNAUTHENTICATED for a token that is not good.

        `authorization` stands in for the header of that name; an empty one is nobody's.
        """
