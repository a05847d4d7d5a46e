"""Changing and deleting goals through the API: which changes each status allows, and to whom."""

from typing import Any

import pytest

from milequest.rules import goals as goal_rules
from tests.journeys import (
    ACTIVATE,
    CANCEL,
    CREATE,
    DELETE,
    LINE,
    TODAY,
    UPDATE,
    Crew,
    along,
    change,
    code,
    crew,
    draft,
    status,
    walk,
)
from tests.quest import Quest

NOWHERE = "goal_" + "0" * 32


@pytest.fixture
async def team(quest: Quest) -> Crew:
    return await crew(quest)


async def test_a_draft_can_be_changed_in_everything(team: Crew) -> None:
    goal_id = await draft(team.member, team.team, description="Soon gone")
    changed = await change(
        team.admin,
        goal_id,
        name="Another",
        description=None,
        startsOn="2026-12-01",
        endsOn="2026-12-24",
        graceHours=0,
        waypoints=along(0, 0.5),
        expectedVersion=1,
    )
    route = changed.pop("route")
    assert route["lengthMeters"] == 55_659.745
    assert changed == {
        "id": goal_id,
        "name": "Another",
        "description": None,
        "startsOn": "2026-12-01",
        "endsOn": "2026-12-24",
        "graceHours": 0,
        "status": "DRAFT",
        "version": 2,
    }
    assert await team.count("milestone") == 6  # five percents and the end: those of the old route are gone


async def test_member_changes_and_deletes_own_draft_until_it_begins(team: Crew) -> None:
    goal_id, other = await draft(team.member, team.team), await draft(team.admin, team.team)
    assert (await change(team.member, goal_id, name="Mine", waypoints=along(0, 0.5)))["name"] == "Mine"
    for text in (UPDATE, DELETE):
        assert await code(team.member, text, goalId=other) == "FORBIDDEN"
    await team.admin.run(ACTIVATE, input={"goalId": goal_id})
    for text in (UPDATE, DELETE):
        assert await code(team.member, text, goalId=goal_id) == "FORBIDDEN"
    own = await draft(team.member, team.team)
    await team.member.run(DELETE, input={"goalId": own})


async def test_member_who_left_changes_no_draft(team: Crew) -> None:
    goal_id = await draft(team.member, team.team)
    await team.member.run("mutation ($t: ID!) { leaveTeam(input: {teamId: $t}) { deletedMemberId } }", t=team.team)
    assert await code(team.member, DELETE, goalId=goal_id) == "NOT_FOUND"


async def test_drafts_of_a_team_are_bounded(team: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goal_rules, "DRAFTS_MAX", 2)
    first, _ = [await draft(team.member, team.team) for _ in range(2)]
    assert await code(team.admin, CREATE, teamId=team.team, **LINE) == "CONFLICT"
    await draft(team.admin, team.team, activate=True)
    await team.member.run(DELETE, input={"goalId": first})
    await draft(team.member, team.team)


IMPOSSIBLE_CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, "input.name"),
    ({"name": ""}, "input.name"),
    ({"startsOn": None}, "input.startsOn"),
    ({"startsOn": "2026-11-21"}, "input.startsOn"),
    ({"endsOn": None}, "input.endsOn"),
    ({"endsOn": TODAY}, "input.endsOn"),
    ({"startsOn": "2027-03-01"}, "input.endsOn"),
    ({"graceHours": None}, "input.graceHours"),
    ({"graceHours": 200}, "input.graceHours"),
    ({"waypoints": None}, "input.waypoints"),
    ({"waypoints": along(0)}, "input.waypoints"),
    ({"goalId": "team_" + "0" * 32}, "input.goalId"),
]


async def test_impossible_goal_change_is_refused_by_field_and_changes_nothing(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team)
    for given, path in IMPOSSIBLE_CHANGES:
        refusal = await team.admin.refused(UPDATE, input={"goalId": goal_id} | given)
        assert (refusal["code"], [fault["path"] for fault in refusal["fields"]]) == ("VALIDATION_ERROR", [path]), given
    assert (await status(team.admin, goal_id))["version"] == 1


async def test_a_stale_version_changes_nothing(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team)
    await change(team.admin, goal_id, name="Second", expectedVersion=1)
    refusal = await team.admin.refused(UPDATE, input={"goalId": goal_id, "name": "Third", "expectedVersion": 1})
    assert (refusal["code"], refusal["currentVersion"]) == ("STALE_VERSION", 2)
    assert (await change(team.admin, goal_id))["name"] == "Second"


@pytest.mark.parametrize("is_public", [True, False])
async def test_only_an_admin_changes_goals(quest: Quest, is_public: bool) -> None:
    team = await crew(quest, is_public=is_public)
    goal_id = await draft(team.admin, team.team)
    begun = await draft(team.admin, team.team, activate=True)
    for text in (UPDATE, DELETE, ACTIVATE, CANCEL):
        assert await code(quest.anonymous, text, goalId=goal_id) == "UNAUTHENTICATED"
        assert await code(team.member, text, goalId=goal_id) == "FORBIDDEN"
        assert await code(team.stranger, text, goalId=goal_id) == "NOT_FOUND"
        assert await code(team.stranger, text, goalId=begun) == ("FORBIDDEN" if is_public else "NOT_FOUND")
        assert await code(team.admin, text, goalId=NOWHERE) == "NOT_FOUND"
    drawn = {"goalId": goal_id, "waypoints": along(0, 1)}
    assert await code(team.member, UPDATE, **drawn) == "FORBIDDEN"
    assert await code(team.stranger, UPDATE, **drawn) == "NOT_FOUND"
    assert (await status(team.admin, goal_id))["version"] == 1
    assert await team.count("route") == 2


async def test_active_goal_can_change_but_not_its_route_or_start_once_walked(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True)
    first = await change(team.admin, goal_id)
    changed = await change(team.admin, goal_id, name="New name", description="!", endsOn="2027-03-01", graceHours=73)
    assert (changed["name"], changed["endsOn"], changed["graceHours"]) == ("New name", "2027-03-01", 73)
    redrawn = await change(team.admin, goal_id, waypoints=along(0, 0.05), startsOn=TODAY)
    assert redrawn["route"]["id"] != first["route"]["id"]
    await walk(team.member, 100)
    for given in ({"waypoints": along(0, 0.07)}, {"startsOn": "2026-11-23"}):
        assert await code(team.admin, UPDATE, goalId=goal_id, **given) == "GOAL_NOT_EDITABLE"
    refusal = await team.admin.refused(UPDATE, input={"goalId": goal_id, "endsOn": "2027-02-28"})
    assert refusal["fields"][0] | {"message": ""} == {
        "path": "input.endsOn",
        "code": "OUT_OF_RANGE",
        "message": "",
        "min": "2027-03-01",
        "max": "2028-11-22",
    }
    assert (await change(team.admin, goal_id))["route"] == redrawn["route"]


async def test_ended_goal_cannot_be_edited_cancelled_deleted_or_activated(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True, endsOn="2026-11-23", graceHours=0)
    team.later(days=2, hours=2, minutes=29)  # 24 November, 11:59 UTC: the 23rd is not over at UTC-12
    assert await change(team.admin, goal_id, name="Just in time")
    team.later(minutes=1)
    for text in (UPDATE, CANCEL, DELETE, ACTIVATE):
        assert await code(team.admin, text, goalId=goal_id) == "GOAL_NOT_EDITABLE"
    done = await draft(team.admin, team.team, waypoints=along(0, 0.001), startsOn="2026-11-24")
    await team.admin.run(CANCEL, input={"goalId": done})
    for text in (UPDATE, CANCEL, DELETE, ACTIVATE):
        assert await code(team.admin, text, goalId=done) == "GOAL_NOT_EDITABLE"


async def test_grace_of_an_active_goal_cannot_be_shortened(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True, graceHours=24)
    refused = await team.admin.refused(UPDATE, input={"goalId": goal_id, "graceHours": 23})
    assert refused["fields"][0] | {"message": ""} == {
        "path": "input.graceHours",
        "code": "OUT_OF_RANGE",
        "message": "",
        "min": 24,
        "max": 168,
    }
    assert (await change(team.admin, goal_id, graceHours=24))["graceHours"] == 24
    assert (await change(team.admin, goal_id, graceHours=168))["graceHours"] == 168


async def test_a_later_end_takes_in_walks_of_the_days_of_grace(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True, endsOn="2026-11-23")
    team.later(days=2)
    await walk(team.member, 500)
    assert (await status(team.admin, goal_id))["progress"]["totalMeters"] == 0
    await change(team.admin, goal_id, endsOn="2026-11-30")
    assert (await status(team.admin, goal_id))["progress"]["totalMeters"] == 500


async def test_only_drafts_can_be_deleted(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team)
    deleted = await team.admin.run(DELETE, input={"goalId": goal_id})
    assert deleted == {"deleteGoal": {"deletedGoalId": goal_id, "team": {"id": team.team}}}
    seen = await team.admin.run(
        """query ($id: ID!, $progress: ID!, $team: ID!) { goal(id: $id) { id } node(id: $progress) { id }
            team(id: $team) { goals { nodes { id } } } }""",
        id=goal_id,
        progress=goal_id.replace("goal", "progress"),
        team=team.team,
    )
    assert seen == {"goal": None, "node": None, "team": {"goals": {"nodes": []}}}
    assert await code(team.admin, DELETE, goalId=goal_id) == "NOT_FOUND"
    running = await draft(team.admin, team.team, activate=True)
    assert await code(team.admin, DELETE, goalId=running) == "GOAL_NOT_EDITABLE"
