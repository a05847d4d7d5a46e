"""One's own days, best day and streak: by local days, private walks included, whatever the zone."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.journeys import NOW, walk
from tests.quest import Caller, Quest

DAYS = """query ($from: AWSDate, $to: AWSDate) { viewer { days(from: $from, to: $to) {
    localDate distanceMeters durationSeconds steps activityCount } } }"""
STREAK = """{ viewer { bestDay { localDate distanceMeters } streak {
    currentDays currentStartsOn longestDays longestStartsOn longestEndsOn hasWalkedToday } } }"""
DELETE = "mutation ($input: DeleteActivityInput!) { deleteActivity(input: $input) { deletedActivityId } }"
RESTORE = "mutation ($input: RestoreActivityInput!) { restoreActivity(input: $input) { activity { id } } }"
MOVE = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { viewer { id } } }"


async def walker(quest: Quest, timezone: str = "UTC") -> Caller:
    caller = await quest.user("Ann", timezone)
    caller.now = NOW
    return caller


async def on_days(caller: Caller, *ago: int) -> list[str]:
    """Log a walk so many days ago, each; return their ids."""
    return [await walk(caller, 500, NOW - timedelta(days=days)) for days in ago]


async def streak(caller: Caller) -> tuple[int, str | None, int, bool]:
    """Return the current streak, its first day, the longest one, and whether today is walked."""
    now = (await caller.run(STREAK))["viewer"]["streak"]
    return now["currentDays"], now["currentStartsOn"], now["longestDays"], now["hasWalkedToday"]


async def test_every_day_of_a_range_has_its_sums(quest: Quest) -> None:
    ann, other = await walker(quest), await walker(quest)
    await walk(other, 77)
    await walk(ann, 1000.001, steps=1300)
    await walk(ann, 500, NOW - timedelta(hours=3), privacy="PRIVATE")
    await walk(ann, 700, NOW - timedelta(days=2))
    await walk(ann, 1900, NOW - timedelta(days=1), durationSeconds=100)
    await on_days(ann, 5)
    rows = (await ann.run(DAYS, **{"from": "2026-11-20", "to": "2026-11-22"}))["viewer"]["days"]
    today = {"durationSeconds": 580, "steps": 1300, "activityCount": 2}
    nothing = {"distanceMeters": 0, "durationSeconds": 0, "steps": 0, "activityCount": 0}
    assert rows == [
        {"localDate": "2026-11-20", "distanceMeters": 700, "durationSeconds": 290, "steps": 0, "activityCount": 1},
        {"localDate": "2026-11-21"} | nothing,
        {"localDate": "2026-11-22", "distanceMeters": 1500.001} | today,
    ]


async def test_days_are_the_last_thirty_unless_a_range_is_given(quest: Quest) -> None:
    ann = await walker(quest, "Pacific/Kiritimati")
    ann.now = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)  # 00:30 of Monday there
    for given, first, last in (
        ({}, "2026-10-25", "2026-11-23"),
        ({"to": "2026-03-01"}, "2026-01-31", "2026-03-01"),
        ({"from": "2026-11-22"}, "2026-11-22", "2026-11-23"),
        ({"from": "2026-12-24"}, "2026-12-24", "2026-12-24"),
        ({"to": "0001-01-03"}, "0001-01-01", "0001-01-03"),
    ):
        rows = (await ann.run(DAYS, **given))["viewer"]["days"]
        assert (rows[0]["localDate"], rows[-1]["localDate"]) == (first, last)


async def test_a_range_has_at_most_366_days_in_order(quest: Quest) -> None:
    ann = await walker(quest)
    whole = {"from": "2024-01-01", "to": "2024-12-31"}
    assert len((await ann.run(DAYS, **whole))["viewer"]["days"]) == 366
    for wrong in (whole | {"to": "2025-01-01"}, whole | {"to": "2023-12-31"}):
        refused = await ann.refused(DAYS, **wrong)
        assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", "to")


async def test_a_streak_goes_on_until_a_whole_day_has_passed(quest: Quest) -> None:
    ann = await walker(quest)
    assert await streak(ann) == (0, None, 0, False)
    await on_days(ann, 1, 2, 3)
    assert await streak(ann) == (3, "2026-11-19", 3, False)
    await walk(ann, 500, privacy="PRIVATE")
    assert await streak(ann) == (4, "2026-11-19", 4, True)
    ann.now += timedelta(days=1)
    assert await streak(ann) == (4, "2026-11-19", 4, False)
    ann.now += timedelta(days=1)
    assert await streak(ann) == (0, None, 4, False)


async def test_a_late_walk_joins_runs_and_a_deletion_splits_them(quest: Quest) -> None:
    ann = await walker(quest)
    await on_days(ann, 0, 1, 3, 4, 5)
    assert await streak(ann) == (2, "2026-11-21", 3, True)
    (between,) = await on_days(ann, 2)
    assert await streak(ann) == (6, "2026-11-17", 6, True)
    await ann.run(DELETE, input={"activityId": between})
    assert await streak(ann) == (2, "2026-11-21", 3, True)
    await ann.run(RESTORE, input={"activityId": between})
    assert (await streak(ann))[0] == 6


async def test_a_day_that_a_journey_skipped_ends_no_streak(quest: Quest) -> None:
    ann = await walker(quest)
    la = {"timezone": "America/Los_Angeles"}
    await walk(ann, 500, datetime(2026, 11, 18, 20, tzinfo=UTC), **la)  # the 18th there
    await walk(ann, 500, datetime(2026, 11, 19, 20, tzinfo=UTC), **la)  # the 19th there
    ann.now = datetime(2026, 11, 21, 1, tzinfo=UTC)  # the 21st in Auckland, after a night in the air
    assert (await streak(ann))[0] == 0, "in London the 20th was a whole day"
    await ann.run(MOVE, input={"timezone": "Pacific/Auckland"})
    assert await streak(ann) == (2, "2026-11-18", 2, False)
    await walk(ann, 500, ann.now - timedelta(minutes=10), timezone="Pacific/Auckland")
    assert await streak(ann) == (3, "2026-11-18", 3, True)
    ann.now += timedelta(days=2)
    assert (await streak(ann))[0] == 0


async def test_a_missed_day_without_a_journey_ends_a_streak(quest: Quest) -> None:
    ann = await walker(quest)
    for day, zone in ((18, "Europe/London"), (20, "Asia/Kolkata")):
        await walk(ann, 500, datetime(2026, 11, day, 8, tzinfo=UTC), timezone=zone)
    ann.now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert await streak(ann) == (1, "2026-11-20", 1, True)


async def test_a_date_walked_twice_on_a_journey_west_counts_once(quest: Quest) -> None:
    ann = await walker(quest)
    await walk(ann, 500, datetime(2026, 11, 20, 22, tzinfo=UTC), timezone="Pacific/Auckland")  # the 21st there
    await walk(ann, 500, datetime(2026, 11, 21, 20, tzinfo=UTC), timezone="America/Los_Angeles")  # the 21st again
    assert await streak(ann) == (1, "2026-11-21", 1, False)


async def test_the_best_day_is_the_furthest_and_of_equal_ones_the_first(quest: Quest) -> None:
    ann = await walker(quest)
    assert (await ann.run(STREAK))["viewer"]["bestDay"] is None
    await on_days(ann, 3, 2, 1, 1)
    await walk(ann, 1000)
    assert (await ann.run(STREAK))["viewer"]["bestDay"] == {"localDate": "2026-11-21", "distanceMeters": 1000}


@pytest.mark.parametrize("field", ["days { localDate }", "streak { currentDays }", "bestDay { localDate }"])
async def test_anonymous_caller_has_no_series(quest: Quest, field: str) -> None:
    await on_days(await walker(quest), 0)
    assert (await quest.anonymous.run(f"{{ viewer {{ {field} }} }}"))["viewer"] is None
