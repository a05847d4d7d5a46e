"""Progress through the API: the marker, the milestones passed, the people credited, and the viewers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from milequest.store.sql.transaction import Pool
from tests.journeys import LEG, TODAY, Crew, along, crew, draft, status, walk
from tests.quest import Caller, Quest

PROGRESS = """query ($id: ID!) { goal(id: $id) { status completedOn progress {
    id version totalMeters percent remainingMeters unattributedMeters position { lat lng } headingDegrees
    legIndex legFraction lineFraction lastWaypoint { index kind } nextWaypoint { index kind } metersToNextWaypoint
    travelledPolyline daysElapsed daysRemaining averageMetersPerDay requiredMetersPerDay projectedFinishOn isOnTrack
    goal { id }
    milestones { id title reachedAt reachedBy { name } goal { id } }
    topContributors { user { name } distanceMeters isFormerMember }
    viewerContribution { user { name } distanceMeters isFormerMember } } } }"""
DELETE = "mutation ($id: ID!) { deleteActivity(input: {activityId: $id}) { deletedActivityId } }"
HIDE = """mutation ($id: ID!, $p: ActivityPrivacy) {
    updateActivity(input: {activityId: $id, privacy: $p}) { activity { id } } }"""
SHARE = "mutation ($yes: Boolean) { updatePrivacySettings(input: {shareStatsWithTeam: $yes}) { viewer { id } } }"
MILLIMETRE = 1e-8  # in degrees
LEAVE = "mutation ($t: ID!) { leaveTeam(input: {teamId: $t}) { deletedMemberId } }"


@pytest.fixture
async def team(quest: Quest) -> Crew:
    return await crew(quest)


async def progress(caller: Caller, goal_id: str) -> dict[str, Any]:
    return dict((await caller.run(PROGRESS, id=goal_id))["goal"]["progress"])


def reached(seen: dict[str, Any]) -> list[str]:
    return [stone["title"] for stone in seen["milestones"] if stone["reachedAt"]]


async def test_progress_of_an_unwalked_goal_stands_at_the_start(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True, endsOn="2026-12-01")
    seen = await progress(team.admin, goal_id)
    assert seen.pop("milestones")
    assert seen.pop("headingDegrees") == pytest.approx(90)
    assert seen.pop("requiredMetersPerDay") == pytest.approx(3_339.5847)
    assert seen == {
        "id": goal_id.replace("goal", "progress"),
        "version": 1,
        "totalMeters": 0,
        "percent": 0,
        "remainingMeters": 33_395.847,
        "unattributedMeters": 0,
        "position": {"lat": 0, "lng": 0},
        "legIndex": 0,
        "legFraction": 0,
        "lineFraction": 0,
        "lastWaypoint": {"index": 0, "kind": "START"},
        "nextWaypoint": {"index": 1, "kind": "STOP"},
        "metersToNextWaypoint": LEG,
        "travelledPolyline": "????",
        "daysElapsed": 1,
        "daysRemaining": 9,
        "averageMetersPerDay": 0,
        "projectedFinishOn": None,
        "isOnTrack": True,
        "goal": {"id": goal_id},
        "topContributors": [],
        "viewerContribution": None,
    }


async def test_at_a_waypoint_the_next_leg_begins(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True)
    await walk(team.member, LEG - 0.001)
    before = await progress(team.admin, goal_id)
    assert (before["legIndex"], before["lastWaypoint"]["index"], before["metersToNextWaypoint"]) == (0, 0, 0.001)
    assert reached(before) == ["A quarter of the way"]
    await walk(team.member, 0.001)
    at = await progress(team.admin, goal_id)
    assert (at["totalMeters"], at["legIndex"], at["legFraction"]) == (LEG, 1, 0)
    assert (at["lastWaypoint"]["index"], at["nextWaypoint"]["index"], at["metersToNextWaypoint"]) == (1, 2, LEG)
    assert at["position"]["lng"] == pytest.approx(0.1, abs=MILLIMETRE)
    assert at["percent"] == pytest.approx(100 / 3, abs=1e-5)
    assert reached(at) == ["A quarter of the way", "At 0.1"]
    assert at["version"] > before["version"]


async def test_progress_beyond_the_end_is_completed_at_the_last_waypoint(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True)
    await walk(team.member, 40_000)
    goal = (await team.admin.run(PROGRESS, id=goal_id))["goal"]
    assert (goal["status"], goal["completedOn"]) == ("COMPLETED", TODAY)
    seen = goal["progress"]
    assert (seen["totalMeters"], seen["percent"], seen["remainingMeters"]) == (40_000, 100, 0)
    assert (seen["legIndex"], seen["legFraction"], seen["lineFraction"]) == (2, 1, 1)
    assert (seen["lastWaypoint"]["kind"], seen["nextWaypoint"], seen["metersToNextWaypoint"]) == ("END", None, None)
    assert seen["position"] == pytest.approx({"lat": 0, "lng": 0.3}, abs=MILLIMETRE)
    assert (seen["requiredMetersPerDay"], seen["projectedFinishOn"], seen["isOnTrack"]) == (None, TODAY, True)
    assert len(reached(seen)) == len(seen["milestones"]) == 8


async def test_a_circuit_is_not_done_where_it_begins(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True, waypoints=along(0, 0.1, 0))
    start = await progress(team.admin, goal_id)
    assert (start["percent"], start["lastWaypoint"]["kind"], reached(start)) == (0, "START", [])
    await walk(team.member, LEG)
    assert (await progress(team.admin, goal_id))["legIndex"] == 1
    await walk(team.member, LEG / 2)
    back = await progress(team.admin, goal_id)
    assert back["position"]["lng"] == pytest.approx(0.05, abs=1e-6)
    assert back["headingDegrees"] == pytest.approx(270)
    await walk(team.member, LEG)
    done = await progress(team.admin, goal_id)
    assert (done["percent"], done["lastWaypoint"]["kind"]) == (100, "END")
    assert done["position"] == pytest.approx(start["position"], abs=MILLIMETRE)


async def test_milestone_reached_again_is_not_announced_again(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True)
    walked = await walk(team.member, LEG)
    first = await progress(team.admin, goal_id)
    team.later(hours=1)
    await team.member.run(DELETE, id=walked)
    lost = await progress(team.admin, goal_id)
    assert reached(lost) == []
    assert all(stone["reachedBy"] is None for stone in lost["milestones"])
    await walk(team.member, LEG)
    again = await progress(team.admin, goal_id)
    assert reached(again) == reached(first) == ["A quarter of the way", "At 0.1"]
    assert [stone["reachedAt"] for stone in again["milestones"]] == [
        stone["reachedAt"] for stone in first["milestones"]
    ]
    assert [kind for kind, _ in await team.events()].count("MILESTONE_REACHED") == 2


async def test_a_milestone_names_whoever_reached_it_only_by_a_walk_one_can_see(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True)
    walked = await walk(team.member, LEG)

    async def named(caller: Caller) -> list[str | None]:
        stones = (await progress(caller, goal_id))["milestones"][:2]
        assert all(stone["reachedAt"] for stone in stones)
        return [stone["reachedBy"] and stone["reachedBy"]["name"] for stone in stones]

    assert await named(team.admin) == ["Ben", "Ben"]
    await team.member.run(HIDE, id=walked, p="PRIVATE")
    assert await named(team.admin) == await named(team.member) == [None, None]
    await team.member.run(HIDE, id=walked, p="PUBLIC")
    assert await named(team.admin) == ["Ben", "Ben"]
    await walk(team.admin, LEG)  # so that the milestones stand when Ben's walk is deleted
    await team.member.run(DELETE, id=walked)
    assert await named(team.admin) == [None, None]


async def test_top_contributors_leave_out_private_walks_and_unshared_names(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True)
    await walk(team.admin, 1_000)
    await walk(team.member, 2_000)
    await walk(team.member, 500, privacy="PRIVATE")
    seen = await progress(team.member, goal_id)
    ann = {"user": {"name": "Ann"}, "distanceMeters": 1_000, "isFormerMember": False}
    ben = {"user": {"name": "Ben"}, "distanceMeters": 2_000, "isFormerMember": False}
    assert (seen["totalMeters"], seen["unattributedMeters"]) == (3_500, 500)
    assert seen["topContributors"] == [ben, ann]
    assert seen["viewerContribution"] == ben | {"distanceMeters": 2_500}
    assert (await progress(team.admin, goal_id))["viewerContribution"] == ann

    await team.admin.run(SHARE, yes=False)
    silent = await progress(team.member, goal_id)
    assert (silent["unattributedMeters"], silent["topContributors"]) == (1_500, [ben])
    assert (await progress(team.admin, goal_id))["viewerContribution"] == ann

    team.later(seconds=1)  # a walk that began as they left would count no more
    await team.member.run(LEAVE, t=team.team)
    left = await progress(team.admin, goal_id)
    assert (left["totalMeters"], left["topContributors"]) == (3_500, [ben | {"isFormerMember": True}])


async def test_strangers_see_the_way_and_no_people(quest: Quest) -> None:
    team = await crew(quest, is_public=True)
    goal_id = await draft(team.admin, team.team, activate=True)
    await walk(team.member, LEG)
    inside, outside = await progress(team.member, goal_id), await progress(team.stranger, goal_id)
    assert [stone["reachedBy"] for stone in outside["milestones"]] == [None] * 8
    assert reached(outside) == reached(inside)
    assert (outside["topContributors"], outside["viewerContribution"]) == ([], None)
    people = ("milestones", "topContributors", "viewerContribution")
    assert {key: outside[key] for key in outside if key not in people} == {
        key: inside[key] for key in inside if key not in people
    }
    await team.member.run(LEAVE, t=team.team)
    assert (await progress(team.member, goal_id))["viewerContribution"] is None


async def test_pace_counts_days_in_the_teams_zone(quest: Quest) -> None:
    team = await crew(quest, timezone="Pacific/Kiritimati")  # 23:30 on the 22nd
    goal_id = await draft(team.admin, team.team, activate=True, endsOn="2026-12-01")
    await walk(team.member, 3_000)
    assert (await progress(team.admin, goal_id))["daysElapsed"] == 1
    team.later(minutes=30)
    seen = await progress(team.admin, goal_id)
    assert (seen["daysElapsed"], seen["daysRemaining"], seen["averageMetersPerDay"]) == (2, 8, 1_500)
    assert seen["requiredMetersPerDay"] == pytest.approx(30_395.847 / 9)
    assert (seen["isOnTrack"], seen["projectedFinishOn"]) == (False, "2026-12-14")


async def test_progress_arguments_out_of_range_are_refused_by_field(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team)
    for field, path in (
        ("topContributors(first: 0) { isFormerMember }", "first"),
        ("topContributors(first: 21) { isFormerMember }", "first"),
        ("travelledPolyline(zoom: -1)", "zoom"),
        ("travelledPolyline(zoom: 25)", "zoom"),
    ):
        refusal = await team.admin.refused(
            f"query ($id: ID!) {{ goal(id: $id) {{ progress {{ {field} }} }} }}", id=goal_id
        )
        assert (refusal["code"], refusal["fields"][0]["path"]) == ("VALIDATION_ERROR", path)


@dataclass
class Counting:
    """A pool that counts its statements."""

    pool: Pool
    count: int = 0

    async def fetch(self, query: str, *args: Any) -> Any:
        self.count += 1
        return await self.pool.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> Any:
        self.count += 1
        return await self.pool.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        self.count += 1
        return await self.pool.fetchval(query, *args)


@asynccontextmanager
async def statements(caller: Caller, expected: int) -> AsyncIterator[None]:
    """Check that the block takes exactly so many statements."""
    counting, runtime = Counting(caller.runtime.reader), caller.runtime
    caller.runtime = replace(runtime, reader=cast("Pool", counting))
    yield
    caller.runtime = runtime
    assert counting.count == expected


@pytest.mark.parametrize("goals", [1, 2])
async def test_statements_do_not_grow_with_the_list(team: Crew, goals: int) -> None:
    for _ in range(goals):
        await draft(team.admin, team.team, waypoints=along(*(n / 10 for n in range(20))))
    everything = """query ($t: ID!) { team(id: $t) { activeGoal { id } goals(first: 2) { nodes {
        id createdBy { name } team { name } route { id waypoints { name } legs { index } }
        progress { totalMeters position { lat } goal { id } milestones { title reachedBy { name } }
            topContributors { distanceMeters } viewerContribution { distanceMeters } } } } } }"""
    async with statements(team.admin, 12):
        await team.admin.run(everything, t=team.team)
    drawn = """query ($t: ID!) { team(id: $t) { goals(first: 2) { nodes {
        route { polyline(zoom: 4) legs { polyline(zoom: 4) } } progress { milestones { position { lat } } } } } } }"""
    async with statements(team.admin, 9):
        await team.admin.run(drawn, t=team.team)


async def test_the_marker_takes_two_statements(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team)
    marker = """query ($id: ID!) { goal(id: $id) { progress { id version totalMeters percent remainingMeters
        position { lat lng } lineFraction legIndex legFraction nextWaypoint { name } metersToNextWaypoint
        unattributedMeters daysRemaining isOnTrack } } }"""
    async with statements(team.admin, 2):
        await team.admin.run(marker, id=goal_id)
    assert (await status(team.admin, goal_id))["status"] == "DRAFT"


async def test_reached_milestones_are_returned_in_the_order_of_the_route(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True)
    text = "mutation ($input: LogActivityInput!) { logActivity(input: $input) { milestonesReached { title } } }"
    given = {"distanceMeters": 34_000, "durationSeconds": 25_000, "startedAt": f"{TODAY}T01:00:00Z"}
    logged = (await team.admin.run(text, input=given))["logActivity"]
    told = [stone["title"] for stone in logged["milestonesReached"]]
    assert told == reached(await progress(team.admin, goal_id))
