"""The built-in identity provider on a real database of its own."""

from collections.abc import AsyncIterator

import pytest

from milequest.providers.identity.builtin import BuiltinIdentity
from milequest.store.sql.transaction import Pool, open_pool
from tests.fakes.outbox import Outbox


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with await open_pool(database_url, 8) as pool:
        yield pool


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def identity(pool: Pool, outbox: Outbox) -> BuiltinIdentity:
    return BuiltinIdentity(pool, outbox)
