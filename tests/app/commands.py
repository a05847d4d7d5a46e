"""Commands of the service in a process of their own, with a data folder of their own."""

import http.client
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import embedded
from app.embedded.system_account import unprivileged
from milequest.settings import PROJECT


class Milequest:
    """`bin/milequest` with a data folder, and a port that is free at the time."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.started: list[subprocess.Popen[str]] = []

    def environment(self, **more: str) -> dict[str, str]:
        """Return the process's environment, without the settings of the tests' own."""
        ours = {
            name: value for name, value in os.environ.items() if not name.startswith("MILEQUEST_") and name != "PORT"
        }
        return ours | {"MILEQUEST_DATA_DIR": str(self.data_dir)} | more

    def __call__(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [sys.executable, "-m", "app", *arguments]
        return subprocess.run(
            command,
            cwd=PROJECT,
            env=self.environment(**environ),
            stdin=subprocess.DEVNULL,
            text=True,
            capture_output=True,
            check=False,
            timeout=300,  # a server that should have failed ends too
        )

    def run(self, **environ: str) -> tuple[subprocess.Popen[str], int]:
        """Start the service on any free port; return when it reports that it serves, with that port."""
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "run"],
            cwd=PROJECT,
            env=self.environment(PORT="0", **environ),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.started.append(process)
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(r"serves on http://127\.0\.0\.1:(\d+)", line):
                return process, int(found[1])
        raise AssertionError(said)


@pytest.fixture
def milequest(data_dir: Path) -> Iterator[Milequest]:
    commands = Milequest(data_dir)
    yield commands
    for process in commands.started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def status(port: int, path: str) -> int:
    """Return the status of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    return connection.getresponse().status


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Yield a data folder whose servers are gone afterwards, however the test ends."""
    folder = Path(tempfile.mkdtemp(prefix="quest-data-"))
    if unprivileged().user is not None:
        folder.chmod(0o711)
    yield folder
    embedded.reset(folder)
    shutil.rmtree(folder)
