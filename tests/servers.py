"""The tests' own servers: one PostgreSQL for the whole run with a migrated template, and a Valkey for each worker.

A run has a folder of its own in the temporary folder. Its servers start when the first test needs them and are stopped
when the run ends; those that a killed run left behind are stopped and removed by the next one.
"""

import asyncio
import contextlib
import fcntl
import shutil
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import asyncpg

from app import embedded
from app.embedded.postgres import Postgres
from app.embedded.system_account import unprivileged
from app.embedded.valkey import Valkey
from app.environment import SetupError
from milequest.store.sql import migrate

PREFIX = "milequest-test-"
MEMORY = Path("/dev/shm")  # where a copy of the template takes 20 ms; on a slow disk it takes 200
ROOM = 3 * 1024**3  # bytes that are free there; the data take a third of it
TEMPLATE = "template_milequest"


def start_run() -> tuple[Path, IO[str]]:
    """Make a folder for this run's servers and the lock that marks the run as alive. Removes killed runs."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, SetupError), (folder / "alive").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            stop_servers(folder)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    alive = (folder / "alive").open("a")
    fcntl.flock(alive, fcntl.LOCK_EX)
    if unprivileged().user is not None:
        folder.chmod(0o711)  # the other account passes through to its own closed folders
    return folder, alive


def stop_servers(run: Path) -> None:
    """Stop every server of a run, by its own data folder or socket, and remove the run's folders."""
    for data_dir in run.glob("*/"):
        embedded.reset(data_dir.resolve())
        shutil.rmtree(data_dir.resolve(), ignore_errors=True)
    shutil.rmtree(run, ignore_errors=True)


def _data_folder(run: Path) -> Path:
    """Return the folder of PostgreSQL's data, in memory where there is room; the same for each worker."""
    link = run / "shared"
    if not link.exists():
        if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=MEMORY))
            folder.chmod(0o711)  # as the run's
            link.symlink_to(folder)
        else:
            link.mkdir()
    return link.resolve()


def start_postgres(run: Path) -> Postgres:
    """Return the run's PostgreSQL with the migrated template in it; the first worker starts it, the others find it."""
    with (run / "starting").open("a+") as done:
        fcntl.flock(done, fcntl.LOCK_EX)
        server = embedded.postgres(_data_folder(run), fast=True)
        done.seek(0)
        if not done.read():
            server.start()
            server.ensure_database(TEMPLATE)
            migrate.upgrade(server.url(TEMPLATE))
            done.write("ready")
    return server


def start_valkey(run: Path, worker: str) -> Valkey:
    """Start a Valkey of this worker alone, since channels are not separated by database number."""
    data_dir = run / worker
    data_dir.mkdir(exist_ok=True)
    server = embedded.valkey(data_dir, fast=True)
    server.start()
    return server


@dataclass(frozen=True, slots=True)
class Copies:
    """Makes databases as copies of the template, 16 ms each, and drops them."""

    server: Postgres
    loop: asyncio.AbstractEventLoop
    connection: asyncpg.Connection
    worker: str

    @contextlib.contextmanager
    def copy(self, number: int) -> Iterator[str]:
        """Yield the URL of a fresh copy, dropped at the end with every connection that is still open."""
        name = f"test_{self.worker}_{number}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE} STRATEGY file_copy')
        try:
            yield self.server.url(name)
        finally:
            self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        _result(self.loop, self.connection.execute(statement))


@contextlib.contextmanager
def copies(server: Postgres, worker: str) -> Iterator[Copies]:
    """Yield a maker of copies with its own connection, on a loop in a thread: tests have the main thread's loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    connection = _result(loop, asyncpg.connect(server.url("postgres")))
    try:
        yield Copies(server, loop, connection, worker)
    finally:
        _result(loop, connection.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _result(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=60)
