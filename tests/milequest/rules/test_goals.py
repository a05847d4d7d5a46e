"""Terms of goals, over all days: accepted terms keep the rules, and changes are those the status allows."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.calendar import months_after
from milequest.rules.enums import GoalStatus, MilestoneKind, WaypointKind
from milequest.rules.errors import ErrorCode, QuestError, ValidationError
from milequest.rules.goals import DEMANDING_MM_PER_DAY, RouteStop, Terms, doubts, edited, milestones_of, new_terms
from milequest.rules.progress import closes_at

TODAY = date(2026, 11, 22)
near = st.dates(TODAY - timedelta(days=3), TODAY + timedelta(days=1500))
some_days = st.dates(date(2020, 1, 1), date(2100, 12, 31))


@given(some_days, st.integers(0, 60))
def test_months_after_a_day_are_its_day_or_the_months_last(day: date, months: int) -> None:
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


def test_months_after_stay_in_the_calendar() -> None:
    assert months_after(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert months_after(date(9999, 12, 1), 1) == date.max


@given(near, st.none() | near, st.none() | st.integers(-5, 200))
def test_terms_that_are_accepted_keep_the_rules(starts_on: date, ends_on: date | None, grace: int | None) -> None:
    try:
        terms = new_terms("A goal", starts_on, ends_on=ends_on, grace_hours=grace, today=TODAY)
    except ValidationError:
        assert (
            not TODAY <= starts_on <= date(2028, 11, 22)
            or (ends_on is not None and not starts_on < ends_on <= months_after(starts_on, 24))
            or (grace is not None and not 0 <= grace <= 168)
        )
    else:
        assert TODAY <= terms.starts_on < terms.ends_on <= months_after(terms.starts_on, 24)
        assert terms.ends_on == (ends_on or months_after(starts_on, 3))
        assert terms.grace_hours == (72 if grace is None else grace)


changes = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["New", "", None]),
        "description": st.sampled_from([None, "Words"]),
        "starts_on": st.none() | near,
        "ends_on": st.none() | near,
        "grace_hours": st.none() | st.integers(-1, 169),
    },
)


@given(st.sampled_from(GoalStatus), changes, st.integers(0, 100))
def test_changes_that_are_accepted_keep_the_rules(status: GoalStatus, given_: dict[str, Any], days: int) -> None:
    terms = Terms("Old", "Old words", TODAY, TODAY + timedelta(days=60), 72)
    now = datetime(2026, 11, 22, 9, tzinfo=UTC) + timedelta(days=days)
    try:
        after = edited(terms, status, given_, now, now.date())
    except QuestError:
        return
    assert status in (GoalStatus.DRAFT, GoalStatus.ACTIVE)
    assert after == Terms(**{field: given_.get(field, getattr(terms, field)) for field in Terms.__dataclass_fields__})
    assert after.starts_on < after.ends_on <= months_after(after.starts_on, 24)
    if status is GoalStatus.ACTIVE:
        assert now < closes_at(terms.ends_on, terms.grace_hours)
        assert after.starts_on == terms.starts_on
        assert after.ends_on >= terms.ends_on


@pytest.mark.parametrize("status", [GoalStatus.COMPLETED, GoalStatus.FAILED, GoalStatus.CANCELLED])
def test_edit_of_an_ended_goal_is_refused(status: GoalStatus) -> None:
    terms = Terms("Old", None, TODAY, TODAY + timedelta(days=60), 72)
    with pytest.raises(QuestError) as refusal:
        edited(terms, status, {}, datetime(2026, 11, 22, tzinfo=UTC), TODAY)
    assert refusal.value.code is ErrorCode.GOAL_NOT_EDITABLE


@given(st.integers(1, 50_000_000_000), st.lists(st.none() | st.just("Town"), min_size=2, max_size=25))
def test_milestones_are_unique_and_lie_on_the_route(target: int, names: list[str | None]) -> None:
    last = len(names) - 1
    kinds = [WaypointKind.START, *[WaypointKind.STOP] * (last - 1), WaypointKind.END]
    stops = [RouteStop(index, name, kinds[index], target * index // last) for index, name in enumerate(names)]
    stones = milestones_of(target, stops)
    assert len({(stone.kind, stone.key) for stone in stones}) == len(stones) == 5 + last
    assert all(0 <= stone.at_mm <= target and stone.title for stone in stones)
    assert [stone.at_mm for stone in stones if stone.kind is MilestoneKind.PERCENT][-1] == target


def test_a_pace_is_doubtful_beyond_25_miles_a_day() -> None:
    assert doubts(None) == doubts(0) == doubts(DEMANDING_MM_PER_DAY) == []
    assert [problem.code for problem in doubts(DEMANDING_MM_PER_DAY + 1)] == [ErrorCode.IMPLAUSIBLE]
