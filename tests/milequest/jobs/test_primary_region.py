"""Scheduled jobs run where the database is writable, and elsewhere are skipped and reported once."""

import logging

import pytest

from milequest.jobs.primary_region import PrimaryRegionGuard
from milequest.store.away import Away
from milequest.store.sql.transaction import open_pool
from tests.databases import following
from tests.quest import Quest


async def test_a_region_that_stands_by_does_nothing_until_it_is_promoted(
    quest: Quest, caplog: pytest.LogCaptureFixture
) -> None:
    guard, writer = PrimaryRegionGuard(), quest.runtime.writer

    async def job() -> int:
        tag = await writer.execute("CREATE TEMPORARY TABLE IF NOT EXISTS done (at int)")
        return len(tag)

    url = quest.runtime.settings.database_url
    with caplog.at_level(logging.INFO, "milequest.region"):
        assert await guard.run(writer, job)
        async with await open_pool(following(url), 1) as follower:
            for is_sure in (False, True, True):  # once may be an error
                assert await guard.run(follower, job) is None
                assert guard.is_standby is is_sure
        assert [record.getMessage() for record in caplog.records] == [
            "the database is read-only: another region runs the jobs"
        ]
        assert await guard.run(writer, job)
        assert not guard.is_standby
    assert [record.getMessage() for record in caplog.records][1:] == ["scheduled jobs run here"]


async def test_a_writer_without_an_address_is_one_of_a_region_that_stands_by() -> None:
    async def job() -> int:
        raise AssertionError("it is done elsewhere")

    async with await open_pool("postgresql://milequest@writer.invalid/milequest", 1, waiting=False) as pool:
        assert await PrimaryRegionGuard().run(pool, job) is None


async def test_a_database_that_does_not_answer_is_an_error() -> None:
    async def job() -> int:
        raise AssertionError("nobody knows whether it is ours")

    async with await open_pool("postgresql://milequest@127.0.0.1:1/milequest", 1, waiting=False) as pool:
        with pytest.raises(Away, match="ConnectionRefusedError"):
            await PrimaryRegionGuard().run(pool, job)
