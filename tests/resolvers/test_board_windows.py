"""Windows of leaderboards: their days, their limits, and when they are final."""

from datetime import UTC, datetime, timedelta

import pytest

from milequest.actions.activities import DedupKey, draft_from, log_walk
from milequest.rules.activities import new_walk
from milequest.rules.enums import ActivitySource
from tests.boards import NODE, TEAMS, board, ranking
from tests.journeys import NOW, TODAY, Crew, crew, walk
from tests.quest import Quest

LATE = "query ($t: ID!, $d: AWSDate!) { team(id: $t) { leaderboard(date: $d) { isFinal closesAt correctedAt } } }"
TEAMS_LATE = "query ($d: AWSDate!) { teamsLeaderboard(period: WEEK, date: $d) { correctedAt } }"
EDIT = "mutation ($input: UpdateActivityInput!) { updateActivity(input: $input) { activity { version } } }"
HIDE = """mutation ($id: ID!, $p: ActivityPrivacy) {
    updateActivity(input: {activityId: $id, privacy: $p}) { activity { id } } }"""
NOTE = "mutation ($id: ID!, $n: String) { updateActivity(input: {activityId: $id, notes: $n}) { activity { id } } }"
DELETE = "mutation ($id: ID!) { deleteActivity(input: {activityId: $id}) { deletedActivityId } }"


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


async def test_window_is_final_when_no_walk_of_it_can_be_logged(team: Crew) -> None:
    last = datetime(2026, 11, 23, 12, tzinfo=UTC) + timedelta(days=30)  # the 22nd ends at UTC−12, then the limit
    finals = []
    for now in (NOW, last - timedelta(seconds=1), last):
        team.admin.now = now
        shown = (await team.admin.run(LATE, t=team.team, d=TODAY))["team"]["leaderboard"]
        assert (shown["closesAt"], shown["correctedAt"]) == ("2026-12-23T12:00:00.000Z", None)
        finals.append(shown["isFinal"])
    assert finals == [False, False, True]


async def test_final_board_says_when_a_walk_was_deleted_or_hidden(quest: Quest) -> None:
    team = await crew(quest, is_public=True)
    walks = [await walk(team.member, meters) for meters in (700, 300)]
    team.later(days=31, hours=5)

    async def corrected() -> list[str | None]:
        shown = await team.admin.run(LATE, t=team.team, d=TODAY)
        teams = await team.admin.run(TEAMS_LATE, d=TODAY)
        assert shown["team"]["leaderboard"]["isFinal"]
        return [shown["team"]["leaderboard"]["correctedAt"], teams["teamsLeaderboard"]["correctedAt"]]

    assert await corrected() == [None, None]
    await team.member.run(HIDE, id=walks[0], p="PRIVATE")
    assert await corrected() == ["2026-12-23T14:30:00.000Z"] * 2
    team.later(hours=1)
    await team.member.run(NOTE, id=walks[1], n="Long ago")
    assert await corrected() == ["2026-12-23T14:30:00.000Z"] * 2, "a note changes no row"
    await team.member.run(DELETE, id=walks[1])
    assert await corrected() == ["2026-12-23T15:30:00.000Z"] * 2
    week = (await team.admin.run(LATE, t=team.team, d="2026-11-29"))["team"]["leaderboard"]
    assert (week["isFinal"], week["correctedAt"]) == (False, None)


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("input.distanceMeters", {"distanceMeters": 701}),
        ("input.distanceMeters", {"distanceMeters": 699}),
        ("input.durationSeconds", {"durationSeconds": 999}),
        ("input.steps", {"steps": 1}),
        ("input.startedAt", {"startedAt": "2026-11-22T09:31:00Z"}),
        ("input.startedAt", {"startedAt": "2026-12-20T09:31:00Z"}),
        ("input.type", {"type": "WHEELCHAIR"}),
        ("input.privacy", {"privacy": "PUBLIC"}),
    ],
)
async def test_walk_of_a_final_board_keeps_its_amounts(team: Crew, path: str, given: dict[str, object]) -> None:
    walked = await walk(team.member, 700, privacy="PRIVATE" if path == "input.privacy" else "PUBLIC")
    team.later(days=30, seconds=1)
    refused = await team.member.refused(EDIT, input={"activityId": walked} | given)
    assert (refused["code"], refused["fields"][0]["path"]) == ("BACKDATE_LIMIT", path)
    assert refused["fields"][0]["min"] == "2026-11-22T09:30:01.000Z"
    same = {"distanceMeters": 700, "startedAt": NOW.isoformat(), "type": "WALK", "privacy": "PRIVATE", "notes": "!"}
    assert (await team.member.run(EDIT, input={"activityId": walked} | same))["updateActivity"]["activity"]


@pytest.mark.parametrize(("late", "counted"), [(timedelta(days=30), 1), (timedelta(days=30, seconds=1), 0)])
async def test_imported_walk_counts_for_teams_only_until_their_boards_close(
    team: Crew, late: timedelta, counted: int
) -> None:
    team.later(seconds=1)
    began = team.member.now
    team.later(seconds=late.total_seconds())
    imported = new_walk(
        started_at=began,
        now=team.member.now,
        source=ActivitySource.GPX,
        timezone="UTC",
        distance_meters=500,
        duration_seconds=400,
    )
    owner, now = team.member.user_id, team.member.now
    await team.quest.runtime.commit(
        lambda tx: log_walk(tx, owner, now, draft_from(imported), DedupKey(external_id="of a device"))
    )
    assert await team.count("contribution") == counted
    own = await team.member.run("{ viewer { stats(period: ALL_TIME) { distanceMeters } } }")
    assert own["viewer"]["stats"]["distanceMeters"] == 500


async def test_today_is_the_day_in_the_teams_zone(quest: Quest) -> None:
    team = await crew(quest, timezone="Pacific/Kiritimati")  # 14 hours ahead
    team.later(hours=1)  # 00:30 of Monday there
    assert (await board(team.admin, team.team))["windowStartsOn"] == "2026-11-23"
    assert (await team.admin.run(TEAMS))["teamsLeaderboard"]["windowStartsOn"] == "2026-11-16"
