"""What a connection still has to send: bounded, so that who takes too little neither delays others nor fills memory."""

import asyncio

MAX_BUFFERED_BYTES = 1024 * 1024  # waiting in one connection; more than that is too much
LAGGING_BYTES = 128 * 1024  # from here on what can wait should


class _Message:
    """Something to be sent. As long as it waits, the newest state of an operation can take its place."""

    __slots__ = ("state_of", "text")

    def __init__(self, text: str, state_of: str | None) -> None:
        self.text = text
        self.state_of = state_of


class SendBuffer:
    """Messages in their order. A state that was not sent yet gives way to a newer one of the same operation."""

    __slots__ = ("_messages", "_room", "_size", "_states", "_waiting")

    def __init__(self) -> None:
        self._messages: list[_Message] = []  # few: of the thousands of connections hardly any has something waiting
        self._states: dict[str, _Message] = {}  # those among them, by operation
        self._size = 0
        self._waiting: asyncio.Future[None] | None = None
        self._room: asyncio.Event | None = None

    def put(self, text: str, state_of: str | None = None) -> bool:
        """Queue a message; whether there was room for it. `state_of` names the operation whose newest state it is."""
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
        """Whether much is waiting."""
        return self._size > LAGGING_BYTES

    async def drained(self) -> None:
        """Wait until that is no longer so."""
        self._room = self._room or asyncio.Event()
        while self.is_lagging:
            self._room.clear()
            await self._room.wait()

    def clear(self) -> None:
        """Forget what waits."""
        self._messages.clear()
        self._states.clear()
        self._size = 0
        if self._room is not None:
            self._room.set()

    async def take(self) -> str:
        """The next message, once there is one."""
        while (text := self.next()) is None:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return text

    def next(self) -> str | None:
        """The next message, if there is one."""
        if not self._messages:
            return None
        message = self._messages.pop(0)
        self._size -= len(message.text)
        if message.state_of is not None:
            del self._states[message.state_of]
        if self._room is not None and not self.is_lagging:
            self._room.set()
        return message.text
