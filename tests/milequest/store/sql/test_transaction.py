"""Transactions' distinction of a database that is away, or read-only, from faults of ours."""

import asyncio

import pytest

from milequest.rules.errors import ErrorCode, Refused
from milequest.store.away import Away
from milequest.store.deadlines import in_time
from milequest.store.sql.transaction import Tx, open_pool, transact, unavailable_error
from tests.databases import following


async def test_a_write_to_a_database_that_follows_another_may_be_tried_again(database_url: str) -> None:
    async def work(tx: Tx) -> None:
        await tx.execute("UPDATE log_epoch SET epoch = epoch")

    async with await open_pool(following(database_url), 1) as follower:
        with pytest.raises(Refused) as refused:
            await transact(follower, work)
    assert (refused.value.code, refused.value.extensions()["retryable"]) == (ErrorCode.UNAVAILABLE, True)


@pytest.mark.parametrize(
    "fault", [FileNotFoundError("ours"), TimeoutError("ours"), ConnectionResetError("another server's")]
)
async def test_an_error_of_ours_inside_a_transaction_undoes_it_and_is_no_absent_database(
    database_url: str, fault: OSError
) -> None:
    async def work(tx: Tx) -> None:
        await tx.execute("UPDATE log_epoch SET epoch = epoch + 1")
        raise fault

    async with await open_pool(database_url, 1) as pool:
        before = await pool.fetch("SELECT epoch, pg_backend_pid() FROM log_epoch")
        with pytest.raises(type(fault), match=str(fault)) as raised:
            await transact(pool, work)
        assert unavailable_error(raised.value) is None
        assert await pool.fetch("SELECT epoch, pg_backend_pid() FROM log_epoch") == before


async def test_a_statement_that_outlasts_its_callers_deadline_is_an_absent_database_and_given_up(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("milequest.store.deadlines.ANSWER_SECONDS", 0.2)
    async with await open_pool(database_url, 1) as pool:
        process = await pool.fetchval("SELECT pg_backend_pid()")

        @in_time
        async def asked() -> None:
            async with pool.acquire() as connection:
                await connection.fetchval("SELECT pg_sleep(60)")

        async with asyncio.timeout(30):
            with pytest.raises(Away):
                await asked()
            assert await pool.fetchval("SELECT pg_backend_pid()") == process
