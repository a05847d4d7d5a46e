"""HTTP and WebSockets as uvicorn serves them, but for what thousands that come back at once cost: the handshake, which
it reads a second time, and how we write.
"""

import base64
import binascii
import re
import struct
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import Protocol, State
from websockets.utils import accept_key

from subscriptions.wires import EXTENSION

REFUSED = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TEXT = 0x81  # a final frame's first byte
ABSOLUTE = re.compile(rb"[a-z][a-z0-9+.-]*://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)  # a target with its host
MAX_LINE = 8_192  # bytes of a header, as the `websockets` package has it

Headers = Sequence[tuple[bytes, bytes]]


class Http(HttpToolsProtocol):
    """A connection of HTTP. A sound handshake goes on as it was read here; what is odd about another, uvicorn says."""

    def on_headers_complete(self) -> None:
        """Go on with a head. A host in its target is the one that is asked, whatever `Host` says: RFC 9112, 3.2.2."""
        if absolute := ABSOLUTE.match(self.url):
            host, target = absolute.groups()
            self.url = target if target.startswith(b"/") else b"/" + target
            self.headers[:] = [(name, value) for name, value in self.headers if name != b"host"] + [(b"host", host)]
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection to a WebSocket."""
        key = sound_key(self.scope["method"], self.scope["http_version"], self.url, self.headers)
        if key is None:
            super().handle_websocket_upgrade()
            return
        self.connections.discard(self)
        upgrade = Upgrade(self.config, self.server_state, self.app_state)
        self.transport.set_protocol(upgrade)
        upgrade.take(self, key)


def sound_key(method: str, version: str, url: bytes, headers: Headers) -> str | None:
    """The key of a handshake that needs no second look: RFC 6455, section 4.2.1. That it asks to upgrade is known."""
    given = defaultdict(list)
    for name, value in headers:
        if len(name) + len(value) > MAX_LINE:
            return None
        given[name].append(value)
    keys, versions = given[b"sec-websocket-key"], given[b"sec-websocket-version"]
    if method != "GET" or version != "1.1" or versions != [b"13"] or len(keys) != 1 or len(given[b"upgrade"]) != 1:
        return None
    if len(url) > MAX_LINE:
        return None
    try:
        is_sound = len(base64.b64decode(keys[0], validate=True)) == 16
    except binascii.Error:
        return None
    return keys[0].decode() if is_sound else None


class Upgrade(WebSocketsSansIOProtocol):
    """A connection that was HTTP and is to be a WebSocket. It is the `Wire` of its scope."""

    _key: str | None = None  # of a sound handshake that the application has not answered yet

    def take(self, http: Http, key: str) -> None:
        """Go on with a sound handshake: what `connection_made` and `handle_connect` do, but for reading it again."""
        self._key = key
        self.transport, self.server, self.client = http.transport, http.server, http.client
        self.scheme = "wss" if http.scheme == "https" else "ws"
        self.connections.add(self)
        self.handshake_initiated = True
        raw_path, _, query = http.url.partition(b"?")
        offers = [value.decode("latin-1") for name, value in http.headers if name == b"sec-websocket-protocol"]
        self.scope = {
            "type": "websocket",
            "asgi": {"version": self.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": self.scheme,
            "server": self.server,
            "client": self.client,
            "root_path": self.root_path,
            "path": self.root_path + unquote(raw_path.decode("latin-1")),
            "raw_path": self.root_path.encode() + raw_path,
            "query_string": query,
            "headers": http.headers,
            "subprotocols": [one.strip() for offer in offers for one in offer.split(",")],
            "state": self.app_state.copy(),
            "extensions": cast(Any, {"websocket.http.response": {}, EXTENSION: self}),
        }
        self.queue.put_nowait({"type": "websocket.connect"})
        task = self.loop.create_task(self.run_asgi())
        task.add_done_callback(self.on_task_complete)
        self.tasks.add(task)

    async def send(self, message: Any) -> None:
        """Accept a sound handshake; all else is uvicorn's."""
        if self._key is None or message["type"] != "websocket.accept":
            await super().send(message)
            return
        if self.transport.is_closing():
            raise ClientDisconnected
        head = [
            (b"Upgrade", b"websocket"),
            (b"Connection", b"Upgrade"),
            (b"Sec-WebSocket-Accept", accept_key(self._key).encode()),
            *self.default_headers,
            *message.get("headers", ()),
        ]
        if (protocol := message.get("subprotocol")) is not None:
            head.append((b"Sec-WebSocket-Protocol", protocol.encode()))
        self._key = None
        self.conn.state, self.conn.parser = State.OPEN, Protocol.parse(self.conn)  # which waited for the handshake
        next(self.conn.parser)
        self.handshake_complete = True
        lines = b"".join(b"%b: %b\r\n" % line for line in head)
        self.transport.write(b"HTTP/1.1 101 Switching Protocols\r\n%b\r\n" % lines)
        self.start_keepalive()

    def data_received(self, data: bytes) -> None:
        """Refuse what is no handshake: in one that HTTP's parser took, that is a header line of more than 8 KB."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(REFUSED)
            self.transport.close()

    def handle_connect(self, event: Any) -> None:
        """Begin the handshake, and hand ourselves on."""
        super().handle_connect(event)
        if not self.close_sent:  # else it was refused, and there is no scope
            cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = self

    @property
    def has_room(self) -> bool:
        """Whether the transport takes more."""
        return self.writable.is_set()

    async def room(self) -> None:
        """Wait for that."""
        await self.writable.wait()

    def write(self, *texts: str) -> None:
        """Send text messages: what `send` does for one, but for what tells it from all other things to be sent."""
        if not self.close_sent and not self.transport.is_closing():
            payloads = [text.encode() for text in texts]
            self.transport.write(b"".join([part for one in payloads for part in (_head(len(one)), one)]))


def _head(size: int) -> bytes:
    """What stands before so many bytes of text, unmasked: RFC 6455, section 5.2."""
    if size < 126:
        return bytes((TEXT, size))
    if size < 65_536:
        return struct.pack("!BBH", TEXT, 126, size)
    return struct.pack("!BBQ", TEXT, 127, size)
