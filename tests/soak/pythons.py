"""Lambda's Python on this machine: for its own processor, and for Lambda's, which QEMU emulates.

Downloaded once from the source of the machine's own packages, and unpacked in the cache.
"""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from app.embedded import apt
from app.environment import cache_dir
from infra.packaging import PLATFORM, RUNTIME

SUITE = "forky"  # Debian's first with Python 3.14
DEBIANS = {"aarch64": "arm64", "x86_64": "amd64"}  # names of processors
LAMBDAS, OURS = PLATFORM.partition("-")[0], platform.machine()
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def why_not() -> str:
    """Return why they are unavailable here; empty if they are not."""
    if OURS in DEBIANS and apt.is_here() and KEYS.exists() and _mirror():
        return ""
    return f"Python {RUNTIME} is taken from Debian, and this machine's packages come from elsewhere"


def python(machine: str) -> Path:
    """Return an interpreter for a kind of processor, which any program here can start.

    It has the standard library alone.
    """
    target = cache_dir() / f"python{RUNTIME}-{SUITE}-{machine}"
    if not target.exists():
        work = target.with_name(f"{target.name}.{os.getpid()}")
        try:
            root = _unpacked(work, machine)
            _write_start(root, target, machine)
            root.rename(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return target / "usr" / "bin" / f"python{RUNTIME}"


def compiling() -> str:
    """Return a PATH on which packaging finds the Python of Lambda's version, to compile the packages."""
    return f"{os.environ['PATH']}{os.pathsep}{python(OURS).parent}"


def _unpacked(work: Path, machine: str) -> Path:
    """Return the folder of the interpreter and its dependencies; also of QEMU, if this machine's processor differs."""
    sources, nothing = work / "sources.list", work / "status"
    architecture = DEBIANS[machine]
    debian = apt.Apt(
        work,
        {
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::status": nothing,
            "APT::Architectures": f"{DEBIANS[OURS]},{architecture}",
        },
    )
    sources.write_text(f"deb [signed-by={KEYS}] {_mirror()} {SUITE} main\n")
    nothing.touch()  # is installed
    wanted = [f"python{RUNTIME}:{architecture}", f"libstdc++6:{architecture}"]  # Lambda's Linux has the latter
    debian.unpack(debian.resolve(*wanted, *([] if machine == OURS else ["qemu-user"])))
    return debian.root


def _write_start(root: Path, target: Path, machine: str) -> None:
    """Write a program that runs Python with a C library of its own, and under its name, so Python can start others."""
    start = root / "usr" / "bin" / f"python{RUNTIME}"
    binary = start.rename(start.with_name("python"))
    (loader,) = root.glob(f"usr/lib/{machine}-linux-gnu/ld-linux-*.so.*")
    qemu = start.with_name(f"qemu-{machine}")
    for other in set(start.parent.glob("qemu-*")) - {qemu}:  # half a gigabyte
        other.unlink()
    emulator, loads, libraries, runs = (target / at.relative_to(root) for at in (qemu, loader, loader.parent, binary))
    emulation = f"{emulator} " if machine != OURS else ""
    start.write_text(f'#!/bin/sh\nexec {emulation}{loads} --library-path {libraries} --argv0 "$0" {runs} "$@"\n')
    start.chmod(0o755)


def _mirror() -> str | None:
    """Return this machine's source of Debian's packages."""
    told = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)"], text=True, capture_output=True)
    return next((line for line in told.stdout.splitlines() if re.search(r"/debian/?$", line)), None)
