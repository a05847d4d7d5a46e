"""A connection to the test's own database, for the statements of the store."""

from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio

from milequest.store.sql.transaction import Tx


@pytest_asyncio.fixture
async def tx(database_url: str) -> AsyncIterator[Tx]:
    """Yield a transaction that is never committed."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            yield Tx(connection)
    finally:
        await connection.close()
