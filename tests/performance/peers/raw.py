"""The limit of one process: `broadcast.py` by hand from the TCP connection up. It reads only what the bench sends."""

import asyncio
import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Callable
from socket import socket
from typing import Any, cast

import orjson
import uvloop

from subscriptions.protocols.protocol_steps import ACK
from tests.performance.peers.broadcast import prepared

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = re.compile(rb"sec-websocket-key: *(\S+)", re.IGNORECASE)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_PATH = re.compile(rb"/tell/(\S+)")
_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"

_sockets: defaultdict[str, set[asyncio.Transport]] = defaultdict(set)
_newest: dict[str, bytes] = {}


def _frame(payload: bytes) -> bytes:
    size = len(payload)
    return (bytes([0x81, size]) if size < 126 else b"\x81\x7e" + size.to_bytes(2, "big")) + payload


class Connection(asyncio.Protocol):
    """A socket or a connection for events."""

    __slots__ = ("_got", "_is_socket", "_topic", "_transport")

    def __init__(self) -> None:
        self._got = b""
        self._is_socket = False
        self._topic = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        _sockets[self._topic].discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._got += data
        while (end := self._message() if self._is_socket else self._request()) > 0:
            self._got = self._got[end:]

    def _request(self) -> int:
        head, blank, body = self._got.partition(b"\r\n\r\n")
        if not blank:
            return 0
        if key := _KEY.search(head):
            self._accept(key[1])
            return len(head) + 4
        length, path = _LENGTH.search(head), _PATH.search(head)
        assert length, head
        assert path, head
        size = int(length[1])
        if len(body) < size:
            return 0
        self._tell(path[1].decode(), body[:size])
        return len(head) + 4 + size

    def _accept(self, key: bytes) -> None:
        self._is_socket = True
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        named = b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        self._transport.write(head + b"Sec-WebSocket-Accept: " + accept + b"\r\n" + named)

    def _tell(self, topic: str, result: bytes) -> None:
        _newest[topic] = frame = _frame(prepared(result.decode()).encode())
        for transport in _sockets[topic]:
            transport.write(frame)
        self._transport.write(_OK)

    def _message(self) -> int:
        got = self._got
        if len(got) < 6:
            return 0
        size, begin = got[1] & 127, 6
        if size == 126:
            size, begin = int.from_bytes(got[2:4], "big"), 8
        if len(got) < begin + size:
            return 0
        mask = int.from_bytes((got[begin - 4 : begin] * (size // 4 + 1))[:size], "big")
        text = (int.from_bytes(got[begin : begin + size], "big") ^ mask).to_bytes(size, "big")
        self._hear(orjson.loads(text) if got[0] == 0x81 else {})
        return begin + size

    def _hear(self, said: dict[str, Any]) -> None:
        if said.get("type") == "connection_init":
            self._transport.write(_frame(ACK.encode()))
        elif said.get("type") == "subscribe":
            self._topic = said["payload"]["variables"]["team"]
            _sockets[self._topic].add(self._transport)
            self._transport.write(_newest[self._topic])


def serve(listener: socket, ready: Callable[[], None]) -> None:
    """Serve until the process is ended."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Connection, sock=listener, backlog=2048)
        ready()
        await server.serve_forever()

    uvloop.run(run())
