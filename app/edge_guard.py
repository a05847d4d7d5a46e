"""Admission of requests that came through the edge, where there is one before the servers.

The edge leads a WebSocket to one region's servers, and to the other's if the first answer 503. So servers whose
database takes no writes refuse handshakes: sockets are where the database is, before and after it moves. What is asked
by HTTP is led by health checks instead, and answered wherever it arrives.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.answers import Answer
from app.http.health import why_unwritable
from app.http.short_cache import ShortCache
from milequest.rules.edge_headers import SECRET_HEADER, viewer_of
from milequest.rules.errors import ErrorCode
from milequest.settings import Settings
from milequest.store.away import Away
from milequest.store.aws.client import open_aws
from milequest.store.aws.edge_secret import EdgeSecret
from milequest.store.aws.secrets import Secret
from milequest.store.sql.transaction import Pool
from subscriptions.gateway import deny

HEALTH: Final = frozenset(("/livez", "/readyz", "/standbyz"))  # asked by the load balancer itself, and by Route 53
REFUSALS: Final = {
    403: {"message": "This address serves the edge alone.", "extensions": {"code": ErrorCode.FORBIDDEN.value}},
    503: {"message": "Try again.", "extensions": {"code": ErrorCode.UNAVAILABLE.value, "retryable": True}},
}


class EdgeGuard:
    """Refuses what came around the edge, and gives requests the addresses of their viewers."""

    def __init__(self, secret: EdgeSecret, writer: Pool) -> None:
        self._secret = secret
        self._why_unwritable = ShortCache(partial(why_unwritable, writer))

    async def admit(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request or a handshake on to `app`, or refuse it.

        With 403, or with 503 while the secret cannot be read, and a handshake also while the database takes no writes.
        """
        headers = Headers(scope=scope)
        if scope["path"] not in HEALTH:
            status = await self._refusal(headers.get(SECRET_HEADER), is_handshake=scope["type"] == "websocket")
            if status is not None:
                await _refuse(status, scope, receive, send)
                return
            viewer = viewer_of(headers)
            if viewer is not None:
                scope["client"] = (viewer, 0)
        await app(scope, receive, send)

    async def _refusal(self, given: str | None, *, is_handshake: bool) -> int | None:
        try:
            if not await self._secret.admits(given):
                return 403
        except Away:
            return 503
        return 503 if is_handshake and await self._why_unwritable() else None


async def _refuse(status: int, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await deny(send, status)
    else:
        await Answer(uuid4().hex).errors(status, [REFUSALS[status]])(scope, receive, send)


@asynccontextmanager
async def open_edge(settings: Settings, writer: Pool) -> AsyncIterator[EdgeGuard | None]:
    """Open the guard that the settings ask for; None if there is no edge. `writer` is the database."""
    if not settings.edge_secret:
        yield None
        return
    async with open_aws(settings) as aws:
        yield EdgeGuard(EdgeSecret(Secret(aws, settings.edge_secret)), writer)
