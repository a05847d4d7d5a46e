"""A private PostgreSQL + PostGIS cluster in one folder: a unix socket behind a closed folder, no TCP port."""

import asyncio
import contextlib
import shutil
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from app.embedded.binaries import Programs
from app.embedded.folder import mark
from app.embedded.system_account import unprivileged
from app.environment import SetupError

USER = "milequest"
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")  # for data that may be lost


@dataclass(frozen=True, slots=True)
class Postgres:
    """A cluster in `data`, reached by the socket in `sockets` (short, mode 0700). `fast` gives up safety in a crash."""

    programs: Programs
    data: Path
    sockets: Path
    fast: bool = False

    def url(self, database: str = USER) -> str:
        """Return the libpq URL of one of its databases."""
        return f"postgresql://{USER}@/{database}?host={self.sockets}"

    def start(self) -> None:
        """Start the cluster unless it runs already, e.g. left by a killed run; create it if there is none."""
        if not (self.data / "PG_VERSION").exists():
            self._create()
        if self.answers():
            return
        if (self.data / "postmaster.pid").exists():
            self.stop()  # alive but unreachable, because its temporary folder was cleaned
        unprivileged().own(self.data)
        log = self.data / "server.log"
        done = self._control("--wait", "--timeout=60", f"--log={log}", "-o", self._options(), "start")
        if done:
            raise SetupError(f"PostgreSQL does not start: {_last_line(log)} (all of it: {log})")

    def _create(self) -> None:
        """Run initdb beside the final place, then rename: an interrupted one leaves nothing behind."""
        fresh = unfinished(self.data)
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        unprivileged().own(fresh)
        if not unprivileged().reaches(fresh):
            raise SetupError(
                f"PostgreSQL refuses root, and as {unprivileged().name} it cannot enter {fresh.parent}: "
                "clone into a folder that is open to all, such as /srv, or run as an ordinary user"
            )
        done = unprivileged().run(
            self.programs.folder / "initdb",
            f"--pgdata={fresh}",
            f"--username={USER}",
            *("--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"),
            env=self.programs.env(),
        )
        if done.returncode:
            raise SetupError(
                f"PostgreSQL cannot make its data folder {self.data}: {done.stdout.strip().splitlines()[-1]}"
            )
        mark(fresh)
        fresh.rename(self.data)

    def _options(self) -> str:
        settings = [
            "listen_addresses=''",
            f"unix_socket_directories='{self.sockets}'",
            "unix_socket_permissions=0700",
            "max_connections=100",
            "jit=off",
            "timezone=UTC",
            *(FAST if self.fast else ()),
        ]
        return " ".join(f"-c {setting}" for setting in settings)

    def _control(self, *arguments: str) -> int:
        program = self.programs.folder / "pg_ctl"
        return unprivileged().run(program, f"--pgdata={self.data}", *arguments, env=self.programs.env()).returncode

    def answers(self) -> bool:
        """Return whether a server answers on our socket."""
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as client:
            return client.connect_ex(str(self.sockets / ".s.PGSQL.5432")) == 0

    def stop(self) -> None:
        """Stop it by its own pid file, ending open transactions. Does nothing if it is down."""
        if (self.data / "postmaster.pid").exists():
            self._control("--wait", "--timeout=30", "--mode=fast", "stop")

    def ensure_database(self, name: str = USER) -> None:
        """Create a database with PostGIS unless it is there."""
        self.execute(lambda connection: _ensure(connection, name), "postgres")
        self.execute(lambda connection: connection.execute("CREATE EXTENSION IF NOT EXISTS postgis"), name)

    def execute(self, work: Callable[[asyncpg.Connection], Awaitable[object]], database: str) -> None:
        """Run `work` on a connection of its own to one of the databases."""

        async def connected() -> None:
            connection = await asyncpg.connect(self.url(database), timeout=20)
            try:
                await work(connection)
            finally:
                await connection.close()

        asyncio.run(connected())


async def _ensure(connection: asyncpg.Connection, name: str) -> None:
    if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
        await connection.execute(f'CREATE DATABASE "{name}"')


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "no message"


def unfinished(data: Path) -> Path:
    """Return where a cluster is made that will be `data`."""
    return data.with_name(f"milequest-{data.name}.new")


def data_version(data: Path) -> str:
    """Return the major version of PostgreSQL that made this data folder; empty if there is none."""
    try:
        return (data / "PG_VERSION").read_text().strip()
    except OSError:
        return ""
