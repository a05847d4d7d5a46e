"""Sums of a user's own walks, private ones included."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from milequest.rules.calendar import Window
from milequest.rules.enums import LeaderboardPeriod
from milequest.store.sql.transaction import Reader


@dataclass(frozen=True, slots=True)
class ActivityStats:
    """The sums of a window; the window of all time has neither start nor end."""

    starts_on: date | None
    ends_on: date | None
    distance_meters: float
    duration_seconds: int
    steps: int
    activity_count: int
    active_days: int


_SUMS = """
SELECT coalesce(sum(distance_mm), 0)::bigint / 1000.0::float8, coalesce(sum(duration_s), 0), coalesce(sum(steps), 0),
       count(*), count(DISTINCT local_date)
FROM activity
WHERE user_id = $1 AND deleted_at IS NULL AND count_status = 'COUNTED' AND local_date BETWEEN $2 AND $3
"""


async def stats(db: Reader, user_id: UUID, shown: Window) -> ActivityStats:
    """Return the sums of the user's counted walks in the window, by the local dates they were logged under."""
    row = await db.fetchrow(_SUMS, user_id, shown.starts_on, shown.ends_on)
    assert row is not None, "an aggregate has a row"
    ends = (None, None) if shown.period is LeaderboardPeriod.ALL_TIME else (shown.starts_on, shown.ends_on)
    return ActivityStats(*ends, *row)
