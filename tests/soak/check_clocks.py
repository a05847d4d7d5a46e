"""The first test under another clock: this process, PostgreSQL and Valkey all have the given time."""

import os
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
from redis import Redis

from tests.soak.clocks import STARTED_AT

LONGEST = timedelta(minutes=20)  # of a run


async def test_all_clocks_agree(database_url: str, redis_url: str) -> None:
    starts_at = datetime.fromisoformat(os.environ[STARTED_AT])
    connection = await asyncpg.connect(database_url)
    try:
        databases = await connection.fetchval("SELECT clock_timestamp()")
    finally:
        await connection.close()
    with Redis.from_url(redis_url) as valkey:
        valkeys = datetime.fromtimestamp(valkey.time()[0], UTC)
    for now in (datetime.now(UTC), databases, valkeys):
        assert timedelta(seconds=-2) < now - starts_at < LONGEST
    here = datetime.now(UTC)
    assert here.astimezone().utcoffset() == here.astimezone(ZoneInfo(os.environ["TZ"])).utcoffset()
