"""Leaderboards of teams: public ones alone, by sum or by average."""

from datetime import timedelta
from typing import Any

from tests.boards import END, NODE, PRIVATE, TEAMS, UPDATE, ranking
from tests.journeys import NOW, TODAY, crew, walk
from tests.quest import Quest


async def test_boards_of_teams_rank_public_ones(quest: Quest) -> None:
    walkers, ann = await crew(quest, is_public=True), await quest.user("Zoe")
    ann.now = NOW
    hidden, other = await ann.found("Hidden"), await ann.found("Open", isPublic=True)
    await walk(ann, 5000)
    await walk(walkers.admin, 3000)
    await walk(walkers.member, 4000, **PRIVATE)
    await walk(walkers.member, 2000)

    async def of_teams(**more: Any) -> dict[str, Any]:
        return dict((await walkers.stranger.run(TEAMS, **more))["teamsLeaderboard"])

    week = await of_teams()
    assert (week["id"], week["metric"], week["basis"]) == ("board_week_total", "DISTANCE", "TOTAL")
    assert ranking(week) == [(1, "Open", 5000), (1, "Walkers", 5000)]
    assert (await of_teams(date=TODAY))["id"] == "board_week_total_20261116"
    assert (await walkers.stranger.run(NODE, id=week["id"]))["node"] == {"__typename": "Leaderboard"} | week
    assert (await quest.anonymous.run(NODE, id=week["id"]))["node"] is None
    assert (await quest.anonymous.refused(TEAMS))["code"] == "UNAUTHENTICATED"
    refused = await walkers.stranger.refused(TEAMS, period="GOAL")
    assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", "period")
    await ann.run(UPDATE, input={"teamId": hidden, "isPublic": True})
    shown = await of_teams()
    assert ranking(shown) == [(1, "Hidden", 5000), (1, "Open", 5000), (1, "Walkers", 5000)]
    await ann.run(UPDATE, input={"teamId": hidden, "isPublic": False})
    await ann.run(END, team=other, name="Open")
    gone = await of_teams()
    assert ranking(gone) == [(1, "Walkers", 5000)]
    assert week["version"] < shown["version"] < gone["version"]


async def test_an_average_takes_three_who_walked(quest: Quest) -> None:
    team = await crew(quest, is_public=True)
    await walk(team.admin, 3000)
    await walk(team.member, 1000)
    average = {"basis": "AVERAGE_PER_ACTIVE_MEMBER"}
    text = """query { teamsLeaderboard(basis: AVERAGE_PER_ACTIVE_MEMBER) { id
        entries { nodes { value distanceMeters competitor { ... on Team { memberCount viewerRole } } } }
        viewerStanding { trueValue entry { rank } } } }"""
    assert ranking((await team.admin.run(TEAMS, **average))["teamsLeaderboard"]) == []
    await team.stranger.accept(await team.admin.invite(team.team))
    await walk(team.stranger, 2000, NOW - timedelta(minutes=9), **PRIVATE)
    assert ranking((await team.admin.run(TEAMS, **average))["teamsLeaderboard"]) == []
    await walk(team.stranger, 2000)
    assert (await team.member.run(text))["teamsLeaderboard"] == {
        "id": "board_week_average",
        "entries": {
            "nodes": [
                {"value": 2000, "distanceMeters": 6000, "competitor": {"memberCount": 3, "viewerRole": "MEMBER"}},
            ]
        },
        "viewerStanding": {"trueValue": 2000, "entry": {"rank": 1}},
    }
