"""Sessions in the API, for their owner."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.fields import attribute
from schema.interfaces import Node
from schema.scalars import AWSDateTime

if TYPE_CHECKING:
    from schema.users import Viewer


@strawberry.type(description="A sign-in of yours that has not ended. It ends 30 days after it was used last.")
class SignInSession(Node):
    id: strawberry.ID = attribute("The session's id.")
    device: str | None = attribute("The client that signed in: its User-Agent, at most 200 characters.")
    network: str | None = attribute("Network of the sign-in, coarsely: 256 addresses of IPv4, or a site's /48 of IPv6.")
    signed_in_at: AWSDateTime = attribute("When it began.")
    last_used_at: AWSDateTime = attribute("When its tokens were refreshed last; when it began, if they never were.")
    is_current: bool = attribute("Whether this request's access token belongs to it.")


@strawberry.input(description="A session to end.")
class EndSessionInput:
    session_id: strawberry.ID = attribute("The session; one of your own.")


@strawberry.type(description="The session has ended: within a second its tokens are refused and its sockets closed.")
class EndSessionPayload:
    deleted_session_id: strawberry.ID = attribute("The session's id.")
    viewer: Annotated["Viewer", strawberry.lazy("schema.users")] = attribute("The session's user.")
