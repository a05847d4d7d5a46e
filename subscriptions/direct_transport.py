"""Direct writes to a WebSocket of a long-lived server: to the server's own connection, bypassing ASGI's `send`.

A message to ten thousand sockets is ten thousand calls; `send` would make each of them a coroutine.
"""

from collections.abc import Callable
from typing import Protocol

EXTENSION = "milequest.wire"  # its key in the ASGI scope's extensions


class DirectTransport(Protocol):
    """Connection of the server after its handshake, as seen by a socket."""

    @property
    def has_room(self) -> bool:
        """True if the connection is open and little is buffered, so that a write is accepted."""

    async def drained(self) -> None:
        """Wait until there is room, or the connection is closed."""

    def write(self, *texts: str) -> None:
        """Send text messages in one write; nothing once the connection is closing."""

    def on_close(self, call: Callable[[], None]) -> None:
        """Call `call` once the connection is closed; at once, if it is already."""
