"""Names and windows of boards."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.activities import is_in_time
from milequest.rules.boards import (
    BoardKind,
    board_key,
    closes_at,
    final_windows,
    parse_key,
    previous,
    sort_name,
)
from milequest.rules.calendar import Window, window
from milequest.rules.enums import LeaderboardBasis, LeaderboardMetric, LeaderboardPeriod
from milequest.rules.errors import ValidationError

DATED = (LeaderboardPeriod.DAY, LeaderboardPeriod.WEEK, LeaderboardPeriod.MONTH)
TEAM = UUID("0192f1c2-7b1e-7c3a-9d7e-3f2a6c1b4d5e")


@given(
    st.sampled_from(LeaderboardPeriod),
    st.sampled_from(LeaderboardMetric),
    st.sampled_from(LeaderboardBasis),
    st.none() | st.uuids(),
    st.none() | st.dates(),
)
def test_a_board_is_found_again_by_its_name(
    period: LeaderboardPeriod,
    metric: LeaderboardMetric,
    basis: LeaderboardBasis,
    owner: UUID | None,
    day: date | None,
) -> None:
    key = board_key(period, metric=metric if owner else None, basis=None if owner else basis, owner_id=owner, day=day)
    if key.kind is BoardKind.TEAMS and period is LeaderboardPeriod.GOAL:
        with pytest.raises(ValidationError):
            parse_key(key.text())
    else:
        assert parse_key(key.text()) == key


@given(st.text() | st.from_regex(r"[a-z]{1,8}_[a-z]{1,8}(_[0-9a-f]{32})?(_[0-9]{8})?"))
def test_any_text_names_one_board_or_none(text: str) -> None:
    with suppress(ValidationError):
        assert parse_key(text).text() == text


def test_board_keys_are_written_as_short_words() -> None:
    week = board_key(LeaderboardPeriod.WEEK, owner_id=TEAM, day=date(2026, 11, 22))
    assert week.text() == "week_distance_0192f1c27b1e7c3a9d7e3f2a6c1b4d5e_20261116"
    days = board_key(LeaderboardPeriod.ALL_TIME, metric=LeaderboardMetric.ACTIVE_DAYS, owner_id=TEAM)
    assert days.text() == "alltime_activedays_0192f1c27b1e7c3a9d7e3f2a6c1b4d5e"
    average = board_key(LeaderboardPeriod.MONTH, basis=LeaderboardBasis.AVERAGE_PER_ACTIVE_MEMBER, day=date(1, 1, 9))
    assert average.text() == "month_average_00010101"


@given(st.sampled_from(DATED), st.dates())
def test_windows_lie_side_by_side(period: LeaderboardPeriod, day: date) -> None:
    shown = window(period, day)
    before = previous(shown)
    if before is None:
        assert shown.starts_on == date.min
    else:
        assert before == window(period, before.starts_on)
        assert before.ends_on + timedelta(days=1) == shown.starts_on


@pytest.mark.parametrize("period", [LeaderboardPeriod.ALL_TIME, LeaderboardPeriod.GOAL])
def test_all_time_and_goal_windows_have_no_previous_window(period: LeaderboardPeriod) -> None:
    assert previous(Window(period, date(2026, 11, 1), date(2026, 11, 9))) is None


@given(
    st.dates(max_value=date(9999, 10, 1)),
    st.timedeltas(timedelta(), timedelta(days=1, microseconds=-1)),
    st.integers(-12, 14),
    st.timedeltas(timedelta(), timedelta(days=40)),
)
def test_walk_that_is_received_in_time_comes_before_its_boards_are_final(
    day: date, clock: timedelta, offset: int, late: timedelta
) -> None:
    try:
        started_at = datetime(day.year, day.month, day.day, tzinfo=UTC) + clock - timedelta(hours=offset)
    except OverflowError:
        return
    received_at = started_at + late
    if is_in_time(started_at, received_at):
        assert all(received_at < at for period in DATED if (at := closes_at(window(period, day))))
        assert final_windows([day], received_at) == []


def test_window_closes_thirty_days_after_it_has_ended_everywhere() -> None:
    week = window(LeaderboardPeriod.WEEK, date(2026, 11, 18))
    assert closes_at(week) == datetime(2026, 12, 23, 12, tzinfo=UTC)
    assert final_windows([date(2026, 11, 18)], datetime(2026, 12, 23, 12, tzinfo=UTC)) == [
        window(LeaderboardPeriod.DAY, date(2026, 11, 18)),
        week,
    ]


def test_all_time_and_the_calendars_last_days_never_close() -> None:
    assert closes_at(window(LeaderboardPeriod.ALL_TIME, date(2026, 11, 18))) is None
    assert closes_at(window(LeaderboardPeriod.DAY, date.max)) is None


def test_names_are_compared_as_any_database_does() -> None:
    assert sorted(["émile", "Zoë", "ann", "Émile", "Bo"], key=sort_name) == ["ann", "Bo", "Zoë", "Émile", "émile"]
