"""A walker's days: sums of each, the best one, and runs of days without a gap. Private walks are included.

All read the walker's own counted walks by `ix_activity_day`, whoever else walks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from milequest.rules.streaks import TRAVEL_MINUTES, DayRun
from milequest.store.sql.transaction import Reader


@dataclass(frozen=True, slots=True)
class ActivityDay:
    """The sums of a local day."""

    local_date: date
    distance_meters: float
    duration_seconds: int
    steps: int
    activity_count: int


_COUNTED = "user_id = $1 AND deleted_at IS NULL AND count_status = 'COUNTED'"
_DAY = """local_date, sum(distance_mm)::bigint / 1000.0::float8, coalesce(sum(duration_s), 0)::bigint,
    coalesce(sum(steps), 0)::bigint, count(*)"""
_DAYS = f"SELECT {_DAY} FROM activity WHERE {_COUNTED} AND local_date BETWEEN $2 AND $3 GROUP BY local_date"
_BEST = f"""
SELECT {_DAY} FROM activity WHERE {_COUNTED} GROUP BY local_date ORDER BY sum(distance_mm) DESC, local_date LIMIT 1
"""
# A day begins a run unless the day before was walked, or was the one that a journey to the east skipped: rules/streaks.
_RUNS = f"""
WITH days AS (
    SELECT local_date, (array_agg(utc_offset_min ORDER BY started_at, id))[1] AS first_offset,
           (array_agg(utc_offset_min ORDER BY started_at DESC, id DESC))[1] AS last_offset
    FROM activity WHERE {_COUNTED} GROUP BY local_date
), steps AS (
    SELECT local_date, last_offset, local_date - lag(local_date) OVER before AS gap,
           first_offset - lag(last_offset) OVER before AS risen
    FROM days WINDOW before AS (ORDER BY local_date)
), runs AS (
    SELECT local_date, last_offset, count(*) FILTER (
        WHERE gap IS NULL OR gap > 2 OR gap = 2 AND risen < {TRAVEL_MINUTES}) OVER (ORDER BY local_date) AS run
    FROM steps
), lengths AS (
    SELECT min(local_date) AS starts_on, max(local_date) AS ends_on, count(*) AS days,
           (array_agg(last_offset ORDER BY local_date DESC))[1] AS last_offset
    FROM runs GROUP BY run
)
(SELECT * FROM lengths ORDER BY ends_on DESC LIMIT 1)
UNION ALL
(SELECT * FROM lengths ORDER BY days DESC, ends_on DESC LIMIT 1)
"""


async def days(db: Reader, user_id: UUID, first: date, last: date) -> Mapping[date, ActivityDay]:
    """Return the sums of those of the days from `first` to `last` that have counted walks."""
    return {row[0]: ActivityDay(*row) for row in await db.fetch(_DAYS, user_id, first, last)}


async def best_day(db: Reader, user_id: UUID) -> ActivityDay | None:
    """Return the day of the longest distance, of equal ones the first; None without a counted walk."""
    row = await db.fetchrow(_BEST, user_id)
    return None if row is None else ActivityDay(*row)


async def last_and_longest_run(db: Reader, user_id: UUID) -> tuple[DayRun, DayRun] | None:
    """Return the latest run of days, and the longest, of equal ones the later; None without a counted walk."""
    rows = [DayRun(*row) for row in await db.fetch(_RUNS, user_id)]
    return (rows[0], rows[1]) if rows else None
