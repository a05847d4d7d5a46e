"""A Valkey in cluster mode for tests: servers of its own on loopback, each with a share of all slots."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError as NotThere

from app import embedded

SLOTS = 16_384
HOST = "127.0.0.1"
PATIENCE = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Server:
    """One of a cluster's servers. `bus` is the port at which the others talk to it."""

    port: int
    bus: int
    client: Redis

    @property
    def url(self) -> str:
        """The value of `MILEQUEST_REDIS_URL` for its cluster."""
        return f"redis+cluster://{HOST}:{self.port}"

    def ask(self, *words: str | int) -> Any:
        """Return the answer to `CLUSTER …`."""
        asked: Callable[..., Any] = self.client.execute_command
        return asked(f"CLUSTER {words[0]}", *words[1:])


@contextlib.contextmanager
def cluster(folder: Path, count: int) -> Iterator[list[Server]]:
    """Run the servers; yield them when each knows the owners of all slots."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(_started(folder / str(number))) for number in range(count)]
        for number, server in enumerate(servers):
            server.ask("ADDSLOTSRANGE", number * SLOTS // count, (number + 1) * SLOTS // count - 1)
            server.ask("SET-CONFIG-EPOCH", number + 1)
        for server in servers[1:]:
            server.ask("MEET", HOST, servers[0].port, servers[0].bus)
        for server in servers:
            _until(partial(_is_whole, server, count))
        yield servers


@contextlib.contextmanager
def _started(home: Path) -> Iterator[Server]:
    home.mkdir(parents=True)
    valkey, port, bus = embedded.valkey(home), _free_port(), _free_port()
    command = [str(valkey.programs.folder / valkey.name), "--port", str(port), "--bind", HOST, "--save", ""]
    command += ["--cluster-enabled", "yes", "--cluster-port", str(bus), "--cluster-node-timeout", "2000"]
    command += ["--dir", str(home), "--logfile", str(home / "server.log")]
    process = subprocess.Popen(command, env=valkey.programs.env())
    try:
        with Redis(host=HOST, port=port) as client:
            _until(lambda: _answers(client))
            yield Server(port, bus, client)
    finally:
        process.kill()
        process.wait()


def _answers(client: Redis) -> bool:
    with contextlib.suppress(NotThere):
        return bool(client.ping())
    return False


def _is_whole(server: Server, count: int) -> bool:
    info = server.ask("INFO")
    return info["cluster_state"] == "ok" and int(info["cluster_size"]) == count


def _until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "the cluster does not come up"
        time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        return int(taken.getsockname()[1])
