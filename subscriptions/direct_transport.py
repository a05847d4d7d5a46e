"""What a WebSocket of a long-lived server is written to: the server's own connection, without a step in between.

A message to ten thousand sockets is ten thousand calls; ASGI's `send` would make each of them a coroutine.
"""

from collections.abc import Callable
from typing import Protocol

EXTENSION = "milequest.wire"  # where an ASGI scope's extensions have it


class DirectTransport(Protocol):
    """A connection whose handshake is done."""

    @property
    def has_room(self) -> bool:
        """Whether what is written now is taken at once: neither waits much already, nor is it over."""

    async def drained(self) -> None:
        """Wait until that is so, or the connection is gone."""

    def write(self, *texts: str) -> None:
        """Send text messages, together; none once the connection is going."""

    def when_lost(self, call: Callable[[], None]) -> None:
        """Have something called once nothing is left of the connection; at once, if nothing is."""
