"""Statistics of one's own walks: private ones too, by the days they were logged under, and no other person's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.journeys import NOW, TODAY, walk
from tests.quest import Caller, Quest

STATS = """query ($period: LeaderboardPeriod, $date: AWSDate) { viewer { stats(period: $period, date: $date) {
    startsOn endsOn distanceMeters durationSeconds steps activityCount activeDays } } }"""
EDIT = "mutation ($input: UpdateActivityInput!) { updateActivity(input: $input) { activity { countStatus } } }"
DELETE = "mutation ($input: DeleteActivityInput!) { deleteActivity(input: $input) { deletedActivityId } }"
NOTHING = {"distanceMeters": 0, "durationSeconds": 0, "steps": 0, "activityCount": 0, "activeDays": 0}


async def stats(caller: Caller, **more: Any) -> dict[str, Any]:
    return dict((await caller.run(STATS, **more))["viewer"]["stats"])


async def walker(quest: Quest, timezone: str = "UTC") -> Caller:
    caller = await quest.user("Ann", timezone)
    caller.now = NOW
    return caller


async def test_public_and_private_walks_add_up(quest: Quest) -> None:
    ann, other = await walker(quest), await walker(quest)
    await walk(other, 77)
    await walk(ann, 1000.001, durationSeconds=300, steps=1300)
    await walk(ann, 2000, NOW - timedelta(days=1), durationSeconds=1500, privacy="PRIVATE")
    await walk(ann, 500, NOW - timedelta(hours=3), durationSeconds=400, steps=700)
    await walk(ann, 9000, NOW - timedelta(days=7), durationSeconds=8000)
    week = {
        "startsOn": "2026-11-16",
        "endsOn": TODAY,
        "distanceMeters": 3500.001,
        "durationSeconds": 2200,
        "steps": 2000,
        "activityCount": 3,
        "activeDays": 2,
    }
    assert await stats(ann) == week
    assert await stats(ann, period=None, date=None) == week
    assert await stats(ann, date="2026-11-16") == week
    assert (await stats(ann, period="DAY"))["activityCount"] == 2
    assert (await stats(ann, period="DAY", date="2026-11-21"))["distanceMeters"] == 2000
    assert (await stats(ann, period="MONTH"))["distanceMeters"] == 12500.001
    ever = await stats(ann, period="ALL_TIME")
    assert (ever["startsOn"], ever["endsOn"], ever["activeDays"]) == (None, None, 3)
    assert await stats(ann, date="2026-11-01") == {"startsOn": "2026-10-26", "endsOn": "2026-11-01"} | NOTHING


async def test_only_what_counts_is_added(quest: Quest) -> None:
    ann = await walker(quest)
    gone, fast = await walk(ann, 1000), await walk(ann, 2000)
    await ann.run(DELETE, input={"activityId": gone})
    flagged = await ann.run(EDIT, input={"activityId": fast, "durationSeconds": 60})
    assert flagged["updateActivity"]["activity"]["countStatus"] == "FLAGGED"
    assert {key: value for key, value in (await stats(ann)).items() if key in NOTHING} == NOTHING


async def test_stats_use_the_viewers_today_and_each_walks_own_day(quest: Quest) -> None:
    ann = await walker(quest, "Pacific/Kiritimati")
    ann.now = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)  # 00:30 of Monday there
    await walk(ann, 1000, timezone="America/New_York")  # 05:30 of Sunday there
    today = await stats(ann, period="DAY")
    assert (today["startsOn"], today["activityCount"]) == ("2026-11-23", 0)
    assert (await stats(ann, period="DAY", date=TODAY))["activityCount"] == 1


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_first_and_last_day_of_the_calendar_have_a_window(quest: Quest, day: str) -> None:
    ann = await walker(quest)
    for period in ("DAY", "WEEK", "MONTH"):
        found = await stats(ann, period=period, date=day)
        assert day in (found["startsOn"], found["endsOn"])


async def test_stats_of_the_goal_period_are_refused(quest: Quest) -> None:
    refused = await (await walker(quest)).refused(STATS, period="GOAL")
    assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", "period")
