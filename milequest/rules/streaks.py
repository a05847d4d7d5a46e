"""Streaks: runs of local days with a counted walk. A day of travel that hardly was one does not end a run."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from milequest.rules.calendar import local_date, utc_offset_minutes

DAY = timedelta(days=1)
# Who travels east loses hours of a day, over the date line nearly all of them. A day of which at most half was left
# is skipped: the offset rose by this much from the walk before to the walk after it.
TRAVEL_MINUTES = 12 * 60


@dataclass(frozen=True, slots=True)
class DayRun:
    """A run of walked days. `last_offset_min` is the zone's offset at its last walk."""

    starts_on: date
    ends_on: date
    days: int
    last_offset_min: int


@dataclass(frozen=True, slots=True)
class Streak:
    """The run that can still be continued, and the longest one."""

    current_days: int
    current_starts_on: date | None
    longest_days: int
    longest_starts_on: date | None
    longest_ends_on: date | None
    has_walked_today: bool


NONE_YET = Streak(0, None, 0, None, None, has_walked_today=False)


def streak(last: DayRun, longest: DayRun, now: datetime, zone: ZoneInfo) -> Streak:
    """Return the streak of a walker at `now` in their zone.

    The last run is the current one until a whole day went by without a walk: today's may still come.
    """
    today = local_date(now, zone)
    missed = (today - last.ends_on) // DAY - 1
    has_travelled = utc_offset_minutes(now, zone) - last.last_offset_min >= TRAVEL_MINUTES
    goes_on = missed <= 0 or (missed == 1 and has_travelled)
    return Streak(
        last.days if goes_on else 0,
        last.starts_on if goes_on else None,
        longest.days,
        longest.starts_on,
        longest.ends_on,
        has_walked_today=last.ends_on >= today,
    )
