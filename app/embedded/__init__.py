"""The embedded servers: a private PostgreSQL + PostGIS and a private Valkey for one data folder.

Their programs are the machine's own, or downloaded. They start and stop with the service; their data stays.
"""

import platform
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from app.embedded import apt, debs
from app.embedded.binaries import find_postgres, find_valkey, major_version
from app.embedded.folder import DataFolderInUseError, held, refuse_foreign, sockets_dir
from app.embedded.postgres import Postgres, data_version, unfinished
from app.embedded.valkey import Valkey
from app.embedded.valkey import stop as stop_valkey
from app.environment import SetupError, step
from milequest.settings import Settings

POSTGRES_ELSEWHERE = "or set MILEQUEST_DATABASE_URL to a PostgreSQL with PostGIS"
VALKEY_SOCKET = "valkey.sock"
VALKEY_ELSEWHERE = "or set MILEQUEST_REDIS_URL to a Valkey or a Redis >= 7"


def postgres(data_dir: Path, *, fast: bool = False) -> Postgres:
    """Return the PostgreSQL of a data folder, not started yet; downloaded if the machine has none with PostGIS."""
    data = data_dir / "postgres"
    refuse_foreign(data)
    major = data_version(data)
    programs = find_postgres(debs.debs_dir(), major)
    if not programs and (other := find_postgres(debs.debs_dir())):
        raise SetupError(
            f"the data in {data_dir} is PostgreSQL {major}'s, only {major_version(other)} is here: "
            f"install PostgreSQL {major} with PostGIS, or delete the data by `bin/milequest reset`"
        )
    if not programs and apt.is_here():
        programs = find_postgres(debs.unpack(), major)
    if not programs:
        raise SetupError(f"no PostgreSQL with PostGIS found: {_how('postgresql@17 postgis')}, {POSTGRES_ELSEWHERE}")
    return Postgres(programs, data, sockets_dir(data_dir), fast)


def valkey(data_dir: Path, *, fast: bool = False) -> Valkey:
    """Return the Valkey of a data folder, not started yet; downloaded if the machine has none."""
    refuse_foreign(data_dir / "valkey")
    found = find_valkey(debs.debs_dir())
    if not found and apt.is_here():
        found = find_valkey(debs.unpack())
    if not found:
        raise SetupError(f"no Valkey or Redis >= 7 found: {_how('valkey')}, {VALKEY_ELSEWHERE}")
    return Valkey(*found, data_dir / "valkey", sockets_dir(data_dir) / VALKEY_SOCKET, fast)


def _how(formulas: str) -> str:
    return f"brew install {formulas}" if platform.system() == "Darwin" else "install it from your system's packages"


@contextmanager
def running(settings: Settings, by: str, *, join: bool = False) -> Iterator[Settings]:
    """Yield the settings with a URL for each server. Those of our own start now and stop when the block ends.

    With `join`, servers of another process of ours that serves from the data folder are used and left running; without,
    raises DataFolderInUseError. `by` names this process to others. Raises SetupError if a server cannot be provided.
    """
    if settings.database_url and settings.redis_url:
        yield settings
        return
    with ExitStack() as stack:
        try:
            stack.enter_context(held(settings.data_dir, by))
        except DataFolderInUseError as in_use:
            if not join:
                raise
            found = _served(settings)
            if not found:
                raise SetupError(
                    f"the servers in {settings.data_dir} don't answer: stop {in_use.holder}, and start it anew"
                ) from None
            yield found
            return
        yield _start(settings, stack)


def _served(settings: Settings) -> Settings | None:
    """Return the settings with the URLs of another process's servers; None if they don't answer."""
    database, cache = postgres(settings.data_dir), valkey(settings.data_dir)
    if (settings.database_url or database.answers()) and (settings.redis_url or cache.answers()):
        return _with_urls(settings, database.url(), cache.url)
    return None


def _start(settings: Settings, stack: ExitStack) -> Settings:
    """Start the servers without a URL; `stack` stops them."""
    stack.callback(_remove_if_empty, sockets_dir(settings.data_dir))
    database_url = cache_url = ""
    if not settings.database_url:
        server = postgres(settings.data_dir)
        with step(f"PostgreSQL {major_version(server.programs)} + PostGIS"):
            stack.callback(server.stop)
            server.start()
            server.ensure_database()
        database_url = server.url()
    if not settings.redis_url:
        cache = valkey(settings.data_dir)
        with step("Valkey" if cache.name.startswith("valkey") else "Redis"):
            stack.callback(cache.stop)
            cache.start()
        cache_url = cache.url
    return _with_urls(settings, database_url, cache_url)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _with_urls(settings: Settings, database_url: str, cache_url: str) -> Settings:
    return replace(
        settings,
        database_url=settings.database_url or database_url,
        redis_url=settings.redis_url or cache_url,
        embedded=not settings.database_url and not settings.redis_url,
    )


def reset(data_dir: Path) -> None:
    """Delete the servers' data and pictures, and nothing else in the folder. Raises as `refuse_reset` does."""
    refuse_reset(data_dir)
    with held(data_dir, "milequest reset"):
        sockets = sockets_dir(data_dir)
        if (data_dir / "postgres" / "postmaster.pid").exists():  # left by a killed run
            postgres(data_dir).stop()
        stop_valkey(data_dir / "valkey", sockets / VALKEY_SOCKET)
        for folder in (*_data(data_dir), unfinished(data_dir / "postgres"), sockets):
            shutil.rmtree(folder, ignore_errors=True)


def refuse_reset(data_dir: Path) -> None:
    """Raise DataFolderInUseError while the servers' data is in use, SetupError where it is not ours."""
    with held(data_dir, "milequest reset"):
        for folder in _data(data_dir):
            refuse_foreign(folder)


def _data(data_dir: Path) -> tuple[Path, ...]:
    return tuple(data_dir / name for name in ("postgres", "valkey", "pictures"))
