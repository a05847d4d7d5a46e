"""What a transaction says of a database that takes no writes."""

import pytest

from milequest.rules.errors import ErrorCode, Refused
from milequest.store.transaction import Tx, open_pool, transact


async def test_a_write_to_a_database_that_follows_another_may_be_tried_again(database_url: str) -> None:
    async def work(tx: Tx) -> None:
        await tx.execute("UPDATE log_epoch SET epoch = epoch")

    async with await open_pool(database_url, 1, read_only=True) as follower:
        with pytest.raises(Refused) as refused:
            await transact(follower, work)
    assert (refused.value.code, refused.value.extensions()["retryable"]) == (ErrorCode.UNAVAILABLE, True)
