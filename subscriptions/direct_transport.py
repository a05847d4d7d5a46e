"""Direct writes to a WebSocket of a long-lived server: to the server's own connection, bypassing ASGI's `send`.

A message to ten thousand sockets is ten thousand calls; `send` would make each of them a coroutine.
"""

from collections.abc import Callable
from typing import Protocol

EXTENSION = "milequest.wire"  # its key in the ASGI scope's extensions


class DirectTransport(Protocol):
    """Connection after its handshake."""

    @property
    def has_room(self) -> bool:
        """True if a write is taken at once: little is buffered, and the connection is open."""

    async def drained(self) -> None:
        """Wait until there is room, or the connection is closed."""

    def write(self, *texts: str) -> None:
        """Send text messages, together; none once the connection is going."""

    def on_close(self, call: Callable[[], None]) -> None:
        """Have something called once nothing is left of the connection; at once, if nothing is."""
