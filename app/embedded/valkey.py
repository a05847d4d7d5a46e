"""A private Valkey (or Redis >= 7) in one folder, on a unix socket, keeping its data by an append-only file."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.embedded.binaries import Programs
from app.embedded.folder import mark
from app.environment import SetupError

STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Valkey:
    """A server with its data in `data`, reached by `socket_path` (at most 100 bytes long). `fast` keeps no data."""

    name: str
    programs: Programs
    data: Path
    socket_path: Path
    fast: bool = False

    @property
    def url(self) -> str:
        """URL for redis clients."""
        return f"unix://{self.socket_path}"

    def start(self) -> None:
        """Start it unless it runs already; return when it has loaded its data."""
        if self.answers():
            return
        stop(self.data, self.socket_path)
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark(self.data)
        log = self.data / "server.log"
        command: list[str | Path] = [self.programs.folder / self.name, "--port", "0"]
        command += ["--unixsocket", self.socket_path, "--unixsocketperm", "700", "--dir", self.data]
        command += ["--appendonly", "no" if self.fast else "yes", "--save", ""]
        command += ["--daemonize", "yes", "--pidfile", _pid_file(self.data), "--logfile", log]
        with _lock(self.data) as lock:  # the server inherits it, so that it is locked as long as the server lives
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            done = subprocess.run(command, env=self.programs.env(), pass_fds=[lock.fileno()], capture_output=True)
        if done.returncode or not _within(20, self.answers):
            raise SetupError(f"{self.name} does not start; its messages are in {log}")

    def answers(self) -> bool:
        """Return whether it is up and has loaded its data."""
        return _ask(self.socket_path, "PING") == b"+PONG\r\n"

    def stop(self) -> None:
        """Stop it; return when it is gone. Does nothing if it is down."""
        stop(self.data, self.socket_path)


def stop(data: Path, socket_path: Path) -> None:
    """Have the server of a data folder write everything and exit, also one whose socket was cleaned away."""
    if not data.exists():
        return
    reached = _ask(socket_path, "SHUTDOWN", "NOSAVE", "NOW", "FORCE") is not None
    with _lock(data) as lock:
        if not reached and not _is_free(lock):
            os.kill(
                int(_pid_file(data).read_text()), signal.SIGTERM
            )  # it holds the lock, so the number is still its own
        if not _within(STOP_SECONDS, lambda: _is_free(lock)):
            raise SetupError(f"the Valkey of {data} does not stop: its process is in {_pid_file(data)}")


def _pid_file(data: Path) -> Path:
    return data / "pid"


def _lock(data: Path) -> IO[str]:
    return (data / "lock").open("a")


def _is_free(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(lock, fcntl.LOCK_UN)
    return True


def _within(seconds: float, happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def _ask(socket_path: Path, *words: str) -> bytes | None:
    """Return the beginning of the answer to a command, None if there is no server."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as client:
        client.settimeout(5)
        try:
            client.connect(str(socket_path))
        except OSError:
            return None
        with contextlib.suppress(OSError):
            client.sendall(" ".join(words).encode() + b"\r\n")
            return client.recv(64)
        return b""
