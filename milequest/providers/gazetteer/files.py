"""An index on disk: made by a process of its own if missing, and opened."""

import asyncio
import logging
import sqlite3
import sys
from pathlib import Path

from milequest.providers.gazetteer.index import index_path
from milequest.settings import PROJECT

log = logging.getLogger("milequest.gazetteer")


class IndexFile:
    """The index of places with at least so many people, in a folder."""

    def __init__(self, folder: Path, min_population: int) -> None:
        self.path = index_path(folder.resolve(), min_population)
        self._min_population = min_population
        self._making: asyncio.Task[None] | None = None
        self._connection: sqlite3.Connection | None = None

    async def make(self) -> None:
        """Make the file unless it exists; a call while it is being made waits too. Raises RuntimeError on failure."""
        if self.path.exists():
            return
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._make())
        await asyncio.shield(self._making)

    async def _make(self) -> None:
        arguments = ("-m", "milequest.providers.gazetteer.index_build", str(self.path), str(self._min_population))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=PROJECT,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for this process, which then stops the build itself
        )
        try:
            _, errors = await process.communicate()
        except asyncio.CancelledError:  # the server stops, so does the build
            process.terminate()
            await process.wait()
            raise
        if process.returncode:
            raise RuntimeError(f"the gazetteer's index could not be made: {errors.decode(errors='replace')[-2000:]}")
        log.info("gazetteer index of places of %d people and more made", self._min_population)

    def connection(self) -> sqlite3.Connection:
        """Return the connection for the thread that asks first, and for no other."""
        if self._connection is None:
            self._connection = sqlite3.connect(f"{self.path.as_uri()}?mode=ro&immutable=1", uri=True)
        return self._connection
