"""Starts a local AWS and deploys the service to it. PostgreSQL and Valkey are those in the values."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.config import STAGING
from infra.names import NOT_YET, Names

PROJECT: Final = Path(__file__).resolve().parent.parent.parent
PATIENCE: Final = 300.0  # seconds it may take to start, on a machine that is busy
HOME: Final = Names(STAGING, STAGING.primary)  # whose templates are deployed by default
ORDER: Final = ("state", "events", "identity", "migrations", "api", "live", "jobs", "lake")
"""The stacks that are deployed, each after those whose values it needs."""


@dataclass(frozen=True)
class LocalAws:
    """A running local AWS."""

    endpoint: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """Kill it with its functions, like a power failure."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def running(server: Path, folder: Path, names: Names = HOME) -> Iterator[LocalAws]:
    """Run a local AWS of a region, by the interpreter `server`; its log is in `folder`.

    Its state is lost at the end.
    """
    python = functions_python(folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as unpacked,
        (folder / "aws.log").open("wb") as log,
    ):
        process = subprocess.Popen(
            [server, PROJECT / "infra" / "local" / "ministack_server.py"],
            env=_environ(port, python, unpacked, names),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/_ministack/health", process)
            yield LocalAws(f"http://127.0.0.1:{port}", process)
        finally:
            process.terminate()
            process.wait()


def functions_python(folder: Path) -> Path:
    """Return the functions' interpreter, made in `folder`: without packages, so that missing ones in theirs show."""
    bare = folder / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    return bare / "bin" / "python"


def _environ(port: int, python: Path, unpacked: str, names: Names) -> dict[str, str]:
    """Return its environment, kept minimal, for it passes its own on to the functions."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": unpacked,
        "TMPDIR": unpacked,
        "STATE_DIR": unpacked,
        "AUTH": "true",  # signatures and roles count
        "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": names.environment.account,
        "MINISTACK_REGION": names.region.name,
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_PYTHON": str(python),
    }


def _elsewhere(names: Names) -> dict[str, str]:
    """Return the values that the stacks not deployed here would share."""
    where = f"{names.region.name}:{names.environment.account}"
    key = f"arn:aws:kms:{where}:key/local"
    return {
        "global/data-key": key,
        "carried/pictures": NOT_YET,
        "network/functions-group": "sg-local",
        **{f"network/private-subnet-{number}": f"subnet-{number}" for number, _ in enumerate(names.region.zones, 1)},
        "data/connect-arn": f"arn:aws:rds-db:{where}:dbuser:local/milequest",
        "data/cache-arn": f"arn:aws:elasticache:{where}:serverlesscache:local",
        "data/cache-user-arn": f"arn:aws:elasticache:{where}:user:local",
    }


def deployed(
    server: Path,
    endpoint: str,
    out: Path,
    values: Mapping[str, str],
    folder: Path,
    without: Sequence[str] = (),
    names: Names = HOME,
) -> dict[str, str]:
    """Deploy all stacks but some; return the shared values. `folder` is for temporary files."""
    given = folder / "values.json"
    given.write_text(json.dumps({**_elsewhere(names), **values}))
    where = (names.environment.name, names.region.name)
    command: list[str | Path] = [server, "-m", "infra.local.deploy", endpoint, out, given, *where, *without]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    told: dict[str, str] = json.loads(done.stdout)
    return told


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the local AWS does not start")
