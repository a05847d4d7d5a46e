"""Parts that several tests of resolvers need: an issuer of tokens, and a pool on the test's own database."""

from collections.abc import AsyncIterator

import pytest

from milequest.store.sql.transaction import Pool, open_pool
from tests.fakes import issuer as fake
from tests.fakes.issuer import Issuer


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with fake.running() as issuer:
        yield issuer


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with await open_pool(database_url, 2) as pool:
        yield pool
