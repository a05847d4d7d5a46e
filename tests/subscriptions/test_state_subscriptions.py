"""Subscriptions to states, the same on every gateway: a snapshot at once, then the newest version."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from milequest.rules.access import Viewer
from milequest.store.sql import goals
from milequest.store.sql.goals import Goal
from milequest.store.sql.transaction import Reader
from tests.documents import BOARD_LIVE as BOARD
from tests.documents import BOARD_NOW as BOARD_QUERY
from tests.documents import OWN_PROGRESS_LIVE as OWN_PROGRESS
from tests.documents import PRESENCE_LIVE as WALKERS
from tests.documents import PROGRESS_LIVE as PROGRESS
from tests.documents import TEAMS_LIVE as TEAMS
from tests.subscriptions.conftest import Dial
from tests.subscriptions.results import values
from tests.subscriptions.team import CANCEL, GOAL, JOIN, LEAVE, LEG, PRESENCE, RENAME, ROLE, UPDATE, Team

CARD = """subscription ($team: ID!) { teamUpdated(teamId: $team) {
    teamId team { name memberCount viewerRole description } } }"""
MARKER = """subscription ($team: ID!) { teamProgressUpdated(teamId: $team) { progress {
    percent remainingMeters lineFraction goal { id status phase } } } }"""
SHARES = """subscription ($team: ID!) { teamProgressUpdated(teamId: $team) { progress {
    version totalMeters unattributedMeters topContributors { distanceMeters } } } }"""


async def test_a_marker_is_there_at_once_and_moves_with_every_walk(connected: Dial, team: Team) -> None:
    await team.walk(team.ben, 1000)
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(PROGRESS, team=team.id)
        first = (await stream.next())["progress"]
        assert (first["totalMeters"], first["goal"]["id"]) == (1000, team.goal)
        await team.walk(team.ben, 500, privacy="PRIVATE")
        second = (await stream.next())["progress"]
        assert (second["totalMeters"], second["id"]) == (1500, first["id"])
        assert second["version"] > first["version"]


async def test_progress_subscription_follows_the_team_from_goal_to_goal(connected: Dial, team: Team) -> None:
    async with connected(team.ben) as connection:
        stream = await connection.subscribe(PROGRESS, team=team.id)
        assert (await stream.next())["progress"]["goal"]["id"] == team.goal
        await team.do(team.ann, CANCEL, goalId=team.goal)
        assert (await stream.next())["progress"] is None
        again = {"name": "Again", "waypoints": [{"position": {"lat": 0, "lng": lng}} for lng in (0, 1)]}
        starts = (await team.ask(team.ann, "query ($id: ID!) { goal(id: $id) { startsOn } }", id=team.goal))["goal"]
        made = await team.do(team.ann, GOAL, teamId=team.id, activate=True, **again, **starts)
        assert (await stream.next())["progress"]["goal"]["id"] == made["goalEdge"]["node"]["id"]


async def test_completing_update_shows_the_end_of_the_route(connected: Dial, team: Team) -> None:
    async with connected(team.ben) as connection:
        marker = await connection.subscribe(MARKER, team=team.id)
        board = await connection.subscribe(BOARD, team=team.id, period="GOAL")
        assert (await marker.next())["progress"]["percent"] == 0
        await board.next()
        await team.walk(team.ben, 2_000)
        assert (await marker.next())["progress"]["percent"] < 100
        await board.next()
        await team.walk(team.ben, 3_400)
        arrived = (await marker.next())["progress"]
        assert (arrived["percent"], arrived["remainingMeters"], arrived["lineFraction"]) == (100, 0, 1)
        assert arrived["goal"] == {"id": team.goal, "status": "COMPLETED", "phase": "RUNNING"}
        assert values(await board.next()) == [5_400]


async def test_team_subscription_follows_the_card_the_members_and_the_role(connected: Dial, public_team: Team) -> None:
    team = public_team
    async with connected(team.ben) as connection:
        stream = await connection.subscribe(CARD, team=team.id)
        first = await stream.next()
        assert first == {
            "teamId": team.id,
            "team": {"name": team.name, "memberCount": 2, "viewerRole": "MEMBER", "description": None},
        }
        await team.do(team.ann, RENAME, teamId=team.id, description="On foot")
        assert (await stream.next())["team"]["description"] == "On foot"
        await team.do(team.eve, JOIN, teamId=team.id)
        assert (await stream.next())["team"]["memberCount"] == 3
        await team.do(team.ann, ROLE, memberId=team.member, role="ADMIN")
        assert (await stream.next())["team"]["viewerRole"] == "ADMIN"
        await team.walk(team.ann, 300)
        await stream.silent()


async def test_team_subscription_of_a_stranger_ends_when_the_team_turns_private(
    connected: Dial, public_team: Team
) -> None:
    async with connected(public_team.eve) as connection:
        stream = await connection.subscribe(CARD, team=public_team.id)
        assert (await stream.next())["team"]["viewerRole"] is None
        await public_team.do(public_team.ann, RENAME, teamId=public_team.id, isPublic=False)
        assert await stream.failure() == ["NOT_FOUND"]


async def test_many_changes_at_once_end_in_the_newest_state(connected: Dial, team: Team) -> None:
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(BOARD, team=team.id, period="WEEK")
        assert values(await stream.next()) == []
        for _ in range(3):
            await asyncio.gather(*(team.walk(token, 100) for token in (team.ann, team.ben) for _ in range(3)))
        asked = (await team.ask(team.ben, BOARD_QUERY, team=team.id))["team"]["leaderboard"]
        last = await stream.until(lambda event: event["leaderboard"]["version"] == asked["version"])
        assert last["leaderboard"] == asked
        assert values(last) == [900, 900]
        assert (last["teamId"], last["period"], last["basis"]) == (team.id, "WEEK", "TOTAL")
        await stream.silent()  # a further change would hide a repetition: they are conflated


async def test_a_private_walk_moves_no_board(connected: Dial, team: Team) -> None:
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(BOARD, team=team.id, period="ALL_TIME")
        await stream.next()
        walk = await team.walk(team.ben, 700)
        assert values(await stream.next()) == [700]
        await team.do(team.ben, UPDATE, activityId=walk, privacy="PRIVATE")
        assert values(await stream.next()) == []


async def test_a_goals_board_is_null_without_a_goal(connected: Dial, team: Team) -> None:
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(BOARD, team=team.id, period="GOAL")
        assert (await stream.next())["leaderboard"]["entries"]["totalCount"] == 0
        await team.do(team.ann, CANCEL, goalId=team.goal)
        assert (await stream.next())["leaderboard"] is None


async def test_the_board_of_teams_moves_with_public_teams(connected: Dial, team: Team, public_team: Team) -> None:
    async with connected(team.eve) as connection:
        stream = await connection.subscribe(TEAMS)
        await stream.next()
        await public_team.walk(public_team.ben, 3_432.1)

        def on_it(event: Any) -> bool:
            return public_team.id in {node["competitor"]["id"] for node in event["leaderboard"]["entries"]["nodes"]}

        moved = await stream.until(on_it)
        assert moved["teamId"] is None
        assert team.id not in {node["competitor"]["id"] for node in moved["leaderboard"]["entries"]["nodes"]}


async def test_subscribers_of_a_state_get_their_own_contribution(connected: Dial, team: Team) -> None:
    await team.walk(team.ben, 1000)
    async with connected(team.ann) as hers, connected(team.ben) as his:
        streams = [await one.subscribe(OWN_PROGRESS, team=team.id) for one in (hers, his)]
        seen = [(await stream.next())["progress"]["viewerContribution"] for stream in streams]
        assert seen == [None, {"distanceMeters": 1000}]
        await team.walk(team.ann, LEG, privacy="PRIVATE")
        seen = [(await stream.next())["progress"]["viewerContribution"] for stream in streams]
        assert seen == [{"distanceMeters": LEG}, {"distanceMeters": 1000}]


async def test_a_marker_names_nobody_for_a_walk_that_turned_private(connected: Dial, team: Team) -> None:
    async with connected(team.ann) as connection:
        walk = await team.walk(team.ben, 700)
        stream = await connection.subscribe(SHARES, team=team.id)
        shown = (await stream.next())["progress"]
        assert (shown["unattributedMeters"], shown["topContributors"]) == (0, [{"distanceMeters": 700}])
        await team.do(team.ben, UPDATE, activityId=walk, privacy="PRIVATE")
        hidden = (await stream.next())["progress"]
        assert (hidden["totalMeters"], hidden["unattributedMeters"], hidden["topContributors"]) == (700, 700, [])
        assert hidden["version"] > shown["version"]


async def test_own_contribution_in_a_state_goes_and_comes_with_the_membership(
    connected: Dial, public_team: Team
) -> None:
    await public_team.walk(public_team.ben, 1000)
    async with connected(public_team.ben) as connection:
        stream = await connection.subscribe(OWN_PROGRESS, team=public_team.id)
        assert (await stream.next())["progress"]["viewerContribution"] == {"distanceMeters": 1000}
        await public_team.do(public_team.ben, LEAVE, teamId=public_team.id)
        assert (await stream.next())["progress"] == {"totalMeters": 1000, "viewerContribution": None}
        await public_team.do(public_team.ben, JOIN, teamId=public_team.id)
        back = await stream.until(lambda event: event["progress"]["viewerContribution"])
        assert back["progress"]["viewerContribution"] == {"distanceMeters": 1000}


async def test_presence_of_a_walker_is_shown_until_they_stop(connected: Dial, team: Team) -> None:
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(WALKERS, team=team.id)
        assert (await stream.next()) == {"teamId": team.id, "walkers": []}
        await team.do(team.ben, PRESENCE, teamId=team.id, walking=True)
        assert [each["name"][:3] for each in (await stream.next())["walkers"]] == ["ben"]
        await team.do(team.ann, PRESENCE, teamId=team.id, walking=True)
        assert [each["name"][:3] for each in (await stream.next())["walkers"]] == ["ann", "ben"]
        await team.do(team.ben, PRESENCE, teamId=team.id, walking=False)
        assert [each["name"][:3] for each in (await stream.next())["walkers"]] == ["ann"]
        refused = await asyncio.to_thread(
            team.service.post, PRESENCE, token=team.eve, variables={"input": {"teamId": team.id, "walking": True}}
        )
        assert refused.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_board_subscription_of_a_member_who_left_ends_with_not_found(
    connected: Dial, public_team: Team, soon: float
) -> None:
    async with connected(public_team.ben) as connection:
        board = await connection.subscribe(BOARD, team=public_team.id, period="WEEK")
        marker = await connection.subscribe(PROGRESS, team=public_team.id)
        await board.next()
        await marker.next()
        await public_team.do(public_team.ben, LEAVE, teamId=public_team.id)
        async with asyncio.timeout(soon):
            assert await board.failure() == ["NOT_FOUND"]
        await public_team.walk(public_team.ann, 100)
        await marker.until(
            lambda event: event["progress"]["totalMeters"] == 100
        )  # which strangers see of a public team
        await public_team.do(public_team.ben, JOIN, teamId=public_team.id)
        again = await connection.subscribe(BOARD, team=public_team.id, period="WEEK")
        assert (await again.next())["leaderboard"]["entries"]["totalCount"] == 1


@pytest.mark.parametrize("connected", ["asgi", "sse", "apigateway"], indirect=True)
async def test_state_whose_goal_vanishes_between_two_reads_is_read_again(
    connected: Dial, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a stranger's, when a goal that has not begun is cancelled: its progress was read, itself is hidden."""
    read, vanished = goals.by_ids, 0

    async def hidden_once(db: Reader, viewer: Viewer, goal_ids: list[UUID]) -> Mapping[UUID, Goal]:
        nonlocal vanished
        vanished += 1
        return {} if vanished == 1 else await read(db, viewer, goal_ids)

    async with connected(team.ann) as connection:
        stream = await connection.subscribe(PROGRESS, team=team.id)
        await stream.next()
        monkeypatch.setattr(goals, "by_ids", hidden_once)
        await team.walk(team.ben, 500)
        event = await stream.next()
    assert (event["progress"]["totalMeters"], event["progress"]["goal"]["id"]) == (500, team.goal)
    assert vanished > 1


async def test_query_whose_goal_vanishes_between_two_reads_is_to_be_sent_again(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hidden(db: Reader, viewer: Viewer, goal_ids: list[UUID]) -> Mapping[UUID, Goal]:
        return {}

    monkeypatch.setattr(goals, "by_ids", hidden)
    query = "query ($id: ID!) { team(id: $id) { activeGoal { progress { goal { id } } } } }"
    answer = (await asyncio.to_thread(team.service.post, query, token=team.ann, variables={"id": team.id})).json()
    (error,) = answer["errors"]
    assert error["message"] == "It was changed while it was read; try again."
    assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("UNAVAILABLE", True)
