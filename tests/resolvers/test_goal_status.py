"""Goals begin and are given up through the API: one at a time, and no walk is lost between."""

import asyncio

import pytest

from tests.journeys import (
    ACTIVATE,
    CANCEL,
    CREATE,
    LINE,
    TODAY,
    Crew,
    along,
    code,
    crew,
    draft,
    status,
    walk,
)
from tests.quest import Quest


@pytest.fixture
async def team(quest: Quest) -> Crew:
    return await crew(quest)


async def test_an_activated_goal_counts_what_was_walked_in_its_days(team: Crew) -> None:
    await walk(team.member, 700)
    await walk(team.admin, 300, privacy="PRIVATE")
    goal_id = await draft(team.member, team.team)
    assert (await status(team.admin, goal_id))["progress"]["totalMeters"] == 0
    active = (await team.admin.run(ACTIVATE, input={"goalId": goal_id}))["activateGoal"]
    assert active["goal"]["status"] == "ACTIVE"
    assert active["goal"]["activatedAt"] == "2026-11-22T09:30:00.000Z"
    assert active["team"]["activeGoal"] == {"id": goal_id}
    assert (await status(team.admin, goal_id))["progress"]["totalMeters"] == 1_000
    assert ("GOAL_CHANGED", goal_id[5:]) in await team.events()
    assert await code(team.admin, ACTIVATE, goalId=goal_id) == "GOAL_NOT_EDITABLE"


async def test_a_goal_that_was_walked_already_completes_at_once(team: Crew) -> None:
    await walk(team.member, 200)
    goal_id = await draft(team.admin, team.team, waypoints=along(0, 0.001))
    active = (await team.admin.run(ACTIVATE, input={"goalId": goal_id}))["activateGoal"]
    assert active["goal"] | {"version": 0} == {
        "id": goal_id,
        "status": "COMPLETED",
        "version": 0,
        "activatedAt": "2026-11-22T09:30:00.000Z",
        "completedAt": "2026-11-22T09:30:00.000Z",
        "completedOn": TODAY,
    }
    assert active["team"]["activeGoal"] is None


async def test_second_goal_of_a_team_is_refused_while_the_first_is_active(team: Crew) -> None:
    first = await draft(team.admin, team.team, activate=True)
    second = await draft(team.admin, team.team)
    assert await code(team.admin, ACTIVATE, goalId=second) == "TEAM_HAS_ACTIVE_GOAL"
    assert await code(team.admin, CREATE, **LINE | {"teamId": team.team, "activate": True}) == "TEAM_HAS_ACTIVE_GOAL"
    assert await team.count("goal") == await team.count("route") == 2
    cancelled = (await team.admin.run(CANCEL, input={"goalId": first}))["cancelGoal"]
    assert cancelled == {"goal": {"id": first, "status": "CANCELLED", "version": 3}, "team": {"activeGoal": None}}
    assert (await team.admin.run(ACTIVATE, input={"goalId": second}))["activateGoal"]["goal"]["status"] == "ACTIVE"
    assert [subject for kind, subject in await team.events() if kind == "GOAL_CHANGED"] == [
        first[5:],
        first[5:],
        second[5:],
    ]


async def test_a_goal_whose_days_are_over_cannot_begin(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, endsOn="2026-11-23")
    team.later(days=1)
    late = await draft(team.admin, team.team, startsOn="2026-11-23", endsOn="2026-11-24")
    team.later(days=1)
    assert await code(team.admin, ACTIVATE, goalId=goal_id) == "CONFLICT"
    assert (await status(team.admin, goal_id))["status"] == "DRAFT"
    assert (await team.admin.run(ACTIVATE, input={"goalId": late}))["activateGoal"]["goal"]["status"] == "ACTIVE"


async def test_two_goals_activated_at_once_have_one_winner(team: Crew) -> None:
    people = "query ($t: ID!) { team(id: $t) { members { nodes { id user { name } } } } }"
    members = (await team.admin.run(people, t=team.team))["team"]["members"]["nodes"]
    promote = "mutation ($m: ID!) { setMemberRole(input: {memberId: $m, role: ADMIN}) { member { id } } }"
    await team.admin.run(promote, m=next(each["id"] for each in members if each["user"]["name"] == "Ben"))
    for _ in range(5):
        drafts = [await draft(team.admin, team.team) for _ in range(2)]
        results = await asyncio.gather(
            *(
                caller.result(ACTIVATE, {"input": {"goalId": goal_id}})
                for caller, goal_id in zip((team.admin, team.member), drafts, strict=True)
            )
        )
        codes = sorted((result.errors[0].extensions or {})["code"] if result.errors else "" for result in results)
        assert codes == ["", "TEAM_HAS_ACTIVE_GOAL"]
        states = [(await status(team.admin, goal_id))["status"] for goal_id in drafts]
        assert sorted(states) == ["ACTIVE", "DRAFT"]
        await team.admin.run(CANCEL, input={"goalId": drafts[states.index("ACTIVE")]})


@pytest.mark.parametrize("privacy", ["PUBLIC", "PRIVATE"])
async def test_a_walk_logged_while_a_goal_begins_counts_for_it(team: Crew, privacy: str) -> None:
    for _ in range(8):
        goal_id = await draft(team.admin, team.team)
        await asyncio.gather(
            team.admin.run(ACTIVATE, input={"goalId": goal_id}), walk(team.member, 10, privacy=privacy)
        )
        assert (await status(team.admin, goal_id))["progress"]["totalMeters"] == 10
        await team.admin.run(CANCEL, input={"goalId": goal_id})
