"""Scheduled jobs run in the primary region only, where the database takes writes; a standby region skips them."""

import logging
import socket
from collections.abc import Awaitable, Callable
from typing import TypeVar

from milequest.store.away import Away
from milequest.store.sql.transaction import Reader, is_writable

T = TypeVar("T")
log = logging.getLogger("milequest.region")


class PrimaryRegionGuard:
    """Guard that runs jobs in the primary region only; it checks each time, so a promotion is noticed, and logged."""

    def __init__(self) -> None:
        self._passed = 0  # skipped times in a row

    @property
    def is_standby(self) -> bool:
        """True if this region was not primary more than once in a row: a name may lack an address for a moment."""
        return self._passed > 1

    async def run(self, db: Reader, job: Callable[[], Awaitable[T]]) -> T | None:
        """Return the result of a job that was run, or None if another region runs it."""
        ours = await _can_be_written_to(db)
        if ours == (self._passed > 0):
            log.info("scheduled jobs run here" if ours else "the database is read-only: another region runs the jobs")
        self._passed = 0 if ours else self._passed + 1
        return await job() if ours else None


async def _can_be_written_to(db: Reader) -> bool:
    try:
        return await is_writable(db)
    except Away as away:
        if isinstance(away.__cause__, socket.gaierror):
            return False  # until its promotion the writer of a standby cluster is a name without an address
        raise
