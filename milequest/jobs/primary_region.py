"""What is due at times is done in one region: where the database can be written to. One that stands by leaves it."""

import logging
import socket
from collections.abc import Awaitable, Callable
from typing import TypeVar

from milequest.store.away import Away
from milequest.store.transaction import Reader, is_writable

T = TypeVar("T")
log = logging.getLogger("milequest.duty")


class PrimaryRegionGuard:
    """Whether it is ours, which is asked each time, and said when it changes: a promotion needs nobody to tell us."""

    def __init__(self) -> None:
        self._passed = 0  # times in a row

    @property
    def is_elsewhere(self) -> bool:
        """Whether it was not ours more than once in a row: a name may be without an address for a moment."""
        return self._passed > 1

    async def done(self, db: Reader, job: Callable[[], Awaitable[T]]) -> T | None:
        """What a job returns that has been done, or None where another region does it."""
        ours = await _can_be_written_to(db)
        if ours == (self._passed > 0):
            log.info("what is due is done here" if ours else "the database can only be read: another region does it")
        self._passed = 0 if ours else self._passed + 1
        return await job() if ours else None


async def _can_be_written_to(db: Reader) -> bool:
    try:
        return await is_writable(db)
    except Away as away:
        if isinstance(away.__cause__, socket.gaierror):
            return False  # until a promotion the writer of a cluster that follows is a name without an address
        raise
