"""HTTP/1.1 over persistent connections, limited to the needs of AWS's services."""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser

from milequest.store.away import Away

MOST_CONNECTIONS = 64
SECONDS = 10.0  # for any response


@dataclass(frozen=True, slots=True)
class Response:
    """A response."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Address to connect to."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Endpoint":
        """Return the origin of a URL."""
        parts = urlsplit(url)
        return cls(parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))

    @property
    def header(self) -> str:
        """The header `host`."""
        usual = self.port == (443 if self.scheme == "https" else 80)
        return self.host if usual else f"{self.host}:{self.port}"


class Http:
    """A client with persistent connections. At most MOST_CONNECTIONS requests run at once, the others wait."""

    def __init__(self) -> None:
        self._idle: defaultdict[Endpoint, list[_HttpConnection]] = defaultdict(list)
        self._slots = asyncio.Semaphore(MOST_CONNECTIONS)
        self._tls: ssl.SSLContext | None = None

    async def request(
        self, origin: Endpoint, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        """Send a request and return its response. Raises Away when there is none."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{method} {path} HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n"
        try:
            async with self._slots, asyncio.timeout(SECONDS):
                return await self._exchange(origin, head.encode() + body)
        except OSError as error:
            raise Away(str(error) or type(error).__name__) from error

    def close(self) -> None:
        """Close idle connections."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    async def _exchange(self, origin: Endpoint, request: bytes) -> Response:
        connection = await self._connection(origin)
        try:
            response = await connection.exchange(request)
        except BaseException:
            connection.close()
            raise
        if connection.is_open:
            self._idle[origin].append(connection)
        return response

    async def _connection(self, origin: Endpoint) -> "_HttpConnection":
        idle = self._idle[origin]
        while idle:
            connection = idle.pop()
            if connection.is_open:
                return connection
        if origin.scheme == "https" and self._tls is None:
            self._tls = ssl.create_default_context()
        tls = self._tls if origin.scheme == "https" else None
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(_HttpConnection, origin.host, origin.port, ssl=tls)
        return made


class _HttpConnection(asyncio.Protocol):
    """One connection with one exchange at a time."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self._transport: Any = None
        self._answer: asyncio.Future[Response] | None = None
        self._body = b""
        self.is_open = True

    async def exchange(self, request: bytes) -> Response:
        """Send a request and wait for the response."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close the connection."""
        self.is_open = False
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self.connection_lost(ConnectionError(f"no HTTP: {error}"))
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("closed before the answer"))

    def on_body(self, body: bytes) -> None:
        """Append a part of the response's body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Complete the response."""
        response = Response(self._parser.get_status_code(), self._body)
        self._body = b""
        if not self._parser.should_keep_alive():
            self.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(response)
