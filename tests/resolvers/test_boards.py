"""Leaderboards through the API: the walks that count, their viewers and competitors, ids and pages."""

from datetime import timedelta
from typing import Any

import pytest

from tests.boards import BOARD, CLIMB, EDIT, GOAL, HIDE, LEAVE, NODE, PAGE, PRIVATE, STANDING, board, ranking
from tests.journeys import ACTIVATE, CANCEL, NOW, TODAY, Crew, crew, draft, walk
from tests.quest import Caller, Quest


@pytest.fixture
async def team(quest: Quest) -> Crew:
    return await crew(quest)


async def test_public_walks_rank_by_each_metric(team: Crew) -> None:
    await walk(team.admin, 3000.001, durationSeconds=260, steps=4000, type="WHEELCHAIR")
    await walk(team.member, 2000, NOW - timedelta(minutes=50), durationSeconds=1500, steps=2500)
    await walk(team.member, 900, durationSeconds=180)
    await walk(team.member, 5000, **PRIVATE)
    week = await board(team.member, team.team)
    assert week | {"version": 0, "entries": None} == {
        "id": f"board_week_distance_{team.team.removeprefix('team_')}",
        "version": 0,
        "period": "WEEK",
        "metric": "DISTANCE",
        "basis": "TOTAL",
        "windowStartsOn": "2026-11-16",
        "windowEndsOn": TODAY,
        "isFinal": False,
        "entries": None,
    }
    assert week["entries"] == {
        "totalCount": 2,
        "nodes": [
            {
                "rank": 1,
                "value": 3000.001,
                "distanceMeters": 3000.001,
                "activityCount": 1,
                "competitor": {"id": f"user_{team.admin.user_id.hex}", "name": "Ann"},
            },
            {
                "rank": 2,
                "value": 2900,
                "distanceMeters": 2900,
                "activityCount": 2,
                "competitor": {"id": f"user_{team.member.user_id.hex}", "name": "Ben"},
            },
        ],
    }
    by = {metric: await board(team.admin, team.team, metric=metric) for metric in ("DURATION", "STEPS", "ACTIVE_DAYS")}
    assert ranking(by["DURATION"]) == [(1, "Ben", 1680), (2, "Ann", 260)]
    assert ranking(by["STEPS"]) == [(1, "Ann", 4000), (2, "Ben", 2500)]
    assert ranking(by["ACTIVE_DAYS"]) == [(1, "Ann", 1), (1, "Ben", 1)]
    assert by["STEPS"]["entries"]["nodes"][1]["distanceMeters"] == 2900


async def test_null_arguments_are_the_defaults(team: Crew) -> None:
    plain = await board(team.admin, team.team)
    assert await board(team.admin, team.team, period=None, metric=None, date=None) == plain
    assert (plain["period"], plain["metric"]) == ("WEEK", "DISTANCE")


async def test_the_version_rises_with_each_change(team: Crew) -> None:
    versions = [(await board(team.admin, team.team))["version"]]
    logged = await walk(team.member, 1000)
    versions.append((await board(team.admin, team.team))["version"])
    await team.member.run(EDIT, input={"activityId": logged} | PRIVATE)
    versions.append((await board(team.admin, team.team))["version"])
    await team.member.run(HIDE, show=False)
    versions.append((await board(team.admin, team.team))["version"])
    assert versions == sorted(set(versions))
    await walk(team.admin, 1000, **PRIVATE)
    assert (await board(team.admin, team.team))["version"] == versions[-1]


async def test_a_board_is_for_the_teams_members(quest: Quest) -> None:
    team = await crew(quest, is_public=True)
    await walk(team.admin, 1000)
    week = await board(team.member, team.team)
    goal_id = await draft(team.admin, team.team)
    goals = (await team.member.run(GOAL, id=goal_id))["goal"]["leaderboard"]
    for caller in (team.stranger, quest.anonymous):
        caller.now = NOW
        assert (await caller.run(BOARD, id=team.team))["team"]["leaderboard"] is None
        for board_id in (week["id"], goals["id"]):
            assert (await caller.run(NODE, id=board_id))["node"] is None
    assert (await team.stranger.run(GOAL, id=goal_id))["goal"] is None
    await team.admin.run(ACTIVATE, input={"goalId": goal_id})
    assert (await team.stranger.run(GOAL, id=goal_id))["goal"]["leaderboard"] is None
    await team.member.run(LEAVE, team=team.team)
    assert (await team.member.run(BOARD, id=team.team))["team"]["leaderboard"] is None
    assert (await team.member.run(NODE, id=week["id"]))["node"] is None


async def test_the_goals_board_keeps_who_left(team: Crew) -> None:
    assert (await team.admin.run(BOARD, id=team.team, period="GOAL"))["team"]["leaderboard"] is None
    goal_id = await draft(team.admin, team.team)
    await team.admin.run(ACTIVATE, input={"goalId": goal_id})
    await walk(team.admin, 1000)
    await walk(team.member, 2000)
    await walk(team.member, 4000, **PRIVATE)
    team.later(minutes=1)
    await team.member.run(LEAVE, team=team.team)
    goals = await board(team.admin, team.team, period="GOAL")
    assert goals["id"] == f"board_goal_distance_{goal_id.removeprefix('goal_')}"
    assert (goals["windowStartsOn"], goals["windowEndsOn"], goals["isFinal"]) == (TODAY, "2027-02-22", False)
    assert ranking(goals) == [(1, "Ben", 2000), (2, "Ann", 1000)]
    assert (await team.admin.run(GOAL, id=goal_id))["goal"]["leaderboard"] == goals
    assert (await team.admin.run(NODE, id=goals["id"]))["node"] == {"__typename": "Leaderboard"} | goals
    assert ranking(await board(team.admin, team.team)) == [(1, "Ann", 1000)]
    days = (await team.admin.run(GOAL, id=goal_id, metric="ACTIVE_DAYS"))["goal"]["leaderboard"]
    assert ranking(days) == [(1, "Ann", 1), (1, "Ben", 1)]
    await team.admin.run(CANCEL, input={"goalId": goal_id})
    assert (await team.admin.run(BOARD, id=team.team, period="GOAL"))["team"]["leaderboard"] is None


async def test_my_standing_counts_private_walks_apart(team: Crew) -> None:
    async def standing(caller: Caller, **more: Any) -> dict[str, Any]:
        return dict((await caller.run(STANDING, id=team.team, **more))["team"]["leaderboard"]["viewerStanding"])

    assert await standing(team.admin) == {"trueValue": 0, "entry": None, "ahead": None, "behind": None}
    await walk(team.member, 2000)
    await walk(team.admin, 700, durationSeconds=200, **PRIVATE)
    ahead = {"rank": 1, "value": 2000, "competitor": {"name": "Ben"}}
    assert await standing(team.admin) == {"trueValue": 700, "entry": None, "ahead": ahead, "behind": None}
    await walk(team.admin, 1500, NOW - timedelta(minutes=30), durationSeconds=900)
    mine = await standing(team.admin)
    assert mine == {"trueValue": 2200, "entry": {"rank": 2, "value": 1500}, "ahead": ahead, "behind": None}
    assert (await standing(team.member))["behind"] == {"rank": 2, "competitor": {"name": "Ann"}}
    for metric, value in (("DURATION", 1100), ("STEPS", 0), ("ACTIVE_DAYS", 1)):
        assert (await standing(team.admin, metric=metric))["trueValue"] == value
    assert (await standing(team.admin, period="ALL_TIME"))["trueValue"] == 2200
    team.later(days=1)
    assert (await standing(team.admin))["trueValue"] == 0


async def test_hidden_member_is_on_no_board_and_sees_their_own_rank(team: Crew) -> None:
    await walk(team.admin, 2000)
    await walk(team.member, 1000)
    await team.admin.run(HIDE, show=False)
    for caller in (team.admin, team.member):
        assert ranking(await board(caller, team.team)) == [(1, "Ben", 1000)]
    own = (await team.admin.run(STANDING, id=team.team))["team"]["leaderboard"]["viewerStanding"]
    behind = {"rank": 1, "competitor": {"name": "Ben"}}
    assert own == {"trueValue": 2000, "entry": {"rank": 1, "value": 2000}, "ahead": None, "behind": behind}
    bens = (await team.member.run(STANDING, id=team.team))["team"]["leaderboard"]["viewerStanding"]
    assert (bens["entry"]["rank"], bens["ahead"]) == (1, None)
    await team.admin.run(HIDE, show=True)
    assert ranking(await board(team.member, team.team)) == [(1, "Ann", 2000), (2, "Ben", 1000)]


async def test_pages_of_a_board_neither_skip_nor_repeat(team: Crew) -> None:
    for name in ("Cid", "Dan", "Eli"):
        caller = await team.quest.user(name)
        caller.now = NOW
        await caller.accept(await team.admin.invite(team.team))
        await walk(caller, 1000)
    await walk(team.admin, 5000)
    await walk(team.member, 10)
    cursor, seen = None, []
    while True:
        page = (await team.admin.run(PAGE, id=team.team, first=2, after=cursor))["team"]["leaderboard"]["entries"]
        assert page["count"] == 5
        seen += [(edge["node"]["rank"], edge["node"]["competitor"]["name"]) for edge in page["edges"]]
        cursor = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [(1, "Ann"), (2, "Cid"), (2, "Dan"), (2, "Eli"), (5, "Ben")]
    assert page["edges"][-1]["cursor"] == cursor


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"first": 0}, "first"),
        ({"first": -1}, "first"),
        ({"first": 101}, "first"),
        ({"after": ""}, "after"),
        ({"after": "bm9uc2Vuc2U"}, "after"),
        ({"after": "MQAyADMANA"}, "after"),
    ],
)
async def test_a_page_that_cannot_be_is_refused(team: Crew, given: dict[str, Any], path: str) -> None:
    refused = await team.admin.refused(PAGE, id=team.team, **given)
    assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", path)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "week",
        "week_distance",
        "week_total_" + "0" * 32,
        "week_distance_" + "0" * 31,
        "week_distance_" + "0" * 32 + "_20261117",  # a Tuesday
        "month_distance_" + "0" * 32 + "_20261302",
        "alltime_distance_" + "0" * 32 + "_20261101",
        "goal_total",
        "goal_distance_" + "0" * 32 + "_20261101",
        "year_distance_" + "0" * 32,
        "week_distance_" + "0" * 32 + "\n",
    ],
)
async def test_malformed_board_id_is_refused(team: Crew, name: str) -> None:
    refused = await team.admin.refused(NODE, id=f"board_{name}")
    assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", "id")


async def test_rank_change_is_counted_since_the_window_before(team: Crew) -> None:
    cid = await team.quest.user("Cid")
    cid.now = NOW
    await cid.accept(await team.admin.invite(team.team))
    await walk(team.admin, 3000)
    await walk(team.member, 2000)
    team.later(days=1)
    cid.now = team.admin.now
    await walk(team.member, 500)
    await walk(team.admin, 400)
    await walk(cid, 300)

    async def changes(period: str) -> list[tuple[str, int | None]]:
        found = (await team.admin.run(CLIMB, id=team.team, period=period))["team"]["leaderboard"]["entries"]["nodes"]
        return [(one["competitor"]["name"], one["rankChange"]) for one in found]

    assert await changes("WEEK") == [("Ben", 1), ("Ann", -1), ("Cid", None)]
    assert await changes("DAY") == [("Ben", 1), ("Ann", -1), ("Cid", None)]
    assert [change for _, change in await changes("ALL_TIME")] == [None, None, None]
