"""The data folder: held by one process at a time, with a short closed folder elsewhere for its servers' sockets."""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.embedded.system_account import unprivileged
from app.environment import SetupError


def sockets_dir(data_dir: Path) -> Path:
    """Return the folder of the servers' sockets, made if need be: closed to others, short for the limit of paths."""
    key = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:10]
    folder = Path(tempfile.gettempdir(), f"milequest-{os.getuid()}-{key}")
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = folder.stat().st_uid
    if owner not in (os.getuid(), unprivileged().user) or folder.is_symlink():
        raise SetupError(f"{folder} belongs to somebody else: remove it, or set TMPDIR to another folder")
    folder.chmod(0o700)
    unprivileged().own(folder)
    return folder


MARK = "milequest-made-this"
OURS = ("milequest-*", "lock")  # the lock file belongs to our Valkey


def mark(folder: Path) -> None:
    """Mark a folder as made by us."""
    (folder / MARK).touch()


def is_ours(folder: Path) -> bool:
    """Return whether we may write into a folder, and delete it: empty, missing, or with a file that only we make."""
    return not folder.exists() or not any(folder.iterdir()) or any(any(folder.glob(name)) for name in OURS)


def refuse_foreign(folder: Path) -> None:
    """Raise SetupError for a folder with other data."""
    if not is_ours(folder):
        raise SetupError(f"{folder} holds data that isn't ours: set MILEQUEST_DATA_DIR to another folder")


class DataFolderInUseError(SetupError):
    """Another process of ours, `holder`, holds the data folder."""

    def __init__(self, data_dir: Path, holder: str) -> None:
        super().__init__(f"{data_dir} is in use by {holder}: stop that one first, or set MILEQUEST_DATA_DIR")
        self.holder = holder


@contextmanager
def held(data_dir: Path, by: str) -> Iterator[None]:
    """Hold the data folder for this process.

    Raises DataFolderInUseError, with the other's `by`, if another one does.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            raise DataFolderInUseError(data_dir, holder) from None
        lock.truncate(0)
        lock.write(by)
        lock.flush()
        yield
