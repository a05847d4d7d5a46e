"""WebSockets as uvicorn serves them, within bounds, and without two costs when thousands reconnect at once: parsing the
handshake again, and uvicorn's way of writing.
"""

import base64
import binascii
import struct
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.protocol import Protocol, State
from websockets.utils import accept_key

from subscriptions.direct_transport import EXTENSION
from subscriptions.quotas import FRAMES_BURST, FRAMES_PER_SECOND, MAX_FRAGMENTS, RateLimiter

if TYPE_CHECKING:
    from app.http_connections import HttpConnection

PIECE_BYTES = 4 * 1024  # parsed at once: a packet has room for tens of thousands of empty frames
TEXT = 0x81  # first byte of a final text frame

Headers = Sequence[tuple[bytes, bytes]]


def sound_key(version: str, headers: Headers) -> str | None:
    """Return the key of a GET that asks for a WebSocket, if it is a handshake of RFC 6455, section 4.2.1."""
    given = defaultdict(list)
    for name, value in headers:
        given[name].append(value)
    keys, versions = given[b"sec-websocket-key"], given[b"sec-websocket-version"]
    if version != "1.1" or versions != [b"13"] or len(keys) != 1 or len(given[b"upgrade"]) != 1:
        return None
    try:
        is_sound = len(base64.b64decode(keys[0], validate=True)) == 16
    except binascii.Error:
        return None
    return keys[0].decode() if is_sound else None


class Upgrade(WebSocketsSansIOProtocol):
    """A connection that was HTTP and becomes a WebSocket. It is the `DirectTransport` of its scope."""

    _key: str | None = None  # of a sound handshake that the application has not answered yet
    _slot: Callable[[], None] | None = None

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._held: list[Callable[[], None]] = []  # called once the connection is closed

    def on_close(self, call: Callable[[], None]) -> None:
        """Call `call` once the connection is closed; at once, if it is already."""
        if self.disconnected:
            call()
        else:
            self._held.append(call)

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the slots of the closed connection."""
        super().connection_lost(exc)
        self._release_slot()
        held, self._held = self._held, []
        for give_back in held:
            give_back()

    def _release_slot(self) -> None:
        """Release the slot of the HTTP connection."""
        slot, self._slot = self._slot, None
        if slot is not None:
            slot()

    def adopt(self, http: "HttpConnection", key: str, early: bytes, slot: Callable[[], None] | None) -> None:
        """Take over a connection with a valid handshake, as `connection_made` and `handle_connect` but without parsing
        it. `early` are bytes that the client sent after it; nothing more is read until it is answered. The `slot` of
        HTTP is released when it is accepted, as it has one as a WebSocket by then.
        """
        self._key, self._early, self._slot = key, early, slot
        self._frames = RateLimiter(FRAMES_BURST, FRAMES_PER_SECOND)
        self._pong = b""  # the newest pong that waits for room
        self.transport, self.server, self.client = http.transport, http.server, http.client
        self.transport.pause_reading()
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
        """Answer a handshake; other messages are uvicorn's."""
        if self._key is None or message["type"] != "websocket.accept":
            await super().send(message)
            if message["type"] == "websocket.http.response.body":
                self.handshake_complete = True  # a refusal is an answer too, which uvicorn logs as an error otherwise
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
        self._release_slot()
        self.conn.state, self.conn.parser = State.OPEN, Protocol.parse(self.conn)  # which waited for the handshake
        next(self.conn.parser)
        self.handshake_complete = True
        lines = b"".join(b"%b: %b\r\n" % line for line in head)
        self.transport.write(b"HTTP/1.1 101 Switching Protocols\r\n%b\r\n" % lines)
        self.start_keepalive()
        self.transport.resume_reading()
        early, self._early = self._early, b""
        self.data_received(early)

    def data_received(self, data: bytes) -> None:
        """Read received data, as long as it is within bounds."""
        if not self.handshake_complete:
            self._early += data
            return
        view = memoryview(data)
        for start in range(0, len(view), PIECE_BYTES):
            if self.transport.is_closing():
                return
            super().data_received(view[start : start + PIECE_BYTES])  # type: ignore[arg-type]  # which it copies

    def handle_events(self) -> None:
        """Handle frames, unless there are too many."""
        if self._frames.try_acquire(len(self.conn.events)):
            super().handle_events()
        else:
            self._fail(CloseCode.POLICY_VIOLATION, "Too many frames")

    def handle_cont(self, event: Frame) -> None:
        """Take the next fragment of a message."""
        if self.close_sent:
            return
        if len(self.frames) < MAX_FRAGMENTS:
            super().handle_cont(event)
        else:
            self._fail(CloseCode.POLICY_VIOLATION, "Too many fragments")

    def handle_ping(self) -> None:
        """Answer pings; only the newest of those whose answers the client doesn't read (RFC 6455, 5.5.3)."""
        pongs = self.conn.data_to_send()
        if self.transport.is_closing():
            return
        if self.writable.is_set():
            self.transport.write(b"".join(pongs))
        elif pongs:
            self._pong = pongs[-1]

    def resume_writing(self) -> None:
        """Send data that waited for room."""
        super().resume_writing()
        pong, self._pong = self._pong, b""
        if pong and not self.transport.is_closing():
            self.transport.write(pong)

    def send_receive_event_to_app(self) -> None:
        """Pass on a message. Text that is not UTF-8 closes the connection as a fault of the client."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self._fail(CloseCode.INVALID_DATA, "Text is UTF-8")
                return
        super().send_receive_event_to_app()

    def _fail(self, code: CloseCode, reason: str) -> None:
        """Send the reason, if none was sent yet, and drop the connection."""
        self.conn.fail(code, reason)
        self.handle_parser_exception()

    @property
    def has_room(self) -> bool:
        """True if the transport takes more."""
        return self.writable.is_set()

    async def drained(self) -> None:
        """Wait until the transport takes more, or the connection is closed."""
        await self.writable.wait()

    def write(self, *texts: str) -> None:
        """Send text messages: as `send` does one, but without the cost of distinguishing kinds of messages."""
        if not self.close_sent and not self.transport.is_closing():
            payloads = [text.encode() for text in texts]
            self.transport.write(b"".join([part for one in payloads for part in (_head(len(one)), one)]))


def _head(size: int) -> bytes:
    """Return the header of a frame with so many bytes of text, unmasked: RFC 6455, section 5.2."""
    if size < 126:
        return bytes((TEXT, size))
    if size < 65_536:
        return struct.pack("!BBH", TEXT, 126, size)
    return struct.pack("!BBQ", TEXT, 127, size)
