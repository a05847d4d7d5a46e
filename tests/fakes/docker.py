"""A docker on the path that writes its arguments down, with what it is given on its input."""

import os
import shlex
import stat
from pathlib import Path

import pytest

FAKE = """#!/bin/sh
[ "$1" != login ] || read -r password
printf '%s\\n' "$* $password" >> "$DOCKER_LOG"
[ "$1" != "$DOCKER_FAILS" ] || { echo 'no space left on device' >&2; exit 1; }
[ "$1" != push ] || eval "$DOCKER_PUSHES \\"$2\\""
"""


def put_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, *, pushes: tuple[str | Path, ...] = ("true",)) -> Path:
    """Put it on the path; return where its calls are written.

    A push runs the command `pushes` with the image's address. The variable DOCKER_FAILS names the command that fails.
    """
    docker, log = folder / "docker", folder / "docker.log"
    docker.write_text(FAKE)
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    log.touch()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_LOG", str(log))
    monkeypatch.setenv("DOCKER_FAILS", "")
    monkeypatch.setenv("DOCKER_PUSHES", shlex.join(map(str, pushes)))
    return log
