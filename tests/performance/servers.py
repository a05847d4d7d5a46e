"""The servers of a bench: PostgreSQL and Valkey of its own with the data set, and the processes that are measured."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from app import embedded
from app.embedded.system_account import unprivileged
from app.environment import step
from milequest.runtime import Runtime, open_runtime
from milequest.settings import POINTS, PROJECT, Settings
from milequest.store.sql import migrate
from tests.performance.dataset import Member


@dataclass(frozen=True, slots=True)
class Stage:
    """Environment of a bench: a database full of data, its people, and a folder for its files."""

    settings: Settings
    folder: Path
    members: list[Member]

    @property
    def postgres_pid(self) -> int:
        """PostgreSQL's first process, the parent of all others."""
        return int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0])


@dataclass(frozen=True, slots=True)
class Server:
    """A process that serves."""

    name: str
    pid: int
    port: int


Fill: TypeAlias = Callable[[Runtime, datetime], Awaitable[list[Member]]]
"""Makes a data set; returns its callers."""


@contextmanager
def stage(title: str, fill: Fill) -> Iterator[Stage]:
    """Start the database servers, make the data, and stop and remove all of it in the end."""
    folder = Path(tempfile.mkdtemp(prefix="milequest-bench-"))
    if unprivileged().user is not None:
        folder.chmod(0o711)  # the other account passes through to its own closed folders
    try:
        with embedded.running(Settings(data_dir=folder), "make bench") as settings:
            with step("Migrations"):
                migrate.upgrade(settings.database_url)
            with step(title):
                members = asyncio.run(_filled(settings, fill))
            yield Stage(settings, folder, members)
    finally:
        embedded.reset(folder)
        shutil.rmtree(folder, ignore_errors=True)


async def _filled(settings: Settings, fill: Fill) -> list[Member]:
    async with open_runtime(settings) as runtime:
        return await fill(runtime, datetime.now(UTC))


@contextmanager
def serving(stage: Stage, kind: str, name: str, checkout: Path = PROJECT, **settings: object) -> Iterator[Server]:
    """Run a server of `kind` (see `serving.py`), with the code of `checkout`, until the block ends."""
    if "budget_per_user" in (checkout / "milequest" / "settings.py").read_text():  # an older one has none
        settings = dict.fromkeys(("budget_per_network", "budget_per_user"), POINTS[1]) | settings
    settings |= {"database_url": stage.settings.database_url, "redis_url": stage.settings.redis_url}
    environment = {f"MILEQUEST_{setting.upper()}": str(value) for setting, value in settings.items()}
    command = [sys.executable, "-m", "tests.performance.serving", kind]
    with started(command, name, checkout, environment) as server:
        yield server


@contextmanager
def started(
    command: Sequence[str | Path], name: str, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run the server that `command` starts, which prints its port, until the block ends."""
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline()
        if not port:
            sys.exit(f"error: {name} does not start")
        yield Server(name, process.pid, int(port))
    finally:
        process.terminate()
        process.wait()
