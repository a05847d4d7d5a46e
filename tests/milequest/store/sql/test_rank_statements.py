"""A page of a big board reads its own rows, not the whole board: by the plan's actual counts."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from milequest.rules.boards import BoardKind
from milequest.rules.ids import new_id
from milequest.store.sql import rank_statements
from milequest.store.sql.rankings import ABOVE_ALL
from milequest.store.sql.transaction import Tx

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MONDAY = date(2026, 11, 16)
SUMS = "distance_mm, duration_s, steps, active_days, attained_at, last_activity_at"
SPREAD = "hashtext(n::text)::bigint + 3000000000, n, n, n % 7 + 1, $1::timestamptz + make_interval(secs => n), $1"
USERS = """
INSERT INTO app_user (id, email, email_key, name, created_at, updated_at)
SELECT md5(n::text)::uuid, n || '@example.com', n || '@example.com', 'User ' || n, $1, $1 FROM generate_series(1, $2) n
"""
TEAM = """
INSERT INTO team (id, name, name_key, is_public, created_by, created_at, updated_at)
SELECT md5(n::text)::uuid, 'Team ' || n, 'team ' || n, true, md5('1')::uuid, $1, $1 FROM generate_series(1, $2) n
"""
MEMBERS = """
INSERT INTO team_member (id, team_id, user_id, role, joined_at, counts_from)
SELECT md5(n::text)::uuid, md5('1')::uuid, md5(n::text)::uuid, 'MEMBER', $1, $1 FROM generate_series(1, 500) n
"""
BOARD = f"""
INSERT INTO board_entry (team_id, period, starts_on, user_id, {SUMS})
SELECT md5('1')::uuid, 'WEEK', $2::date - 7 * week, md5(n::text)::uuid, {SPREAD}
FROM generate_series(1, 500) n, generate_series(0, 9) week
"""
TEAMS = f"""
INSERT INTO team_entry (team_id, period, starts_on, active_members, {SUMS})
SELECT md5(n::text)::uuid, 'WEEK', $2::date - 7 * week, 3, {SPREAD}
FROM generate_series(1, 5000) n, generate_series(0, 3) week
"""


async def rows_read(tx: Tx, kind: BoardKind, column: str, owner: UUID | None, table: str) -> float:
    """Return how many rows of `table` the first page of 100 touches at the most at one place of its plan."""
    statement = rank_statements.pages(kind, column)
    window = ([new_id(NOW)], [owner], ["WEEK"], [MONDAY], [MONDAY])
    page = ([101], [False], [ABOVE_ALL], [None], [None], [None])
    [plan] = json.loads(await tx.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *window, *page))
    read: list[float] = [
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes(plan["Plan"])
        if node.get("Relation Name") == table
    ]
    return max(read)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


@pytest.mark.parametrize("column", ["distance_mm", "duration_s", "steps", "active_days"])
async def test_page_of_a_board_of_500_members_reads_its_own_rows_alone(tx: Tx, column: str) -> None:
    await tx.execute(USERS, NOW, 500)
    await tx.execute(TEAM, NOW, 1)
    await tx.execute(MEMBERS, NOW)
    await tx.execute(BOARD, NOW, MONDAY)
    for table in ("app_user", "team_member", "board_entry"):
        await tx.execute(f"ANALYZE {table}")
    team_id: UUID = await tx.fetchval("SELECT id FROM team")
    assert 101 <= await rows_read(tx, BoardKind.TEAM, column, team_id, "board_entry") <= 103


@pytest.mark.parametrize("column", ["distance_mm", "average_mm"])
async def test_page_of_a_board_of_5000_teams_reads_its_own_rows_alone(tx: Tx, column: str) -> None:
    await tx.execute(USERS, NOW, 1)
    await tx.execute(TEAM, NOW, 5000)
    await tx.execute(TEAMS, NOW, MONDAY)
    for table in ("team", "team_entry"):
        await tx.execute(f"ANALYZE {table}")
    assert 101 <= await rows_read(tx, BoardKind.TEAMS, column, None, "team_entry") <= 103
