"""Days, weeks and zones. Every window is made of local dates that were frozen when a walk was written."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from milequest.rules.enums import LeaderboardPeriod
from milequest.rules.errors import invalid


@dataclass(frozen=True, slots=True)
class Window:
    """A range of days, both ends included; without ends it is all time."""

    period: LeaderboardPeriod
    starts_on: date
    ends_on: date


def instant_text(instant: datetime) -> str:
    """Return an instant in UTC with milliseconds: equal ones have equal bytes. ValueError for one without a zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant has a time zone")
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """Return the day in `zone` at `instant`."""
    return instant.astimezone(zone).date()


def utc_offset_minutes(instant: datetime, zone: ZoneInfo) -> int:
    """Return the zone's offset from UTC at `instant`, in whole minutes."""
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None, "a zone's time has an offset"
    return offset // timedelta(minutes=1)


def start_of_local_day(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which the local day of `instant` began; after a skipped midnight, the first one."""
    midnight = datetime.combine(local_date(instant, zone), time(), zone)
    return midnight.astimezone(UTC)


def day_after(day: date, zone: ZoneInfo) -> datetime | None:
    """Return the UTC instant at which the local `day` ends; None for the calendar's last one."""
    if day == date.max:
        return None
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def months_after(day: date, months: int) -> date:
    """Return the same day of a later month, or the month's last if it has no such day; at most the calendar's end."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def window(period: LeaderboardPeriod, day: date) -> Window:
    """Return the window of `period` that holds `day`. Weeks are ISO weeks. A goal defines its own window."""
    match period:
        case LeaderboardPeriod.DAY:
            return Window(period, day, day)
        case LeaderboardPeriod.WEEK:
            start = day - timedelta(days=min(day.weekday(), (day - date.min).days))
            return Window(period, start, start + timedelta(days=min(6, (date.max - start).days)))
        case LeaderboardPeriod.MONTH:
            start = day.replace(day=1)
            following = (start + timedelta(days=31)).replace(day=1) if start < date(9999, 12, 1) else None
            return Window(period, start, following - timedelta(days=1) if following else date.max)
        case LeaderboardPeriod.ALL_TIME:
            return Window(period, date.min, date.max)
        case LeaderboardPeriod.GOAL:
            raise ValueError("a goal's window is its own")


def check_order(path: str, first: date | None, last: date | None) -> None:
    """Raise VALIDATION_ERROR at `path`, that of the last day, for a range that ends before it begins."""
    if first is not None and last is not None and last < first:
        raise invalid(path, "OUT_OF_RANGE", "must not be before the first day", low=first.isoformat())
