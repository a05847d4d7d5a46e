"""Corrections of final boards: when a walk of a window that is final was deleted, hidden or moderated."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from milequest.rules.boards import DATED
from milequest.rules.calendar import Window
from milequest.rules.enums import LeaderboardPeriod
from milequest.store.sql.boards import Leaderboard
from milequest.store.sql.transaction import Reader, Tx

TEAMS: Final = UUID(int=0)  # owner of the board of public teams

# In the rows' order, so that two transactions do not wait for each other.
_RECORD = """
INSERT INTO board_correction (owner_id, period, starts_on, corrected_at)
SELECT owner.id, board.period, board.starts_on, $5
FROM (SELECT unnest($1::uuid[]) AS id UNION SELECT $4 FROM team WHERE id = ANY($1) AND is_public) AS owner
CROSS JOIN unnest($2::text[], $3::date[]) AS board (period, starts_on)
ORDER BY 1, 2, 3
ON CONFLICT (owner_id, period, starts_on) DO UPDATE
SET corrected_at = greatest(board_correction.corrected_at, excluded.corrected_at)
"""
_READ = """
SELECT asked.place, c.corrected_at
FROM unnest($1::uuid[], $2::text[], $3::date[]) WITH ORDINALITY AS asked (owner_id, period, starts_on, place)
JOIN board_correction c USING (owner_id, period, starts_on)
"""


async def record(tx: Tx, team_ids: Sequence[UUID], windows: Sequence[Window], now: datetime) -> None:
    """Note that these final windows of the teams' boards have changed, and of the board of teams if one is public."""
    if team_ids and windows:
        periods, days = [one.period for one in windows], [one.starts_on for one in windows]
        await tx.execute(_RECORD, team_ids, periods, days, TEAMS, now)


async def record_goals(tx: Tx, goal_ids: Sequence[UUID], now: datetime) -> None:
    """Note that the boards of these goals, whose outcomes are fixed, have changed."""
    if goal_ids:
        await tx.execute(_RECORD, goal_ids, [LeaderboardPeriod.GOAL], [date.min], TEAMS, now)


async def corrected_at(db: Reader, boards: Iterable[Leaderboard]) -> dict[Leaderboard, datetime]:
    """Return when each of the boards that were corrected last was."""
    asked = list(boards)
    rows = await db.fetch(
        _READ,
        [board.key.owner_id or TEAMS for board in asked],
        [board.period for board in asked],
        [board.window.starts_on if board.period in DATED else date.min for board in asked],
    )
    return {asked[row["place"] - 1]: row["corrected_at"] for row in rows}
