"""Days, weeks and months, to both ends of the calendar and where clocks are changed."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from milequest.rules.calendar import (
    day_after,
    instant_text,
    local_date,
    months_after,
    start_of_local_day,
    utc_offset_minutes,
    window,
)
from milequest.rules.enums import LeaderboardPeriod

DAY, WEEK, MONTH, ALL_TIME = (
    LeaderboardPeriod.DAY,
    LeaderboardPeriod.WEEK,
    LeaderboardPeriod.MONTH,
    LeaderboardPeriod.ALL_TIME,
)
SANTIAGO, ST_JOHNS, KIRITIMATI = map(ZoneInfo, ("America/Santiago", "America/St_Johns", "Pacific/Kiritimati"))


@pytest.fixture(autouse=True)
def machine_elsewhere() -> Iterator[None]:
    """Run on a machine whose own zone is far from UTC, since that must not matter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Pacific/Kiritimati")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize("hours", [-12, 0, 14])
def test_an_instant_has_one_text_in_every_zone(hours: int) -> None:
    instant = datetime(2026, 12, 31, 23, 59, 59, 999_999, UTC).astimezone(timezone(timedelta(hours=hours)))
    assert instant_text(instant) == "2026-12-31T23:59:59.999Z"


def test_a_time_without_a_zone_is_no_instant() -> None:
    with pytest.raises(ValueError, match=r"^an instant has a time zone$"):
        instant_text(datetime(2026, 12, 31))  # noqa: DTZ001  # that is what is tried


@pytest.mark.parametrize(
    ("zone", "minutes", "day"), [(ST_JOHNS, -210, date(2026, 12, 31)), (KIRITIMATI, 840, date(2027, 1, 1))]
)
def test_a_zone_has_its_own_offset_and_day(zone: ZoneInfo, minutes: int, day: date) -> None:
    instant = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert (utc_offset_minutes(instant, zone), local_date(instant, zone)) == (minutes, day)


def test_an_offset_of_seconds_is_rounded_down_to_a_minute() -> None:
    offset = utc_offset_minutes(datetime(1900, 1, 1, tzinfo=UTC), ST_JOHNS)  # -3:30:52
    assert (offset, type(offset)) == (-211, int)


def test_a_day_whose_midnight_is_skipped_begins_with_the_first_instant_after_it() -> None:
    begins = start_of_local_day(datetime(2026, 9, 6, 12, tzinfo=UTC), SANTIAGO)
    assert (begins, begins.tzinfo) == (datetime(2026, 9, 6, 4, tzinfo=UTC), UTC)
    assert day_after(date(2026, 9, 5), SANTIAGO) == begins


def test_days_with_a_change_of_clocks_have_23_and_25_hours() -> None:
    for day, hours in ((date(2027, 3, 14), 23), (date(2026, 11, 1), 25)):
        begins = start_of_local_day(datetime(day.year, day.month, day.day, 15, tzinfo=UTC), ST_JOHNS)
        ends = day_after(day, ST_JOHNS)
        assert ends
        assert (ends - begins, ends.tzinfo) == (timedelta(hours=hours), UTC)


def test_no_day_comes_after_the_calendars_last() -> None:
    assert day_after(date.max, ST_JOHNS) is None
    assert day_after(date(9999, 12, 30), ZoneInfo("UTC")) == datetime(9999, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 1, 31), 11, date(2026, 12, 31)),
        (date(9998, 12, 5), 12, date(9999, 12, 5)),
        (date(9999, 12, 5), 1, date.max),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(day: date, months: int, later: date) -> None:
    assert months_after(day, months) == later


@pytest.mark.parametrize(
    ("period", "day", "starts_on", "ends_on"),
    [
        (DAY, date(2028, 2, 29), date(2028, 2, 29), date(2028, 2, 29)),
        (WEEK, date(2027, 1, 1), date(2026, 12, 28), date(2027, 1, 3)),
        (WEEK, date.min, date.min, date(1, 1, 7)),
        (WEEK, date.max, date(9999, 12, 27), date.max),
        (MONTH, date(2028, 2, 1), date(2028, 2, 1), date(2028, 2, 29)),
        (MONTH, date(2026, 12, 31), date(2026, 12, 1), date(2026, 12, 31)),
        (MONTH, date(9999, 11, 30), date(9999, 11, 1), date(9999, 11, 30)),
        (MONTH, date.max, date(9999, 12, 1), date.max),
        (ALL_TIME, date(2026, 12, 31), date.min, date.max),
    ],
)
def test_a_window_holds_its_whole_period(period: LeaderboardPeriod, day: date, starts_on: date, ends_on: date) -> None:
    found = window(period, day)
    assert (found.period, found.starts_on, found.ends_on) == (period, starts_on, ends_on)


def test_a_goals_window_is_not_the_calendars() -> None:
    with pytest.raises(ValueError, match=r"^a goal's window is its own$"):
        window(LeaderboardPeriod.GOAL, date(2026, 12, 31))
