"""Codes tried at the same moment: each counts before the next is checked."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

from milequest.rules.credentials import CODE_TRIES, checked_sign_up
from milequest.store.sql import sign_ups
from milequest.store.sql.transaction import Tx, open_pool, transact

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ADA = checked_sign_up("ada@example.org", "Correct-Horse-1", "Ada")


async def test_a_try_waits_for_one_that_is_not_committed_yet(database_url: str) -> None:
    async with await open_pool(database_url, 2) as pool:
        await transact(pool, lambda tx: sign_ups.put(tx, uuid4(), ADA, "hash", b"right", NOW, b"attempt"))
        for _ in range(CODE_TRIES - 1):
            await transact(pool, lambda tx: sign_ups.confirm(tx, ADA.email_key, b"wrong", NOW, b"attempt"))
        counted, go_on = asyncio.Event(), asyncio.Event()

        async def last_wrong_try(tx: Tx) -> None:
            await sign_ups.confirm(tx, ADA.email_key, b"wrong", NOW, b"attempt")
            counted.set()
            await go_on.wait()

        wrong = asyncio.create_task(transact(pool, last_wrong_try))
        await counted.wait()
        right = asyncio.create_task(
            transact(pool, lambda tx: sign_ups.confirm(tx, ADA.email_key, b"right", NOW, b"attempt"))
        )
        await asyncio.sleep(0.1)
        assert not right.done()
        go_on.set()
        await wrong
        assert (await right).result is False
