"""A small application, served as the service is on the test's own loop, and raw sockets to use it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.serve import configured, listen


@dataclass(slots=True)
class Raw:
    """A connection to write bytes to."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *parts: bytes) -> None:
        """Write each part by itself, as far as the server accepts it."""
        for part in parts:
            self.writer.write(part)
            try:
                await self.writer.drain()
            except ConnectionError:
                return
            await asyncio.sleep(0)

    async def response(self) -> tuple[int, str, bytes]:
        """Return the next response: its status, its head in lower case, and its body."""
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 20)).decode().lower()
        length = head.partition("content-length: ")[2].partition("\r\n")[0]
        return int(head.split(" ")[1]), head, await self.reader.readexactly(int(length or 0))

    async def rest(self) -> bytes:
        """Return all bytes until the server closes the connection."""
        got = b""
        try:
            while piece := await asyncio.wait_for(self.reader.read(65_536), 20):
                got += piece
        except ConnectionResetError:
            pass  # it closed while we still sent
        return got


async def echo(request: Request) -> JSONResponse:
    """Answer with the method, the headers and the body of the request."""
    body = (await request.body()).decode()
    return JSONResponse({"method": request.method, "headers": dict(request.headers), "body": body})


async def unread(request: Request) -> JSONResponse:
    """Answer without reading the body."""
    return JSONResponse({})


async def gated(request: Request) -> JSONResponse:
    """Answer as soon as the test opens the gate."""
    await request.app.state.gate.wait()
    return JSONResponse({})


async def texts(socket: WebSocket) -> None:
    """Echo each message."""
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except (WebSocketDisconnect, KeyError):
        pass


@dataclass(slots=True)
class Served:
    """A served application."""

    port: int
    gate: asyncio.Event
    connections: set[Any]

    @asynccontextmanager
    async def raw(self, window: int = 0, address: str = "127.0.0.1") -> AsyncIterator[Raw]:
        """A connection to it, from an address; with so many bytes of room for what is not read yet."""
        ours = socket.socket()
        ours.bind((address, 0))
        if window:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        ours.setblocking(False)
        await asyncio.get_running_loop().sock_connect(ours, ("127.0.0.1", self.port))
        reader, writer = await asyncio.open_connection(sock=ours)
        try:
            yield Raw(reader, writer)
        finally:
            writer.close()


@asynccontextmanager
async def served(**options: Any) -> AsyncIterator[Served]:
    """Serve it while the block runs, with `options` of `configured`."""
    routes = [Route("/", echo, methods=["GET", "POST"]), Route("/unread", unread, methods=["GET", "POST"])]
    app = Starlette(routes=[*routes, Route("/gated", gated), WebSocketRoute("/", texts)])
    app.state.gate = asyncio.Event()
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(configured(app, **options))
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started:  # uvicorn has no event for it
            assert not serving.done(), "the server ended while starting"
            await asyncio.sleep(0.01)
        try:
            yield Served(listener.getsockname()[1], app.state.gate, server.server_state.connections)
        finally:
            app.state.gate.set()
            server.should_exit = True
            await serving
