"""Bounds on an HTTP client before any endpoint sees its request: bytes, seconds and connections."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from milequest.rules.errors import ErrorCode
from milequest.rules.pictures import MAX_BYTES
from subscriptions.quotas import ConnectionQuota, ProcessQuota

MAX_URL_BYTES: Final = 16 * 1024
MAX_HEAD_BYTES: Final = 48 * 1024  # of the request line and all header lines
MAX_HEADER_LINES: Final = 100
MAX_REQUEST_BYTES: Final = MAX_BYTES + 64 * 1024  # the largest body of any endpoint is a form with a picture
FRAMING_BYTES: Final = 16 * 1024  # of chunk sizes, extensions and trailers, beside a quarter of the data they frame

LINGERING_PER_NETWORK: Final = 8  # refused connections that are kept open to read the refusal

Network: TypeAlias = IPv4Network | IPv6Network

CODES: Final = {429: ErrorCode.RATE_LIMITED, 503: ErrorCode.UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class ClientTimeouts:
    """Time limits of an HTTP client, in seconds."""

    head: float = 10.0  # to send a whole head, from its connection or the head's first byte on
    progress: float = 30.0  # between two parts of a body
    body: float = 300.0  # to send a whole body
    idle: float = 5.0  # until the next request on a connection
    proxy_idle: float = 330.0  # for a proxy; a proxy that keeps connections longer (ours: 300) answers 502 now and then
    linger: float = 2.0  # to read a refusal and stop sending


@dataclass(frozen=True, slots=True)
class SocketBounds:
    """State shared by a server's connections: the time limits, the slots taken, and the proxies that need none."""

    process_quota: ProcessQuota
    per_network: ConnectionQuota
    lingering: ConnectionQuota
    proxies: Sequence[Network] = ()
    timeouts: ClientTimeouts = field(default_factory=ClientTimeouts)

    @classmethod
    def of(
        cls, most: int, proxies: Sequence[str], timeouts: ClientTimeouts, process_quota: ProcessQuota
    ) -> "SocketBounds":
        """Return the bounds: `most` connections of one network, which proxies may exceed, within the process' quota."""
        lingering = ConnectionQuota(LINGERING_PER_NETWORK, process_quota)
        return cls(
            process_quota, ConnectionQuota(most, process_quota), lingering, tuple(map(ip_network, proxies)), timeouts
        )

    def is_proxy(self, address: str) -> bool:
        """Return whether an address is that of a trusted proxy."""
        try:
            return any(ip_address(address) in one for one in self.proxies)
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Refusal of input before any endpoint sees it."""

    status: int
    message: str
    headers: Sequence[tuple[bytes, bytes]] = ()

    def response(self) -> bytes:
        """Return the whole response, in the form of every other refusal. The connection is closed after it."""
        code = CODES.get(self.status, ErrorCode.VALIDATION_ERROR)
        body = orjson.dumps({"errors": [{"message": self.message, "extensions": {"code": code.value}}]})
        lines = [
            (b"content-type", b"application/json; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"connection", b"close"),
            *self.headers,
        ]
        return STATUS_LINE[self.status] + b"".join(b"%b: %b\r\n" % line for line in lines) + b"\r\n" + body


NOT_HTTP: Final = Refusal(400, "Invalid HTTP request received.")
LONG_URL: Final = Refusal(414, f"A URL has {MAX_URL_BYTES // 1024} KB at most.")
LARGE_HEAD: Final = Refusal(
    431, f"A request has {MAX_HEADER_LINES} header lines at most, and {MAX_HEAD_BYTES // 1024} KB before its body."
)
LARGE_BODY: Final = Refusal(413, f"A body has {MAX_REQUEST_BYTES // 1024} KB at most.")
FRAMED: Final = Refusal(400, "The body's chunks are too small, or what is between them is too large.")
SLOW_HEAD: Final = Refusal(408, "The request's head did not come in time.")
SLOW_BODY: Final = Refusal(408, "The request's body did not come in time.")
FULL: Final = Refusal(503, "Too many connections.", [(b"retry-after", b"10")])
CROWDED: Final = Refusal(429, "Too many connections from this network.", [(b"retry-after", b"10")])
NO_HOST: Final = Refusal(400, "A request of HTTP/1.1 has one line `Host`.")
NO_TUNNEL: Final = Refusal(405, "This is no proxy.", [(b"allow", b"GET, POST")])
NO_HANDSHAKE: Final = Refusal(400, "This is no WebSocket handshake of version 13.", [(b"sec-websocket-version", b"13")])
NOT_BY_GET: Final = Refusal(405, "A WebSocket handshake is a GET without a body.", [(b"allow", b"GET")])
