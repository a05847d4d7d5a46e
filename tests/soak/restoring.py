"""A PostgreSQL that archives its log, and a new one restored from that to a moment, as RDS restores a cluster."""

from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import asyncpg

from app import embedded
from app.embedded.folder import mark
from app.embedded.postgres import USER, Postgres
from app.embedded.system_account import unprivileged

PATIENCE = 60.0
ARCHIVED = "SELECT coalesce((SELECT last_archived_wal FROM pg_stat_archiver) >= $1, false)"
SWITCHED = "SELECT pg_walfile_name(pg_switch_wal())"


def value(server: Postgres, query: str, *arguments: object) -> Any:
    """Return the first value of a query's first row."""
    found: list[Any] = []

    async def ask(connection: asyncpg.Connection) -> None:
        found.append(await connection.fetchval(query, *arguments))

    server.execute(ask, USER)
    return found[0]


class Archive:
    """A base backup of a server and its log since then, file by file."""

    def __init__(self, server: Postgres, folder: Path) -> None:
        """Restart the server so that it archives, and copy it."""
        self._server, self._log, self._base = server, folder / "log", folder / "base"
        for made in (self._log, self._base):
            made.mkdir(parents=True, mode=0o700)
            unprivileged().own(made)
        with (server.data / "postgresql.auto.conf").open("a") as settings:
            settings.write("archive_mode = on\n")
            settings.write(f"archive_command = 'test ! -f {self._log}/%f && cp %p {self._log}/%f'\n")
        server.stop()
        server.start()
        done = unprivileged().run(
            server.programs.folder / "pg_basebackup",
            *(f"--pgdata={self._base}", f"--host={server.sockets}", f"--username={USER}"),
            *("--checkpoint=fast", "--no-sync"),
            env=server.programs.env(),
        )
        assert done.returncode == 0, done.stdout

    def complete(self) -> None:
        """Archive the log so far."""
        last = value(self._server, SWITCHED)
        end = monotonic() + PATIENCE
        while not value(self._server, ARCHIVED, last):
            assert monotonic() < end, f"{last} is not archived"
            sleep(0.05)

    def restored(self, until: datetime, folder: Path) -> Postgres:
        """Return a new server in `folder` with every commit before a moment, and none since."""
        server = embedded.postgres(folder, fast=True)
        server.data.parent.mkdir(parents=True, exist_ok=True)
        self._base.rename(server.data)
        mark(server.data)
        with (server.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"archive_mode = off\nrestore_command = 'cp {self._log}/%f %p'\n")
            settings.write(f"recovery_target_time = '{until.isoformat()}'\nrecovery_target_inclusive = off\n")
            settings.write("recovery_target_action = promote\n")
        (server.data / "recovery.signal").touch()
        server.start()
        end = monotonic() + PATIENCE
        while value(server, "SELECT pg_is_in_recovery()"):
            assert monotonic() < end, "it is still being restored"
            sleep(0.05)
        return server
