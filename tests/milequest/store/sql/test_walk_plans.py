"""Lists and series of walks read one walker's rows, or one page's, whatever else is there: by the plan's counts."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from milequest.rules.access import Viewer
from milequest.store.sql import day_series, team_walks
from milequest.store.sql.team_walks import TeamCriteria
from milequest.store.sql.transaction import Tx

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
WALKERS, DAYS, PAGE = 100, 200, 21  # each walks once a day
USERS = """
INSERT INTO app_user (id, email, email_key, name, created_at, updated_at)
SELECT md5(n::text)::uuid, n || '@example.com', n || '@example.com', 'User ' || n, $1, $1 FROM generate_series(1, $2) n
"""
TEAM = """
INSERT INTO team (id, name, name_key, created_by, created_at, updated_at)
VALUES (md5('1')::uuid, 'Team', 'team', md5('1')::uuid, $1, $1)
"""
WALKS = """
INSERT INTO activity (id, user_id, type, distance_mm, duration_s, started_at, timezone, utc_offset_min, local_date,
    source, privacy, counted_at, created_at, updated_at)
SELECT md5(n || ' ' || day)::uuid, md5(n::text)::uuid, 'WALK', 1000 + n, 600, at, 'UTC', 0, at::date, 'MANUAL',
    'PUBLIC', at, at, at
FROM generate_series(1, $2::int) n, generate_series(0, $3::int - 1) day,
    LATERAL (SELECT $1::timestamptz - make_interval(days => day, secs => n) AS at) began
"""
COUNTED = """
INSERT INTO contribution (team_id, activity_id, user_id, is_public, distance_mm, duration_s, steps, local_date,
    started_at, counted_at)
SELECT md5('1')::uuid, id, user_id, true, distance_mm, duration_s, 0, local_date, started_at, counted_at FROM activity
"""


@pytest.fixture
async def walked(tx: Tx) -> Tx:
    """Return a database with a team whose members have walked 20,000 times."""
    await tx.execute(USERS, NOW, WALKERS)
    await tx.execute(TEAM, NOW)
    await tx.execute(WALKS, NOW, WALKERS, DAYS)
    await tx.execute(COUNTED)
    for table in ("app_user", "activity", "contribution"):
        await tx.execute(f"ANALYZE {table}")
    return tx


async def rows_read(tx: Tx, statement: str, *given: object) -> float:
    """Return how many rows of walks the statement touches at the most at one place of its plan."""
    [plan] = json.loads(await tx.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *given))
    read: list[float] = [
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in _nodes(plan["Plan"])
        if node.get("Relation Name") in ("activity", "contribution")
    ]
    return max(read)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


async def test_series_read_their_walkers_own_rows_alone(walked: Tx) -> None:
    who: UUID = await walked.fetchval("SELECT md5('7')::uuid")
    week = date(2026, 11, 16), date(2026, 11, 22)
    assert await rows_read(walked, day_series._DAYS, who, *week) == 7
    assert await rows_read(walked, day_series._BEST, who) == DAYS
    assert await rows_read(walked, day_series._RUNS, who) == DAYS


@pytest.mark.parametrize(
    ("only", "most"),
    [
        (TeamCriteria(), PAGE),
        (TeamCriteria(from_=date(2026, 6, 1), to=date(2026, 6, 2)), 4 * WALKERS),  # days elsewhere on earth too
    ],
)
async def test_a_page_of_a_teams_walks_reads_its_days_alone(walked: Tx, only: TeamCriteria, most: int) -> None:
    team: UUID = await walked.fetchval("SELECT id FROM team")
    given = team_walks.parameters(Viewer(), team, None, PAGE, only)
    assert PAGE <= await rows_read(walked, team_walks._FEED, *given) <= most


async def test_a_page_of_one_walker_reads_their_own_rows_alone(walked: Tx) -> None:
    team: UUID = await walked.fetchval("SELECT id FROM team")
    who: UUID = await walked.fetchval("SELECT md5('7')::uuid")
    given = team_walks.parameters(Viewer(), team, None, PAGE, TeamCriteria())
    assert PAGE <= await rows_read(walked, team_walks._FEED_OF_USER, *given, who) <= DAYS
