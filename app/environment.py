"""Make `.venv` from the locks: `python3 -I app/environment.py [runtime|telemetry|dev]`. Standard library only.

`uv` prints the path of a uv, `infra` and `docs` that of a Python with what those folders need: all stay in the cache.
Only Python >= 3.11 is required: uv is used where it is installed, else put into the cache by its own lock.
A stamp in `.venv` records what was installed, so a second call costs a few milliseconds and a broken one starts again.
"""

import os
import shutil
import subprocess
import sys

if sys.version_info < (3, 11):  # must parse in Python 3.6, so that old versions print this message
    _PROBE = "import sys; sys.exit(sys.version_info < (3, 11))"
    for _name in ("python3.13", "python3.12", "python3.11", "python3.14"):
        if shutil.which(_name) and subprocess.call([_name, "-c", _PROBE], stderr=subprocess.DEVNULL) == 0:
            os.execvp(_name, [_name, "-I", *sys.argv])
    sys.exit(
        "error: Python 3.11 or newer is needed, this is {}.{}. Install one (apt install python3 python3-venv; "
        "brew install python@3.13) or name it: make run PYTHON=/path/to/python3".format(*sys.version_info)
    )

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
STAMP = VENV / "milequest.json"
LOCKS = {  # each has all that those before it have
    "runtime": PROJECT / "requirements.lock",
    "telemetry": PROJECT / "requirements-telemetry.lock",
    "dev": PROJECT / "requirements-dev.lock",
}
UV_LOCK = PROJECT / "requirements-uv.lock"
INFRA_LOCK = PROJECT / "requirements-infra.lock"
TOOLS = {"infra": INFRA_LOCK, "docs": PROJECT / "requirements-docs.lock"}  # environments of their own, by command


class SetupError(Exception):
    """A step of the set-up failed; the message is one line and says what to do. `status` is the command's exit code."""

    status = 1


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Print `name`, and when the block ends how long it took."""
    print(f"  {name} … ", end="", flush=True)
    start = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - start:.1f} s", flush=True)


def cache_dir() -> Path:
    """Return where downloads are kept between clones; a folder of the project where the home is not writable."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path(os.path.expanduser("~"), ".cache"), "milequest")
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            return home
    except OSError:
        fallback = PROJECT / ".milequest" / "cache"
        fallback.mkdir(parents=True, exist_ok=True)
        return fallback


def run(*command: str | Path) -> None:
    """Run a command quietly. Raises SetupError with the last line of its output if it fails."""
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "UV_NO_PROGRESS": "1", "VIRTUAL_ENV": str(VENV)}
    if not os.access(os.path.expanduser("~"), os.W_OK):
        environment |= {"UV_CACHE_DIR": str(cache_dir() / "uv"), "PIP_CACHE_DIR": str(cache_dir() / "pip")}
    done = subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        said = [line.strip() for line in done.stdout.splitlines() if line.strip()] or [f"exit code {done.returncode}"]
        raise SetupError(
            f"{Path(command[0]).name} cannot make the environment (is the package index in reach?): {said[-1]}"
        )


def wanted(level: str) -> dict[str, str]:
    """Return the stamp of a `.venv` that is right for `level`: the locks' hashes, the interpreter and the place."""
    names = list(LOCKS)[: list(LOCKS).index(level) + 1]
    locks = {name: hashlib.sha256(LOCKS[name].read_bytes()).hexdigest() for name in names}
    return locks | {"python": sys.version, "place": str(VENV)}


def stamped() -> dict[str, str]:
    """Return the stamp; empty if there is none, it is damaged, or the environment's interpreter is gone."""
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text())
        return stamp if (VENV / "bin" / "python").exists() else {}
    except (OSError, ValueError):
        return {}


def get_uv() -> str:
    """Return the uv on PATH, else our own in the cache, installed there by its lock."""
    found = shutil.which("uv")
    if found:
        return found
    place = cache_dir() / f"uv-{hashlib.sha256(UV_LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]}"
    if not place.exists():
        with tempfile.TemporaryDirectory(dir=place.parent) as work:
            python = sys.executable
            if not importlib.util.find_spec("pip"):
                make_venv_with_pip(Path(work, "venv"))
                python = f"{work}/venv/bin/python"
            target = f"--target={work}/uv"
            run(python, "-I", "-m", "pip", "install", "--quiet", "--require-hashes", target, "-r", UV_LOCK)
            with contextlib.suppress(OSError):  # another set-up was faster: its uv is as good
                os.rename(f"{work}/uv", place)
    return str(place / "bin" / "uv")


def make_venv_with_pip(folder: Path) -> None:
    """Make an empty environment by the standard library alone, in some seconds."""
    if not importlib.util.find_spec("ensurepip") or not importlib.util.find_spec("venv"):
        name = "python{}.{}".format(*sys.version_info)
        raise SetupError(f"this Python has no venv: apt install {name}-venv, or name another one with PYTHON=…")
    run(sys.executable, "-m", "venv", "--clear", folder)


def install(lock: Path, *, afresh: bool, venv: Path = VENV) -> None:
    """Make `venv` hold exactly what `lock` lists: by uv, or where that does not work by pip, which takes longer."""
    python = venv / "bin" / "python"
    try:
        uv = get_uv()
        if afresh:
            run(uv, "venv", "--quiet", "--clear", "--no-project", "--python", sys.executable, venv)
        run(uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, lock)
    except SetupError:
        make_venv_with_pip(venv)
        run(python, "-m", "pip", "install", "--quiet", "--retries=2", "--require-hashes", "-r", lock)


def tools(name: str, lock: Path) -> Path:
    """Return the Python of an environment apart, named by the hash of its lock and shared by all clones; made once."""
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    place = cache_dir() / f"{name}-{digest}"
    with place.with_suffix(".lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)  # of two at once the second waits
        if not (place / "ready").exists():
            install(lock, afresh=True, venv=place)
            (place / "ready").touch()
    return place / "bin" / "python"


def ensure(level: str) -> None:
    """Bring `.venv` up to `level`, one of LOCKS; does nothing if it is there already."""
    lock_file = os.open(PROJECT, os.O_RDONLY)
    fcntl.flock(lock_file, fcntl.LOCK_EX)  # of two set-ups at once the second waits, then finds all done
    try:
        stamp = stamped()
        if stamp.items() >= wanted(level).items():
            return
        level = next((name for name in reversed(LOCKS) if name in stamp or name == level), level)  # what is there stays
        STAMP.unlink(missing_ok=True)
        with step(f"Python packages ({LOCKS[level].name})"):
            install(LOCKS[level], afresh=any(stamp.get(key) != wanted(level)[key] for key in ("python", "place")))
        STAMP.write_text(json.dumps(wanted(level)))
    finally:
        os.close(lock_file)


def main() -> None:
    """Run a command: one of LOCKS, or one that prints a path. Prints one line and exits with 1 on failure."""
    level = sys.argv[1] if len(sys.argv) > 1 else "runtime"
    try:
        if level == "uv":
            print(get_uv())
        elif level in TOOLS:
            print(tools(level, TOOLS[level]))
        else:
            ensure(level)
    except SetupError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: cannot make {VENV}: {error}")


if __name__ == "__main__":
    main()
