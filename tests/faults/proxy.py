"""A TCP proxy before a server's Unix socket, which breaks a conversation at a given byte."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum

CHUNK = 65_536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Kind(StrEnum):
    """Kind of fault."""

    RESET = "reset"  # RST to both sides
    CLOSE = "close"  # FIN to both sides
    HALF_CLOSE = "half-close"  # FIN to the receiver; the other direction goes on
    STALL = "stall"  # no more bytes are forwarded in this direction
    GARBLE = "garble"  # this byte arrives as another, the rest as it is


class Way(StrEnum):
    """Direction of bytes."""

    TO_SERVER = "to the server"
    TO_CLIENT = "to the client"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault at the byte number `at` of a direction, in its place or instead of forwarding it."""

    kind: Kind
    way: Way
    at: int


@dataclass
class Proxy:
    """A listening proxy. The fault happens once, to the connection that reaches it first; others are not harmed."""

    path: str
    fault: Fault | None = None
    port: int = 0
    said: dict[Way, bytearray] = field(default_factory=lambda: {way: bytearray() for way in Way})  # by the first one
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _count: int = 0
    _thawed: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward bytes both ways."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._count += 1
        is_first = self._count == 1
        await self._thawed.wait()
        server_reader, server_writer = await asyncio.open_unix_connection(self.path)
        writers = (writer, server_writer)
        try:
            with contextlib.suppress(asyncio.CancelledError):  # from `end`
                await asyncio.gather(
                    self._carry(reader, server_writer, writers, Way.TO_SERVER, is_first),
                    self._carry(server_reader, writer, writers, Way.TO_CLIENT, is_first),
                )
        finally:
            self._tasks.discard(task)
            for one in writers:
                one.transport.abort()

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
        way: Way,
        is_first: bool,
    ) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._thawed.wait()
                if is_first:
                    self.said[way] += data
                fault = self.fault
                if fault is not None and fault.way is way and passed <= fault.at < passed + len(data):
                    self.fault = None
                    data = await self._break(fault, data, fault.at - passed, reader, writers)
                passed += len(data)
                writer.write(data)
                await writer.drain()
            writer.write_eof()

    async def _break(
        self,
        fault: Fault,
        data: bytes,
        index: int,
        reader: asyncio.StreamReader,
        writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
    ) -> bytes:
        """Forward the bytes before it, and cause the fault; return the bytes to be forwarded then."""
        if fault.kind is Kind.GARBLE:
            return data[:index] + bytes([data[index] ^ 0xA5]) + data[index + 1 :]
        writer = writers[fault.way is Way.TO_SERVER]
        writer.write(data[:index])
        await writer.drain()
        if fault.kind in (Kind.HALF_CLOSE, Kind.STALL):
            if fault.kind is Kind.HALF_CLOSE:
                writer.write_eof()
            while await reader.read(CHUNK):  # until the other side closes
                pass
        elif fault.kind is Kind.RESET:
            for one in writers:
                one.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        for one in writers:
            if fault.kind is Kind.CLOSE:
                one.close()
            else:
                one.transport.abort()
        raise ConnectionAbortedError

    def freeze(self) -> None:
        """Accept all bytes, and forward none: like a server that hangs."""
        self._thawed.clear()

    def thaw(self) -> None:
        """Forward again."""
        self._thawed.set()

    def end(self) -> None:
        """End all connections."""
        for task in self._tasks:
            task.cancel()


@contextlib.asynccontextmanager
async def proxying(path: str, fault: Fault | None = None) -> AsyncIterator[Proxy]:
    """Run a proxy on a free port of the loopback before the socket at `path`."""
    proxy = Proxy(path, fault)
    proxy.thaw()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.end()


@contextlib.asynccontextmanager
async def terminating_tls(path: str, target: str, context: ssl.SSLContext) -> AsyncIterator[None]:
    """Terminate TLS, as PostgreSQL begins it, at the socket `path`, before the socket `target` which has none."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with contextlib.suppress(OSError, EOFError):
                await reader.readexactly(8)  # SSLRequest
                writer.write(b"S")
                await writer.start_tls(context)
                there_reader, there_writer = await asyncio.open_unix_connection(target)
                both = [
                    asyncio.create_task(_relay(reader, there_writer)),
                    asyncio.create_task(_relay(there_reader, writer)),
                ]
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                for one in (writer, there_writer):
                    one.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_unix_server(serve, path)
    try:
        yield
    finally:
        server.close()
        for task in tasks:
            task.cancel()


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
