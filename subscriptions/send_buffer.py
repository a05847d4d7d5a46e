"""A connection's send buffer: bounded, so that a slow client neither delays others nor fills memory."""

import asyncio

MAX_BUFFERED_BYTES = 1024 * 1024  # of one connection; beyond it no message is accepted
LAGGING_BYTES = 128 * 1024  # beyond it a replay waits


class _Message:
    """Buffered message. While it waits, a newer state of the same operation replaces its text."""

    __slots__ = ("state_of", "text")

    def __init__(self, text: str, state_of: str | None) -> None:
        self.text = text
        self.state_of = state_of


class SendBuffer:
    """Messages in their order. A newer state replaces an unsent one of the same operation."""

    __slots__ = ("_messages", "_room", "_size", "_states", "_waiting")

    def __init__(self) -> None:
        self._messages: list[_Message] = []  # created on demand: few connections have buffered messages
        self._states: dict[str, _Message] = {}  # the states among them, by operation
        self._size = 0
        self._waiting: asyncio.Future[None] | None = None
        self._room: asyncio.Event | None = None

    def put(self, text: str, state_of: str | None = None) -> bool:
        """Queue a message; return whether there was room. `state_of` names the operation whose newest state it is."""
        older = self._states.get(state_of) if state_of is not None else None
        if older is not None:
            self._size += len(text) - len(older.text)
            older.text = text
            return True
        if self._size > MAX_BUFFERED_BYTES:
            return False
        message = _Message(text, state_of)
        self._messages.append(message)
        self._size += len(text)
        if state_of is not None:
            self._states[state_of] = message
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
        return True

    @property
    def is_lagging(self) -> bool:
        """True if more than LAGGING_BYTES are waiting."""
        return self._size > LAGGING_BYTES

    async def drained(self) -> None:
        """Wait until it is no longer lagging."""
        self._room = self._room or asyncio.Event()
        while self.is_lagging:
            self._room.clear()
            await self._room.wait()

    def clear(self) -> None:
        """Discard all messages."""
        self._messages.clear()
        self._states.clear()
        self._size = 0
        if self._room is not None:
            self._room.set()

    async def take(self) -> str:
        """Wait for the next message and return it."""
        while (text := self.next()) is None:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return text

    def next(self) -> str | None:
        """Return the next message; None if there is none."""
        if not self._messages:
            return None
        message = self._messages.pop(0)
        self._size -= len(message.text)
        if message.state_of is not None:
            del self._states[message.state_of]
        if self._room is not None and not self.is_lagging:
            self._room.set()
        return message.text
