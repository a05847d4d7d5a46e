"""Fixtures for all tests: real servers, a fresh database for each test that requests one, an empty Valkey."""

import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from redis import Redis

from app.embedded.postgres import Postgres
from tests import servers, tiers

if TYPE_CHECKING:
    from tests.quest import Quest
    from tests.service import Service
    from tests.spread import Spread

os.environ["MQ_ENVIRONMENTS"] = ""  # tests are of the repository's own environments, not of an operator's

RUN_FOLDER = "MQ_TEST_RUN"  # names the run's folder to the workers; not a setting of the service
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")

settings.register_profile("milequest", deadline=None, print_blob=True)
settings.register_profile("soak", parent=settings.get_profile("milequest"), max_examples=5_000)
settings.register_profile(
    "mutants", settings.get_profile("milequest"), max_examples=60, derandomize=True, database=None
)
settings.load_profile("milequest")

_cleanup = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Give the run its folder, once: in the process that starts the workers, if there are any."""
    if WORKER == "main":
        folder, alive = servers.start_run()
        os.environ[RUN_FOLDER] = str(folder)
        _cleanup.enter_context(alive)
        _cleanup.callback(servers.stop_servers, folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers, however the run ended."""
    _cleanup.close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "Spread":
    """Spread the tests our way."""
    from tests.spread import Spread

    return Spread(config, log)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out of `make quick` what is marked."""
    return tiers.is_left_out(collection_path) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with what it needs."""
    tiers.mark(items)


@pytest.fixture(scope="session")
def postgres() -> Postgres:
    """Yield the run's PostgreSQL + PostGIS, in fast mode, shared by all workers."""
    return servers.start_postgres(Path(os.environ[RUN_FOLDER]))


@pytest.fixture(scope="session")
def new_database(postgres: Postgres) -> Iterator[Callable[[], AbstractContextManager[str]]]:
    """Yield a factory: `with new_database() as url` is a migrated database of any scope, dropped at the block's end."""
    numbers = itertools.count(1)
    with servers.copies(postgres, WORKER) as copies:
        yield lambda: copies.copy(next(numbers))


@pytest.fixture
def database_url(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """Yield the libpq URL of a migrated, empty database of this test alone."""
    with new_database() as url:
        yield url


@pytest.fixture(scope="session")
def _valkey() -> Iterator[Redis]:
    server = servers.start_valkey(Path(os.environ[RUN_FOLDER]), WORKER)
    with Redis.from_url(server.url) as client:
        yield client
    server.stop()


@pytest.fixture
def redis_url(_valkey: Redis) -> str:
    """Return the URL of an empty Valkey that only this test uses."""
    _valkey.flushall()
    return f"unix://{_valkey.get_connection_kwargs()['path']}"


@pytest.fixture
async def quest(database_url: str, redis_url: str) -> AsyncIterator["Quest"]:
    """Yield the whole service on an empty database."""
    from tests.quest import open_quest  # pure tests need not wait for the schema

    async with open_quest(database_url, redis_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def service(new_database: Callable[[], AbstractContextManager[str]], _valkey: Redis) -> Iterator["Service"]:
    """Yield the whole service, served over a real socket for all tests of this worker.

    Each test signs up its own people.
    """
    from milequest.settings import POINTS, Settings
    from tests.service import serving

    path = _valkey.get_connection_kwargs()["path"]
    with new_database() as url:
        settings = Settings(
            database_url=url,
            redis_url=f"unix://{path}",
            embedded=True,
            budget_per_network=POINTS[1],  # all strangers of all tests call from one address
            budget_per_user=POINTS[1],  # or what a spent budget refuses would look cheap
        )
        with serving(settings) as served:
            yield served
