"""The end of a goal through the API: what a team's page shows then, and how the next goal begins."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from milequest.actions.goals import finalize_goal
from milequest.store.sql.transaction import transact
from tests.journeys import ACTIVATE, CANCEL, LEG, Crew, along, change, code, crew, draft, walk
from tests.quest import Quest

DELETE = "mutation ($id: ID!) { deleteActivity(input: {activityId: $id}) { deletedActivityId } }"
PAGE = """query ($t: ID!) { team(id: $t) {
    activeGoal { id } currentGoal { id status phase corrected progress { percent totalMeters } }
    leaderboard(period: GOAL) { isFinal entries { nodes { value } } } } }"""
LIFE = "query ($id: ID!) { goal(id: $id) { status phase corrected closesAt completedAt progress { totalMeters } } }"


@pytest.fixture
async def team(quest: Quest) -> Crew:
    return await crew(quest)


async def page(team: Crew) -> dict[str, Any]:
    return dict((await team.member.run(PAGE, t=team.team))["team"])


async def life(team: Crew, goal_id: str) -> dict[str, Any]:
    return dict((await team.member.run(LIFE, id=goal_id))["goal"])


async def finalize(team: Crew, goal_id: str) -> bool:
    goal, now = UUID(goal_id.removeprefix("goal_")), team.admin.now
    return (await transact(team.quest.runtime.writer, lambda tx: finalize_goal(tx, goal, now))).result


async def activate(team: Crew, goal_id: str) -> None:
    await team.admin.run(ACTIVATE, input={"goalId": goal_id})


async def test_completed_goal_stays_on_the_page_until_the_next_begins(team: Crew) -> None:
    assert (await page(team)) == {"activeGoal": None, "currentGoal": None, "leaderboard": None}
    first = await draft(team.admin, team.team, activate=True)
    await walk(team.member, 4 * LEG)
    shown = await page(team)
    assert shown["activeGoal"] is None
    assert shown["currentGoal"] == {
        "id": first,
        "status": "COMPLETED",
        "phase": "RUNNING",
        "corrected": False,
        "progress": {"percent": 100, "totalMeters": 4 * LEG},
    }
    assert shown["leaderboard"] == {"isFinal": False, "entries": {"nodes": [{"value": 4 * LEG}]}}
    second = await draft(team.admin, team.team)
    assert (await page(team))["currentGoal"]["id"] == first
    await activate(team, second)
    assert (await page(team))["currentGoal"]["id"] == (await page(team))["activeGoal"]["id"] == second
    await team.admin.run(CANCEL, input={"goalId": second})
    assert (await page(team))["currentGoal"]["id"] == first


async def test_failed_goal_stays_on_the_page(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True, endsOn="2026-11-23", graceHours=0)
    team.later(days=3)
    assert await finalize(team, goal_id)
    shown = (await page(team))["currentGoal"]
    assert (shown["id"], shown["status"], shown["phase"]) == (goal_id, "FAILED", "FINAL")


async def test_stranger_of_a_public_team_sees_its_current_goal_and_no_board(quest: Quest) -> None:
    team = await crew(quest, is_public=True)
    goal_id = await draft(team.admin, team.team, activate=True)
    await walk(team.member, 4 * LEG)
    shown = (await team.stranger.run(PAGE, t=team.team))["team"]
    assert (shown["currentGoal"]["id"], shown["leaderboard"]) == (goal_id, None)


async def test_phase_follows_the_teams_days(quest: Quest) -> None:
    team = await crew(quest, timezone="Pacific/Kiritimati")  # 23:30 on the 22nd
    goal_id = await draft(team.admin, team.team, startsOn="2026-11-23", endsOn="2026-11-24", graceHours=24)
    assert (await life(team, goal_id))["phase"] is None
    await activate(team, goal_id)
    seen = []
    for hours in (0, 0.5, 47.9, 0.1, 36, 48):  # from 23:30; to midnight; to 23:54 of the last day; to its end; …
        team.later(hours=hours)
        seen.append((await life(team, goal_id))["phase"])
    assert seen == ["UPCOMING", "RUNNING", "RUNNING", "GRACE", "GRACE", "GRACE"]
    assert (await life(team, goal_id))["closesAt"] == "2026-11-26T12:00:00.000Z"
    assert team.admin.now.isoformat() > "2026-11-26T12"
    assert await finalize(team, goal_id)
    assert (await life(team, goal_id))["phase"] == "FINAL"


async def test_cancelled_goal_has_no_phase_and_never_closes(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True)
    await team.admin.run(CANCEL, input={"goalId": goal_id})
    cancelled = await life(team, goal_id)
    assert (cancelled["phase"], cancelled["closesAt"]) == (None, None)


async def test_completed_goal_does_not_reopen_because_a_walk_is_logged(team: Crew) -> None:
    first = await draft(team.admin, team.team, activate=True)
    long = await walk(team.member, 4 * LEG)
    second = await draft(team.admin, team.team, activate=True)
    await team.member.run(DELETE, id=long)
    fallen = await life(team, first)
    assert (fallen["status"], fallen["corrected"], fallen["progress"]["totalMeters"]) == ("COMPLETED", True, 0)
    await team.admin.run(CANCEL, input={"goalId": second})
    before = await team.events()
    await walk(team.member, 60)
    risen = await life(team, first)
    assert (risen["status"], risen["corrected"], risen["progress"]["totalMeters"]) == ("COMPLETED", True, 60)
    assert risen["completedAt"] == fallen["completedAt"]
    assert [kind for kind, _ in (await team.events())[len(before) :]] == ["ACTIVITY_ADDED"]
    await walk(team.member, 4 * LEG)
    assert (await life(team, first))["corrected"] is False


async def test_goal_that_is_corrected_says_so_in_the_teams_log(team: Crew) -> None:
    first = await draft(team.admin, team.team, activate=True)
    long = await walk(team.member, 4 * LEG)
    await draft(team.admin, team.team, activate=True)
    before = await team.events()
    await team.member.run(DELETE, id=long)
    assert ("GOAL_CHANGED", first[5:]) in (await team.events())[len(before) :]


async def test_completed_goal_reopens_when_its_total_falls(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True)
    long = await walk(team.member, 4 * LEG)
    await team.member.run(DELETE, id=long)
    reopened = await life(team, goal_id)
    assert (reopened["status"], reopened["corrected"], reopened["completedAt"]) == ("ACTIVE", False, None)


async def test_completed_goal_that_has_closed_is_corrected_and_stays(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True, endsOn="2026-11-23", graceHours=0)
    long = await walk(team.member, 4 * LEG)
    team.later(days=3)  # the job that finalizes it has not run
    await team.member.run(DELETE, id=long)
    closed = await life(team, goal_id)
    assert (closed["status"], closed["corrected"]) == ("COMPLETED", True)


async def test_next_goal_begins_in_the_grace_of_the_last_which_counts_late_walks(team: Crew) -> None:
    first = await draft(team.admin, team.team, activate=True, endsOn="2026-11-23", graceHours=72)
    team.later(days=2)
    second = await draft(team.admin, team.team, startsOn="2026-11-24", endsOn="2026-11-30")
    await activate(team, second)
    shown = await page(team)
    assert shown["activeGoal"]["id"] == shown["currentGoal"]["id"] == second
    assert (await life(team, first))["phase"] == "GRACE"
    await walk(team.member, 700, at=team.member.now - timedelta(days=1))
    await walk(team.member, 300)
    totals = [(await life(team, goal_id))["progress"]["totalMeters"] for goal_id in (first, second)]
    assert totals == [700, 300]
    assert await code(team.admin, ACTIVATE, goalId=await draft(team.admin, team.team, startsOn="2026-11-24")) == (
        "TEAM_HAS_ACTIVE_GOAL"
    )
    team.later(days=4)
    assert await finalize(team, first)
    assert (await life(team, first))["status"] == "FAILED"
    assert (await page(team))["currentGoal"]["id"] == second


async def test_goal_in_grace_is_active_again_when_the_next_is_cancelled(team: Crew) -> None:
    first = await draft(team.admin, team.team, activate=True, endsOn="2026-11-23")
    team.later(days=2)
    second = await draft(team.admin, team.team, startsOn="2026-11-24", activate=True)
    await team.admin.run(CANCEL, input={"goalId": second})
    shown = await page(team)
    assert shown["activeGoal"]["id"] == shown["currentGoal"]["id"] == first
    third = await draft(team.admin, team.team, startsOn="2026-11-24", activate=True)
    assert (await page(team))["activeGoal"]["id"] == third


async def test_goal_whose_next_has_begun_is_not_extended(team: Crew) -> None:
    first = await draft(team.admin, team.team, activate=True, endsOn="2026-11-23")
    team.later(days=2)
    assert (await change(team.admin, first, graceHours=100))["graceHours"] == 100
    await draft(team.admin, team.team, startsOn="2026-11-24", activate=True)
    refused = "mutation ($input: UpdateGoalInput!) { updateGoal(input: $input) { goal { id } } }"
    assert await code(team.admin, refused, goalId=first, endsOn="2026-11-30") == "GOAL_NOT_EDITABLE"
    assert (await change(team.admin, first, graceHours=101))["graceHours"] == 101


async def test_late_walk_completes_a_goal_whose_next_has_begun(team: Crew) -> None:
    first = await draft(team.admin, team.team, activate=True, endsOn="2026-11-23", waypoints=along(0, 0.001))
    team.later(days=2)
    second = await draft(team.admin, team.team, startsOn="2026-11-24", activate=True)
    late = await walk(team.member, 500, at=team.member.now - timedelta(days=1))
    assert (await life(team, first))["status"] == "COMPLETED"
    assert (await page(team))["currentGoal"]["id"] == second
    await team.member.run(DELETE, id=late)
    fallen = await life(team, first)
    assert (fallen["status"], fallen["corrected"]) == ("COMPLETED", True)


async def test_running_goal_still_refuses_the_next_on_its_last_day(team: Crew) -> None:
    await draft(team.admin, team.team, activate=True, endsOn="2026-11-23")
    team.later(days=1)
    following = await draft(team.admin, team.team, startsOn="2026-11-24")
    assert await code(team.admin, ACTIVATE, goalId=following) == "TEAM_HAS_ACTIVE_GOAL"
