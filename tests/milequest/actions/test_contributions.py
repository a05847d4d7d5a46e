"""The events of counting a walk, and their channels."""

import asyncio
from datetime import timedelta

import pytest

from tests.journeys import NOW, Crew, crew, walk
from tests.quest import Caller, Quest

PRIVATE = """mutation ($id: ID!, $p: ActivityPrivacy!) {
    updateActivity(input: {activityId: $id, privacy: $p}) { activity { id } } }"""
NOTES = 'mutation ($id: ID!) { updateActivity(input: {activityId: $id, notes: "Windy"}) { activity { id } } }'


@pytest.fixture
async def team(quest: Quest) -> Crew:
    return await crew(quest)


async def log(caller: Caller, team_id: str) -> list[str]:
    rows = await caller.runtime.reader.fetch(
        "SELECT kind FROM event WHERE channel = $1 ORDER BY sequence", f"team:{team_id.removeprefix('team_')}"
    )
    return [row["kind"] for row in rows]


async def version(caller: Caller, team_id: str) -> int:
    text = "query ($id: ID!) { team(id: $id) { leaderboard { version } } }"
    return int((await caller.run(text, id=team_id))["team"]["leaderboard"]["version"])


async def test_joining_a_second_team_records_no_event_in_the_first(team: Crew) -> None:
    await walk(team.member, 1000, NOW - timedelta(hours=1))
    other = await team.stranger.found("Others")
    before = await log(team.admin, team.team), await version(team.admin, team.team)
    await team.member.accept(await team.stranger.invite(other))
    assert (await log(team.admin, team.team), await version(team.admin, team.team)) == before
    assert (await log(team.stranger, other))[-2:] == ["ACTIVITY_ADDED", "MEMBER_ADDED"]
    text = "query ($id: ID!) { team(id: $id) { leaderboard { entries { nodes { value } } } } }"
    found = await team.stranger.run(text, id=other)
    assert found["team"]["leaderboard"]["entries"]["nodes"] == [{"value": 1000}]


async def test_each_change_of_a_public_walk_records_one_event(team: Crew) -> None:
    told = len(await log(team.admin, team.team))
    logged = await walk(team.member, 1000)
    await team.member.run(NOTES, id=logged)
    await team.member.run(PRIVATE, id=logged, p="PRIVATE")
    await team.member.run(NOTES, id=logged)
    await team.member.run(PRIVATE, id=logged, p="PUBLIC")
    assert (await log(team.admin, team.team))[told:] == [
        "ACTIVITY_ADDED",
        "ACTIVITY_CHANGED",
        "ACTIVITY_REMOVED",
        "ACTIVITY_ADDED",
    ]


async def test_walk_logged_while_its_team_turns_private_is_on_no_board_of_teams(team: Crew) -> None:
    publish = "mutation ($t: ID!, $yes: Boolean!) { updateTeam(input: {teamId: $t, isPublic: $yes}) { team { id } } }"
    listed = "SELECT activity_count FROM team_entry WHERE period = 'ALL_TIME'"
    for number in range(1, 9):
        public = number % 2 == 1
        await asyncio.gather(
            team.admin.run(publish, t=team.team, yes=public),
            walk(team.member, 100 * number, NOW - timedelta(minutes=number)),
            walk(team.admin, 100 * number, NOW - timedelta(minutes=number)),
        )
        rows = [row[0] for row in await team.quest.runtime.reader.fetch(listed)]
        assert rows == ([2 * number] if public else [])
