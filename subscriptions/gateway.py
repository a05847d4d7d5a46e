"""The WebSocket endpoint of a long-lived server: admission of connections, keep-alives, and draining at shutdown."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from milequest.origins import is_same
from milequest.rules.identity import Identity
from milequest.rules.rate_limits import network
from milequest.settings import Settings
from subscriptions.direct_transport import EXTENSION, DirectTransport
from subscriptions.handshakes import PATHS, Handshake, agreed
from subscriptions.hub import Hub
from subscriptions.protocols.transport_ws import CloseCode
from subscriptions.quotas import ConnectionQuota, ProcessQuota
from subscriptions.request_factory import RequestFactory
from subscriptions.sockets import GOING_AWAY, Socket

KEEP_ALIVE_SECONDS = 20.0  # Amplify reports a missed one after 65 s, subscriptions-transport-ws closes after 30 s
RETRY_SECONDS = 10  # Retry-After of a connection beyond a quota
RETRY_AFTER_DRAIN_SECONDS = 1  # Retry-After of a draining server: others are free
DRAIN_SECONDS = 5.0  # time over which all sockets are closed
DRAIN_PAUSE = 0.02  # longest pause between two


class Gateway:
    """Sockets of this process; an ASGI application for the scope `websocket`."""

    def __init__(
        self, settings: Settings, new_request: RequestFactory, process_quota: ProcessQuota | None = None
    ) -> None:
        self._origins = {settings.origin, *settings.allowed_origins}
        self._new_request = new_request
        self._networks = ConnectionQuota(settings.sockets_per_network, process_quota)
        self._users = ConnectionQuota(settings.sockets_per_user)
        self._sockets: set[Socket] = set()
        self._is_open = True

    def __len__(self) -> int:
        return len(self._sockets)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket from its handshake to its close."""
        connection = HTTPConnection(scope)
        origin = connection.headers.get("origin")
        await receive()
        if scope["path"] not in PATHS:
            await deny(send, 404)
        elif not self._is_open:
            await deny(send, 503, RETRY_AFTER_DRAIN_SECONDS)
        elif origin is not None and not self._is_allowed_origin(origin, connection.headers.get("host", "")):
            await deny(send, 403)
        else:
            await self._admit(connection, receive, send)

    def _is_allowed_origin(self, origin: str, host: str) -> bool:
        return origin.lower() in self._origins or is_same(origin, host)

    async def _admit(self, connection: HTTPConnection, receive: Receive, send: Send) -> None:
        if not self._acquire_slot(connection):
            await deny(send, 429, RETRY_SECONDS)
            return
        scope = connection.scope
        handshake = agreed(scope["path"], scope["subprotocols"], connection.query_params)
        if handshake is None:
            await send({"type": "websocket.accept"})
            code = int(CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE)
            await send({"type": "websocket.close", "code": code, "reason": "Subprotocol not acceptable"})
            return
        await send({"type": "websocket.accept", "subprotocol": handshake.protocol.name})
        await self._serve(connection, handshake, receive, send)

    def _acquire_slot(self, connection: HTTPConnection) -> bool:
        """Take a slot of the client's network; return False if none is free.

        It is held until the connection is closed entirely, as a closing connection is still an open file.
        """
        place = network(connection.client.host if connection.client else "")
        if not self._networks.acquire(place):
            return False
        wire: DirectTransport = connection.scope["extensions"][EXTENSION]
        wire.on_close(partial(self._networks.release, place))
        return True

    async def _serve(self, connection: HTTPConnection, handshake: Handshake, receive: Receive, send: Send) -> None:
        hub: Hub = connection.app.state.hub
        socket = Socket(hub, self._new_request, self._users, handshake, connection, send)
        self._sockets.add(socket)
        try:
            await socket.run(receive)
        finally:
            self._sockets.discard(socket)

    def end_sessions(self, has_ended: Callable[[Identity], bool]) -> None:
        """Close the sockets whose sessions have ended."""
        for socket in list(self._sockets):
            socket.end_session(has_ended)

    async def run(self) -> None:
        """Send keep-alives until cancelled, to clients whose protocol has them."""
        while True:
            await asyncio.sleep(KEEP_ALIVE_SECONDS)
            self._keep_alive()

    def _keep_alive(self) -> None:
        """Send one keep-alive to each socket.

        Not a part of `run`, whose frame would refer to the last socket while it sleeps.
        """
        for socket in list(self._sockets):
            socket.keep_alive()

    async def drain(self) -> None:
        """Refuse new connections and close all sockets, spread over some time: clients resume at another process."""
        self._is_open = False
        sockets = list(self._sockets)
        for socket in sockets:
            socket.close(GOING_AWAY)
            await asyncio.sleep(min(DRAIN_SECONDS / len(sockets), DRAIN_PAUSE))
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):  # for messages that are still buffered
                while self._sockets:  # noqa: ASYNC110  # only once, at shutdown
                    await asyncio.sleep(0.01)


async def deny(send: Send, status: int, retry_after: int | None = None) -> None:
    """Refuse the handshake with an HTTP status, and with `Retry-After` in seconds if the client may try again."""
    headers = [(b"content-length", b"0")] + ([(b"retry-after", b"%d" % retry_after)] if retry_after else [])
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})
