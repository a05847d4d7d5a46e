"""Why a walk counts for a team, for its goal, or not: told to its walker alone."""

from datetime import timedelta
from typing import Any

from tests.journeys import NOW, Crew, crew, draft, walk
from tests.quest import Caller, Quest

COUNTS = """query ($id: ID!) { activity(id: $id) {
    countStatus countedFor { team { id } counts goal { name } reason message } } }"""
REMOVE = "mutation ($m: ID!) { removeMember(input: {memberId: $m}) { deletedMemberId } }"
MEMBERS = "query ($t: ID!) { team(id: $t) { members { nodes { id user { id } } } } }"
LEAVE = "mutation ($t: ID!) { leaveTeam(input: {teamId: $t}) { deletedMemberId } }"
REJECT = "mutation ($i: RejectActivityInput!) { rejectActivity(input: $i) { team { id } } }"


async def counts(caller: Caller, id: str) -> Any:
    return (await caller.run(COUNTS, id=id))["activity"]["countedFor"]


async def reasons(team: Crew, id: str) -> list[tuple[bool, str | None]]:
    return [(one["counts"], one["reason"]) for one in await counts(team.member, id)]


async def test_walk_that_counts_for_a_goal_has_no_reason(quest: Quest) -> None:
    team = await crew(quest)
    await draft(team.admin, team.team, activate=True)
    id = await walk(team.member, 500)
    assert await counts(team.member, id) == [
        {"team": {"id": team.team}, "counts": True, "goal": {"name": "The line"}, "reason": None, "message": None}
    ]
    assert await counts(team.admin, id) == []


async def test_walk_says_why_no_goal_counts_it(quest: Quest) -> None:
    team = await crew(quest)
    assert await reasons(team, await walk(team.member, 500)) == [(True, "NO_GOAL")]
    tomorrow = str((NOW + timedelta(days=1)).date())
    await draft(team.admin, team.team, activate=True, startsOn=tomorrow)
    assert await reasons(team, await walk(team.member, 500)) == [(True, "BEFORE_GOAL")]


async def test_walk_of_a_day_after_the_goal_says_so(quest: Quest) -> None:
    team = await crew(quest)
    await draft(team.admin, team.team, activate=True, endsOn=str((NOW + timedelta(days=1)).date()))
    team.later(days=2)
    assert await reasons(team, await walk(team.member, 500)) == [(True, "AFTER_GOAL")]


async def test_walk_that_no_team_counts_says_why(quest: Quest) -> None:
    team = await crew(quest)
    assert await reasons(team, await walk(team.member, 500, NOW - timedelta(days=2))) == [(False, "NOT_MEMBER")]
    assert await reasons(team, await walk(team.member, 9_000, durationSeconds=60)) == [(False, "TOO_FAST")]
    rejected = await walk(team.member, 600)
    given = {"teamId": team.team, "activityId": rejected, "reason": "You rode."}
    await team.admin.run(REJECT, i=given)
    (told,) = await counts(team.member, rejected)
    assert (told["counts"], told["reason"], told["message"]) == (False, "REJECTED", "You rode.")


async def test_walk_received_after_a_removal_says_so_while_the_team_is_visible(quest: Quest) -> None:
    team = await crew(quest, is_public=True)
    rows = (await team.admin.run(MEMBERS, t=team.team))["team"]["members"]["nodes"]
    own = f"user_{team.member.user_id.hex}"
    team.later(minutes=20)
    await team.admin.run(REMOVE, m=next(row["id"] for row in rows if row["user"]["id"] == own))
    team.later(minutes=20)
    assert await reasons(team, await walk(team.member, 500, NOW)) == [(False, "REMOVED")]


async def test_former_private_team_is_not_named(quest: Quest) -> None:
    team = await crew(quest)
    id = await walk(team.member, 500)
    team.later(minutes=20)
    await team.member.run(LEAVE, t=team.team)
    assert await counts(team.member, id) == []
