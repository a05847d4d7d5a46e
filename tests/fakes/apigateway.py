"""API Gateway's WebSocket API in this process: real sockets, each message a call of a function, `@connections` by HTTP.

Messages of one socket are handled concurrently, as at AWS. `trouble` makes `@connections` answer otherwise.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import uuid4

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

Function = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
MOST_BYTES = 128 * 1024


class ApiGateway:
    """The API. `connect`, `disconnect` and `default` are its functions."""

    def __init__(self, connect: Function, disconnect: Function, default: Function) -> None:
        self._connect, self._disconnect, self._default = connect, disconnect, default
        self._sockets: dict[str, ServerConnection] = {}
        self._ids: dict[ServerConnection, tuple[str, Mapping[str, Any]]] = {}
        self._calls: set[asyncio.Task[Any]] = set()
        self.trouble: Callable[[str, str], int | None] = lambda connection, text: None
        self.posted: list[tuple[str, str]] = []
        self.handled: list[str] = []  # the connection of each message whose function has ended
        self.url = ""
        self.sockets_url = ""

    @property
    def connections(self) -> list[str]:
        """The ids of all open connections."""
        return list(self._sockets)

    def connections_from(self, ports: Collection[int]) -> set[str]:
        """Return the ids of those whose clients call from one of these ports."""
        return {id for id, socket in list(self._sockets.items()) if socket.remote_address[1] in ports}

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve on free ports while the block runs."""
        async with (
            serve(
                self._handle,
                "127.0.0.1",
                0,
                process_request=self._handshake,
                select_subprotocol=self._subprotocol,
                compression=None,  # which API Gateway does not have
                max_size=None,
                ping_interval=None,
            ) as sockets,
            await asyncio.start_server(self._manage, "127.0.0.1", 0) as http,
        ):
            self.url = f"ws://127.0.0.1:{_port(sockets)}/live"
            self.sockets_url = f"http://127.0.0.1:{_port(http)}/live"
            yield
            for socket in list(self._ids):
                await socket.close(1001)

    async def _handshake(self, socket: ServerConnection, request: Request) -> Response | None:
        connection = f"{uuid4().hex[:15]}="
        about = {"connectionId": connection, "connectedAt": _now(), "stage": "live"}
        context = {**about, "identity": {"sourceIp": "127.0.0.1"}}
        event = {
            "requestContext": {**context, "eventType": "CONNECT", "routeKey": "$connect"},
            "headers": dict(request.headers.raw_items()),
            "queryStringParameters": dict(parse_qsl(urlsplit(request.path).query)) or None,
        }
        answer = await self._connect(event)
        if answer["statusCode"] != HTTPStatus.OK:
            return socket.respond(HTTPStatus(answer["statusCode"]), "")
        self._ids[socket] = connection, {**context, "answer": answer}
        self._background(self._until_closed(socket))
        return None

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        call = asyncio.create_task(work)
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _until_closed(self, socket: ServerConnection) -> None:
        """Wait for a connection's end, even of one that was never used."""
        await socket.wait_closed()
        connection, context = self._ids.pop(socket)
        self._sockets.pop(connection, None)
        told = {"disconnectStatusCode": socket.close_code, "disconnectReason": socket.close_reason}
        told |= {"requestTimeEpoch": _now(), "requestId": uuid4().hex}
        event = {"requestContext": {**context, **told, "eventType": "DISCONNECT", "routeKey": "$disconnect"}}
        await self._disconnect(event)

    def _subprotocol(self, socket: ServerConnection, offered: Any) -> Subprotocol | None:
        chosen: Subprotocol = self._ids[socket][1]["answer"]["headers"]["Sec-WebSocket-Protocol"]
        return chosen

    async def _handle(self, socket: ServerConnection) -> None:
        connection, context = self._ids[socket]
        self._sockets[connection] = socket
        try:
            async for text in socket:
                self._background(self._call(context, text))
        except ConnectionClosed:
            pass

    async def _call(self, context: Mapping[str, Any], text: str | bytes) -> None:
        event = {
            "requestContext": {
                **context,
                "eventType": "MESSAGE",
                "routeKey": "$default",
                "requestTimeEpoch": _now(),
            },
            "body": text,
        }
        try:
            await self._default(event)
        except Exception:
            socket = self._sockets.get(context["connectionId"])
            if socket is not None:
                await socket.send('{"message": "Internal server error"}')
            raise
        finally:
            self.handled.append(context["connectionId"])

    async def _manage(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                first, *lines = head.split("\r\n")
                length = next(int(line[16:]) for line in lines if line.lower().startswith("content-length: "))
                text = (await reader.readexactly(length)).decode()
                method, path, _ = first.split(" ")
                status = await self._managed(method, unquote(path.rpartition("/")[2]), text)
                writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _managed(self, method: str, connection: str, text: str) -> int:
        status = self.trouble(connection, text)
        if status is not None:
            return status
        socket = self._sockets.get(connection)
        if socket is None:
            return 410
        if len(text.encode()) > MOST_BYTES:
            return 413
        try:
            if method == "DELETE":
                self._sockets.pop(connection)
                await socket.close(1000)
                return 204
            self.posted.append((connection, text))
            await socket.send(text)
        except ConnectionClosed:
            return 410
        return 200


def _port(server: Server | asyncio.Server) -> int:
    port: int = next(iter(server.sockets)).getsockname()[1]
    return port


def _now() -> int:
    """Return the milliseconds since 1970."""
    return time.time_ns() // 1_000_000
