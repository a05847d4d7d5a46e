"""Promotion of a database that follows none; with a standby, and clients' view of it, it is `make drill`."""

import asyncpg
import pytest

from milequest.settings import Settings
from milequest.store.sql.failover import FailoverResult, take_over


@pytest.mark.parametrize("planned", [False, True])
async def test_failover_to_a_promoted_database_raises_the_epoch_unless_planned(
    database_url: str, planned: bool
) -> None:
    assert await take_over(Settings(database_url=database_url), planned=planned) == FailoverResult(
        None, 1 if planned else 2
    )
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT epoch FROM log_epoch") == (1 if planned else 2)
    await connection.close()
