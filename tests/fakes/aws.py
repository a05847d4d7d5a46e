"""A local AWS for tests, in an environment of its own: real DynamoDB and SQS semantics over AWS's own protocols."""

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.environment import tools
from tests.tiers import needs

LOCK = Path(__file__).parent / "requirements-aws.lock"
ACCOUNT = "000000000000"
PATIENCE = 30.0  # seconds it may take to start
MAIN = """
import os, signal, sys, threading
from ministack.app import main
def until_alone(): sys.stdin.read(), os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=until_alone, daemon=True).start()
main()
"""  # it exits with its parent, even a killed one


@contextmanager
def local_aws(folder: Path) -> Iterator[str]:
    """Run it; yield its address. It keeps nothing."""
    needs("aws")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0"}
    alone = {"PATH": os.environ["PATH"], "HOME": str(folder)}  # it passes its own environment on to its functions
    with (folder / "aws.log").open("wb") as log:
        process = subprocess.Popen(
            [tools("aws", LOCK), "-c", MAIN],
            env=alone | settings,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/_ministack/health", process)
            yield url
        finally:
            process.terminate()
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, "the local AWS ended while starting"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the local AWS does not start")
