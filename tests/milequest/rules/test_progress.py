"""Progress along a route, over all distances and days: percent, milestones, windows and pace."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.progress import (
    PERCENTS,
    closes_at,
    crossed,
    pace,
    percent,
    percent_mark,
    remaining_mm,
    window_ends_at,
)

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
targets = st.integers(1, 50_000_000_000)  # up to 50,000 km
totals = st.integers(0, 200_000_000_000)


@dataclass(frozen=True)
class Stone:
    """A milestone."""

    at_mm: int
    reached_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def stands(self) -> bool:
        """True if it is shown as reached."""
        return self.reached_at is not None and self.revoked_at is None


def walked_to(stones: list[Stone], total_mm: int) -> tuple[list[Stone], list[Stone]]:
    """Return the milestones after the total has become `total_mm`, and those passed for the first time."""
    crossing = crossed(stones, total_mm)
    after = [
        replace(stone, reached_at=NOW)
        if stone in crossing.reached
        else replace(stone, revoked_at=None)
        if stone in crossing.restored
        else replace(stone, revoked_at=NOW)
        if stone in crossing.revoked
        else stone
        for stone in stones
    ]
    return after, list(crossing.reached)


@given(targets, totals)
def test_percent_is_100_only_when_the_target_is_reached(target: int, total: int) -> None:
    assert 0 <= percent(total, target) <= 100
    assert (percent(total, target) == 100) is (total >= target)
    assert (remaining_mm(total, target) == 0) is (total >= target)


@given(targets, st.sampled_from(PERCENTS))
def test_a_percents_mark_is_the_first_millimetre_of_that_percent(target: int, mark: int) -> None:
    at_mm = percent_mark(target, mark)
    assert (at_mm - 1) * 100 < target * mark <= at_mm * 100
    assert percent_mark(target, 100) == target


def test_percent_of_nothing_walked_is_zero_even_without_a_target() -> None:
    assert percent(0, 0) == 0
    assert percent(0, 1) == 0
    assert percent(1, 3) == 100 / 3


@given(st.lists(st.integers(0, 1000), max_size=12, unique=True), st.lists(st.integers(0, 1200), max_size=12))
def test_milestones_follow_the_total_and_are_announced_once(places: list[int], totals: list[int]) -> None:
    stones, told = [Stone(at_mm) for at_mm in places], []
    for total in totals:
        stones, news = walked_to(stones, total)
        told += [stone.at_mm for stone in news]
        assert {stone.at_mm for stone in stones if stone.stands} == {at_mm for at_mm in places if at_mm <= total}
        assert [stone.at_mm for stone in news] == sorted(stone.at_mm for stone in news)
        assert crossed(stones, total) == crossed([], 0), "a second look finds nothing to do"
    assert sorted(told) == sorted({at_mm for at_mm in places if totals and at_mm <= max(totals)})


def test_being_at_a_milestone_is_reaching_it() -> None:
    before, at, beyond = Stone(99), Stone(100), Stone(101)
    assert crossed([beyond, at, before], 100).reached == (before, at)


@pytest.mark.parametrize(
    ("ends_on", "grace_hours", "closes"),
    [
        (date(2026, 11, 30), 0, datetime(2026, 12, 1, 12, tzinfo=UTC)),
        (date(2026, 11, 30), 72, datetime(2026, 12, 4, 12, tzinfo=UTC)),
        (date(2024, 2, 28), 168, datetime(2024, 3, 7, 12, tzinfo=UTC)),
    ],
)
def test_a_goal_closes_when_its_last_day_ended_everywhere_and_the_grace_is_over(
    ends_on: date, grace_hours: int, closes: datetime
) -> None:
    assert closes_at(ends_on, grace_hours) == closes


@given(
    st.dates(date(2000, 1, 2), date(2100, 1, 1)),
    st.sampled_from(["Pacific/Kiritimati", "Pacific/Apia", "Asia/Kolkata", "America/New_York", "Pacific/Pago_Pago"]),
)
def test_the_last_day_is_whole_in_every_zone(day: date, zone: str) -> None:
    last_moment = window_ends_at(day) - timedelta(microseconds=1)
    assert last_moment.astimezone(ZoneInfo("Etc/GMT+12")).date() == day
    assert last_moment.astimezone(ZoneInfo(zone)).date() >= day


days = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(days, st.integers(1, 730), st.integers(-100, 900), totals, targets)
def test_pace_figures_are_consistent_for_any_goal(
    starts_on: date, length: int, after: int, total: int, target: int
) -> None:
    ends_on, today = starts_on + timedelta(days=length), starts_on + timedelta(days=after)
    seen = pace(starts_on, ends_on, today, total, target)
    assert min(seen.days_elapsed, seen.days_remaining) >= 0
    assert seen.days_elapsed + seen.days_remaining == length + 1
    if total >= target:
        assert seen.is_on_track
        assert seen.required_mm_per_day is None
    elif today <= ends_on:
        assert seen.required_mm_per_day is not None
        assert seen.required_mm_per_day > 0
        if not seen.is_on_track:
            assert seen.projected_finish_on is None or seen.projected_finish_on > ends_on
    else:
        assert not seen.is_on_track
        assert (seen.required_mm_per_day, seen.projected_finish_on) == (None, None)


def test_pace_on_the_way_counts_today_as_still_to_be_walked() -> None:
    """Ten days, 100 m: 30 m on the fourth day are enough, for that day is still to be walked."""
    starts_on, ends_on = date(2026, 11, 1), date(2026, 11, 10)
    seen = pace(starts_on, ends_on, date(2026, 11, 4), 30_000, 100_000)
    assert (seen.days_elapsed, seen.days_remaining) == (4, 6)
    assert seen.average_mm_per_day == 7_500
    assert seen.required_mm_per_day == 10_000
    assert seen.projected_finish_on == date(2026, 11, 14)
    assert seen.is_on_track
    assert not pace(starts_on, ends_on, date(2026, 11, 4), 29_999, 100_000).is_on_track


def test_pace_before_the_start_and_after_completion() -> None:
    starts_on, ends_on = date(2026, 11, 1), date(2026, 11, 10)
    early = pace(starts_on, ends_on, date(2026, 10, 1), 0, 100_000)
    assert (early.days_elapsed, early.days_remaining, early.is_on_track) == (0, 10, True)
    assert (early.average_mm_per_day, early.required_mm_per_day, early.projected_finish_on) == (0, 10_000, None)
    done = pace(starts_on, ends_on, date(2026, 11, 9), 120_000, 100_000, completed_on=date(2026, 11, 7))
    assert (done.projected_finish_on, done.required_mm_per_day) == (date(2026, 11, 7), None)


def test_a_finish_beyond_the_calendar_is_not_a_day() -> None:
    assert pace(date(2026, 11, 1), date(2026, 11, 10), date(2026, 11, 4), 1, 50_000_000_000).projected_finish_on is None


def test_percent_around_the_target_is_clamped_and_marks_are_rounded_up() -> None:
    assert [percent(total, 400) for total in (-1, 0, 1, 399, 400, 401)] == [0.0, 0.0, 0.25, 99.75, 100.0, 100.0]
    assert [percent_mark(target, 25) for target in (1, 4, 5, 2**60 + 1)] == [1, 1, 2, 2**58 + 1]


def test_a_milestone_at_the_total_is_not_revoked() -> None:
    here = Stone(5, reached_at=datetime(2026, 11, 30, tzinfo=UTC))
    assert crossed([here], 5).revoked == ()
    assert crossed([here], 4).revoked == (here,)


def test_pace_on_the_last_day_and_the_day_after() -> None:
    first, last = date(2026, 11, 21), date(2026, 11, 30)
    there = pace(first, last, last, 90, 100)
    assert (there.required_mm_per_day, there.projected_finish_on, there.is_on_track) == (10.0, date(2026, 12, 2), True)
    after = pace(first, last, last + timedelta(days=1), 99, 100)
    assert (after.required_mm_per_day, after.projected_finish_on, after.is_on_track) == (None, None, False)


def test_a_finish_is_foreseen_from_the_first_millimetre_to_the_last() -> None:
    day = date(2026, 11, 30)
    assert pace(day, day + timedelta(days=9), day, 1, 3).projected_finish_on == day + timedelta(days=2)
    assert pace(day, day + timedelta(days=9), day + timedelta(days=1), 1, 2).projected_finish_on == date(2026, 12, 3)
    assert pace(day, date.max, day, 1, 1 + (date.max - day).days).projected_finish_on == date.max
