"""Windows of leaderboards: their days, their limits, and when they are final."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.boards import NODE, TEAMS, board, ranking
from tests.journeys import NOW, TODAY, Crew, crew, walk
from tests.quest import Quest


@pytest.fixture
async def team(quest: Quest) -> Crew:
    return await crew(quest)


async def test_a_date_chooses_the_window_that_holds_it(team: Crew) -> None:
    await walk(team.admin, 1000)
    await walk(team.admin, 2000, NOW - timedelta(days=1))
    days = {
        day: await board(team.admin, team.team, period="DAY", date=day) for day in (TODAY, "2026-11-21", "2026-11-20")
    }
    assert [ranking(one) for one in days.values()] == [[(1, "Ann", 1000)], [], []], "Ann founded her team today"
    week = await board(team.admin, team.team, date="2026-11-19")
    assert week["id"].endswith("_20261116")
    assert await board(team.admin, team.team, date="2026-11-16") == week
    assert ranking(week) == [(1, "Ann", 1000)]
    month = await board(team.admin, team.team, period="MONTH", date="2024-02-29")
    assert (month["windowStartsOn"], month["windowEndsOn"], ranking(month)) == ("2024-02-01", "2024-02-29", [])
    ever = await board(team.admin, team.team, period="ALL_TIME", date="2026-11-19")
    assert (ever["windowStartsOn"], ever["windowEndsOn"], ever["isFinal"]) == (None, None, False)
    assert ever == await board(team.admin, team.team, period="ALL_TIME")
    assert ranking(ever) == [(1, "Ann", 1000)]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("period", ["DAY", "WEEK", "MONTH", "ALL_TIME"])
async def test_first_and_last_day_of_the_calendar_have_a_window(team: Crew, period: str, day: str) -> None:
    await walk(team.admin, 1000)
    found = await board(team.admin, team.team, period=period, date=day)
    assert len(ranking(found)) == (period == "ALL_TIME")
    assert found["isFinal"] is (day == "0001-01-01" and period != "ALL_TIME")
    assert (await team.admin.run(NODE, id=found["id"]))["node"] == {"__typename": "Leaderboard"} | found


async def test_without_a_date_a_board_goes_on_into_the_next_window(team: Crew) -> None:
    await walk(team.admin, 1000)
    before = await board(team.admin, team.team)
    dated = await board(team.admin, team.team, date=TODAY)
    team.later(days=1)
    after = await board(team.admin, team.team)
    assert after["id"] == before["id"]
    assert (after["windowStartsOn"], ranking(after)) == ("2026-11-23", [])
    assert (await team.admin.run(NODE, id=before["id"]))["node"] == {"__typename": "Leaderboard"} | after
    assert (await team.admin.run(NODE, id=dated["id"]))["node"] == {"__typename": "Leaderboard"} | dated


async def test_a_window_is_final_when_late_walks_can_no_longer_come(team: Crew) -> None:
    last = datetime(2026, 11, 23, 12, tzinfo=UTC) + timedelta(hours=72)  # the 22nd ends at UTC−12, then the grace
    finals = []
    for now in (NOW, last - timedelta(seconds=1), last):
        team.admin.now = now
        finals.append((await board(team.admin, team.team, date=TODAY))["isFinal"])
    assert finals == [False, False, True]


async def test_today_is_the_day_in_the_teams_zone(quest: Quest) -> None:
    team = await crew(quest, timezone="Pacific/Kiritimati")  # 14 hours ahead
    team.later(hours=1)  # 00:30 of Monday there
    assert (await board(team.admin, team.team))["windowStartsOn"] == "2026-11-23"
    assert (await team.admin.run(TEAMS))["teamsLeaderboard"]["windowStartsOn"] == "2026-11-16"
