"""Regions: each a node of the service, a Valkey, and a PostgreSQL that follows another region's or is followed."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx

from app import embedded
from app.embedded.account import unprivileged
from app.embedded.folder import mark
from app.embedded.postgres import USER, Postgres
from app.embedded.valkey import Valkey
from milequest.settings import PROJECT
from tests.faults.cluster import Node, start_node


def primary(folder: Path) -> Postgres:
    """A new cluster with an empty database."""
    server = embedded.postgres(folder)
    server.start()
    server.ensure_database()
    return server


def follower(leader: Postgres, folder: Path) -> Postgres:
    """A copy of `leader` in a new folder, which follows it."""
    server = embedded.postgres(folder)
    server.data.mkdir(parents=True, mode=0o700)
    unprivileged().own(server.data)
    done = unprivileged().run(
        server.programs.folder / "pg_basebackup",
        f"--pgdata={server.data}",
        f"--host={leader.sockets}",
        f"--username={USER}",
        *("--write-recovery-conf", "--checkpoint=fast", "--no-sync"),
        env=server.programs.env(),
    )
    assert done.returncode == 0, done.stdout
    mark(server.data)
    server.start()
    return server


def cut_off(server: Postgres) -> None:
    """Let a follower hear no more."""

    async def silence(connection: asyncpg.Connection) -> None:
        await connection.execute("ALTER SYSTEM SET primary_conninfo = ''")
        await connection.execute("SELECT pg_reload_conf()")

    server.execute(silence, USER)


def kill(server: Postgres) -> None:
    """End it as a power failure does."""
    os.kill(int((server.data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)


@dataclass
class Region:
    """Its servers."""

    database: Postgres
    valkey: Valkey
    node: Node

    def is_ready(self) -> bool:
        """Whether traffic may go there."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.node.port}/readyz", timeout=3).status_code == 200
        except httpx.HTTPError:
            return False

    def lose(self) -> None:
        """All of it, at once."""
        kill(self.database)
        self.node.end(signal.SIGKILL)
        self.valkey.stop()


def opened(database: Postgres, folder: Path) -> Region:
    """A region whose database is there."""
    valkey = embedded.valkey(folder, fast=True)
    valkey.start()
    return Region(database, valkey, start_node(database.url(), valkey.url))


def failover(region: Region, *options: str) -> str:
    """What the command says."""
    environ = os.environ | {"MILEQUEST_DATABASE_URL": region.database.url()}
    command = ["bin/milequest", "failover", *options]
    return subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, check=True).stdout
