"""Lines of those who wait for the same thing: first come, first served."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

LONGEST = 200  # who may stand in one line


class LineTooLongError(Exception):
    """So many wait already that it makes no sense to wait."""


@dataclass(slots=True)
class _Line:
    front: asyncio.Lock = field(default_factory=asyncio.Lock)
    length: int = 0


class Turns:
    """A line for each key, in this process."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}

    def __len__(self) -> int:
        return len(self._lines)

    @asynccontextmanager
    async def turn(self, key: str, until: float) -> AsyncGenerator[None, None]:
        """For a block that one at a time runs of those who name `key`.

        Raises LineTooLongError where too many wait, or where the turn has not come at `until`, by the loop's clock.
        """
        line = self._lines.setdefault(key, _Line())
        if line.length >= LONGEST:
            raise LineTooLongError
        line.length += 1
        try:
            try:
                async with asyncio.timeout_at(until):
                    await line.front.acquire()
            except TimeoutError:
                raise LineTooLongError from None
            try:
                yield
            finally:
                line.front.release()
        finally:
            line.length -= 1
            if not line.length:
                del self._lines[key]
