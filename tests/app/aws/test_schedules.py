"""The functions of schedules, called as Lambda calls them."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from app.aws import jobs
from app.aws.container import Container


@pytest.fixture
def called(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Call functions as in a new container, for the test's database."""
    monkeypatch.setenv("MILEQUEST_DATABASE_URL", database_url)
    monkeypatch.setenv("MILEQUEST_REDIS_URL", redis_url)
    fresh = Container(jobs._opened)
    monkeypatch.setattr(jobs, "container", fresh)
    yield
    fresh.close()


def test_scheduled_jobs_with_nothing_due_report_zero(called: None) -> None:
    assert jobs.finalize({}, None) == {"goals": 0}
    assert jobs.prune({}, None) == {"log": 0, "answers": 0, "walks": 0, "accounts": 0}


def test_scheduled_jobs_on_a_read_only_database_report_no_run(called: None, database_url: str) -> None:
    asyncio.run(_follow(database_url))
    for _ in range(2):
        assert jobs.finalize({}, None) == {"goals": None}
        assert jobs.prune({}, None) == {"log": None, "answers": None, "walks": None, "accounts": None}


async def _follow(url: str) -> None:
    admin = await asyncpg.connect(url)
    name = await admin.fetchval("SELECT current_database()")
    await admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    await admin.close()
