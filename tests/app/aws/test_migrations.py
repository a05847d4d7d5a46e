"""The function of migrations: the newest schema, or a new epoch of the log."""

import asyncio

import asyncpg
import pytest

from app.aws import migrations
from milequest.store.sql import migrate


@pytest.fixture
def handler(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the function its database; return the address."""
    monkeypatch.setenv("MILEQUEST_DATABASE_URL", database_url)
    return database_url


async def epoch(url: str) -> int:
    """Return the epoch of the log."""
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SELECT epoch FROM log_epoch"))
    finally:
        await connection.close()


def test_function_of_migrations_returns_the_newest_revision_and_leaves_the_epoch(handler: str) -> None:
    assert migrations.handler({}, None) == {"revision": migrate.head()}
    assert asyncio.run(epoch(handler)) == 1


def test_function_of_migrations_raises_the_epoch_where_it_is_asked_to(handler: str) -> None:
    assert migrations.handler({"epoch": "raise"}, None) == {"epoch": 2}
    assert asyncio.run(epoch(handler)) == 2
