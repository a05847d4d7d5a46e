"""Regions: each a PostgreSQL that follows another region's or is followed, a Valkey, and servers."""

import os
import signal
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path

import asyncpg
import httpx

from app import embedded
from app.embedded.folder import mark
from app.embedded.postgres import USER, Postgres
from app.embedded.system_account import unprivileged
from milequest.settings import PROJECT
from tests.faults.cluster import Node, start_node


def primary(folder: Path, fast: bool = False) -> Postgres:
    """Create a cluster with an empty database; a `fast` one may lose commits when it is killed."""
    server = embedded.postgres(folder, fast=fast)
    server.start()
    server.ensure_database()
    return server


def follower(leader: Postgres, folder: Path) -> Postgres:
    """Create a copy of `leader` in a new folder, which follows it."""
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


def follow_from_now_on(server: Postgres, leader: Postgres) -> None:
    """Start one that was stopped cleanly, and so has nothing that `leader` lacks, as its follower."""
    with (server.data / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"primary_conninfo = 'host={leader.sockets} user={USER}'\n")
    (server.data / "standby.signal").touch()
    server.start()


def cut_off(server: Postgres) -> None:
    """Disconnect a follower."""

    async def silence(connection: asyncpg.Connection) -> None:
        await connection.execute("ALTER SYSTEM SET primary_conninfo = ''")
        await connection.execute("SELECT pg_reload_conf()")

    server.execute(silence, USER)


def kill(server: Postgres) -> None:
    """Kill it, like a power failure."""
    os.kill(int((server.data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)


class Region(ABC):
    """Its database servers. Subclasses add what serves."""

    def __init__(self, folder: Path, database: Postgres) -> None:
        self.folder = folder
        self.database = database
        self.valkey = embedded.valkey(folder, fast=True)
        self.valkey.start()

    @property
    @abstractmethod
    def origin(self) -> str:
        """Address of HTTP."""

    @abstractmethod
    def serve(self) -> None:
        """Start serving."""

    @abstractmethod
    def vanish(self) -> None:
        """Kill what serves."""

    @abstractmethod
    def fence(self) -> None:
        """Prevent all writes."""

    @abstractmethod
    def unfence(self) -> None:
        """Permit writes again."""

    def is_ready(self) -> bool:
        """Return whether traffic may go there."""
        try:
            return httpx.get(f"{self.origin}/readyz", timeout=10).status_code == 200
        except httpx.HTTPError:
            return False

    def lose(self) -> None:
        """Lose all of it, at once."""
        kill(self.database)
        self.vanish()
        self.valkey.stop()

    def come_back(self, leader: "Region") -> None:
        """Restart without any former data, as a follower."""
        embedded.reset(self.folder)  # as RDS does, which rebuilds a lost cluster
        self.database = follower(leader.database, self.folder)
        self.valkey.start()
        self.serve()

    def end(self) -> None:
        """Stop all remaining processes."""
        self.vanish()
        self.valkey.stop()
        self.database.stop()


class Servers(Region):
    """A region with a node of the service."""

    node: Node

    @property
    def origin(self) -> str:
        """The node's address."""
        return f"http://127.0.0.1:{self.node.port}"

    def serve(self) -> None:
        """Start the node."""
        self.node = start_node(self.database.url(), self.valkey.url)

    def vanish(self) -> None:
        """Kill the node."""
        self.node.end(signal.SIGKILL)

    def fence(self) -> None:
        """End the node."""
        self.node.end(signal.SIGTERM)

    def unfence(self) -> None:
        """Start a node again."""
        self.serve()


def failover(region: Region, *options: str) -> str:
    """Run the command; return its output."""
    environ = os.environ | {"MILEQUEST_DATABASE_URL": region.database.url()}
    command = ["bin/milequest", "failover", *options]
    return subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, check=True).stdout
