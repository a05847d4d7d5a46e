"""WebSockets as uvicorn serves them, but for two things: a handshake that it leaves waiting, and how we write."""

import struct
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from subscriptions.wires import EXTENSION

REFUSED = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TEXT = 0x81  # a final frame's first byte


class Upgrade(WebSocketsSansIOProtocol):
    """A connection that was HTTP and is to be a WebSocket. It is the `Wire` of its scope."""

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

    def write(self, text: str) -> None:
        """Send a text message: what `send` does for one, but for what tells it from all other things to be sent."""
        if not self.close_sent and not self.transport.is_closing():
            payload = text.encode()
            self.transport.write(_head(len(payload)) + payload)


def _head(size: int) -> bytes:
    """What stands before so many bytes of text, unmasked: RFC 6455, section 5.2."""
    if size < 126:
        return bytes((TEXT, size))
    if size < 65_536:
        return struct.pack("!BBH", TEXT, 126, size)
    return struct.pack("!BBQ", TEXT, 127, size)
