"""Decisions of a team's admins about its members' walks, through the public API."""

from datetime import timedelta
from typing import Any

import pytest

from milequest.store.sql.comparison import wrong_totals
from tests.journeys import LOG, NOW, Crew, code, crew, draft, walk
from tests.quest import Caller, Quest

REJECT = """mutation ($input: RejectActivityInput!) { rejectActivity(input: $input) {
    activity { id countStatus } team { id } progress { totalMeters } } }"""
APPROVE = """mutation ($input: ApproveActivityInput!) { approveActivity(input: $input) {
    activity { id countStatus } progress { totalMeters } } }"""
HIDE = "mutation ($input: HideNotesInput!) { hideNotes(input: $input) { activity { notes } team { id } } }"
UPDATE = "mutation ($input: UpdateActivityInput!) { updateActivity(input: $input) { activity { version } } }"
DELETE = "mutation ($input: DeleteActivityInput!) { deleteActivity(input: $input) { deletedActivityId } }"
RESTORE = "mutation ($input: RestoreActivityInput!) { restoreActivity(input: $input) { activity { id } } }"
QUEUE = """query ($t: ID!, $after: String) { team(id: $t) { flaggedActivities(first: 1, after: $after) {
    nodes { id user { name } } pageInfo { hasNextPage endCursor } } } }"""
RULINGS = """query ($t: ID!) { team(id: $t) { rulings {
    nodes { id verdict reason ruledAt activity { id } team { id } } } } }"""
TOTAL = "query ($t: ID!) { team(id: $t) { currentGoal { progress { totalMeters } } } }"
FEED = "query ($t: ID!) { team(id: $t) { activities { nodes { id notes } } } }"
NODE = "query ($id: ID!) { node(id: $id) { id ... on Activity { notes } } }"
TOO_FAST: dict[str, Any] = {"durationSeconds": 60}


@pytest.fixture
async def team(quest: Quest) -> Crew:
    """Ann's and Ben's public team with a goal that runs."""
    team = await crew(quest, is_public=True)
    await draft(team.admin, team.team, activate=True)
    return team


async def reject(team: Crew, id: str, reason: str = "A typo?", who: Caller | None = None) -> dict[str, Any]:
    given = {"teamId": team.team, "activityId": id, "reason": reason}
    return dict((await (who or team.admin).run(REJECT, input=given))["rejectActivity"])


async def approve(team: Crew, id: str) -> dict[str, Any]:
    given = {"teamId": team.team, "activityId": id}
    return dict((await team.admin.run(APPROVE, input=given))["approveActivity"])


async def total(team: Crew) -> float:
    return float((await team.admin.run(TOTAL, t=team.team))["team"]["currentGoal"]["progress"]["totalMeters"])


async def queue(team: Crew, after: str | None = None) -> dict[str, Any]:
    return dict((await team.admin.run(QUEUE, t=team.team, after=after))["team"]["flaggedActivities"])


async def rulings(team: Crew) -> list[dict[str, Any]]:
    return list((await team.admin.run(RULINGS, t=team.team))["team"]["rulings"]["nodes"])


async def test_rejected_walk_counts_for_the_other_teams_only(team: Crew) -> None:
    other = await team.member.found("Others")
    id = await walk(team.member, 1000)
    answer = await reject(team, id)
    assert answer["activity"] == {"id": id, "countStatus": "COUNTED"}
    assert answer["progress"] == [{"totalMeters": 0.0}]
    assert (await team.admin.run(FEED, t=team.team))["team"]["activities"]["nodes"] == []
    assert len((await team.member.run(FEED, t=other))["team"]["activities"]["nodes"]) == 1
    kinds = [kind for kind, what in await team.events() if what == id.removeprefix("activity_")]
    assert sorted(kinds) == ["ACTIVITY_ADDED", "ACTIVITY_ADDED", "ACTIVITY_REMOVED"]
    assert await wrong_totals(team.quest.runtime.reader) == {}


async def test_rejection_stays_over_edits_deletion_and_restoring_until_it_is_lifted(team: Crew) -> None:
    id = await walk(team.member, 1000)
    await reject(team, id)
    await team.member.run(UPDATE, input={"activityId": id, "distanceMeters": 900})
    assert await total(team) == 0
    await team.member.run(DELETE, input={"activityId": id})
    assert await rulings(team) == []
    await team.member.run(RESTORE, input={"activityId": id})
    assert await total(team) == 0
    assert (await approve(team, id))["progress"] == [{"totalMeters": 900.0}]
    assert await rulings(team) == []
    assert await total(team) == 900


async def test_reason_of_a_rejection_can_be_changed_and_equal_requests_change_nothing(team: Crew) -> None:
    id = await walk(team.member, 1000)
    for reason in ("A typo?", "A typo?", "By car."):
        await reject(team, id, reason)
    (ruling,) = await rulings(team)
    assert (ruling["verdict"], ruling["reason"], ruling["activity"]) == ("REJECTED", "By car.", {"id": id})
    assert await team.count("walk_ruling") == 2
    assert (await team.admin.run(NODE, id=ruling["id"]))["node"] == {"id": ruling["id"]}
    for who in (team.member, team.stranger):
        assert (await who.run(NODE, id=ruling["id"]))["node"] is None


async def test_flagged_walks_wait_in_a_queue_until_an_admin_decides(team: Crew) -> None:
    fast = [await walk(team.member, meters, **TOO_FAST) for meters in (5000, 6000)]
    await walk(team.member, 7000, privacy="PRIVATE", **TOO_FAST)
    assert await total(team) == 0
    first = await queue(team)
    second = await queue(team, first["pageInfo"]["endCursor"])
    assert {one["nodes"][0]["id"] for one in (first, second)} == set(fast)
    assert not second["pageInfo"]["hasNextPage"]
    assert (await approve(team, fast[0]))["progress"] == [{"totalMeters": 5000.0}]
    await reject(team, fast[1])
    assert (await queue(team))["nodes"] == []
    assert {one["verdict"] for one in await rulings(team)} == {"APPROVED", "REJECTED"}
    assert await wrong_totals(team.quest.runtime.reader) == {}


async def test_flagged_walk_is_seen_by_its_owner_and_admins_only(team: Crew) -> None:
    id = await walk(team.member, 5000, **TOO_FAST)
    carl = await team.quest.user("Carl")
    carl.now = NOW
    await carl.accept(await team.admin.invite(team.team))
    assert [(await who.run(NODE, id=id))["node"] is not None for who in team.all] == [True, True, False]
    assert (await carl.run(NODE, id=id))["node"] is None
    for who in (team.member, carl, team.stranger):
        shown = await who.run(QUEUE, t=team.team)
        assert shown["team"]["flaggedActivities"] is None


async def test_approval_ends_when_the_walker_changes_what_it_is_about(team: Crew) -> None:
    id = await walk(team.member, 5000, **TOO_FAST)
    await approve(team, id)
    await team.member.run(UPDATE, input={"activityId": id, "privacy": "PRIVATE", "notes": "By bike"})
    assert await total(team) == 5000
    await team.member.run(UPDATE, input={"activityId": id, "privacy": "PUBLIC", "distanceMeters": 90_000})
    assert await total(team) == 0
    assert [one["id"] for one in (await queue(team))["nodes"]] == [id]


async def test_lifted_rejection_of_a_plausible_walk_approves_no_later_edit(team: Crew) -> None:
    id = await walk(team.member, 500)
    await reject(team, id)
    await approve(team, id)
    assert await total(team) == 500
    await team.member.run(UPDATE, input={"activityId": id, "distanceMeters": 90_000, "durationSeconds": 60})
    assert await total(team) == 0


async def test_flagged_walk_uses_up_nothing_of_the_day(team: Crew) -> None:
    for _ in range(3):
        await walk(team.member, 90_000, **TOO_FAST)
    await walk(team.member, 1000)
    assert await total(team) == 1000


async def test_flagged_walk_is_kept_though_its_day_is_full(team: Crew) -> None:
    for _ in range(2):
        await walk(team.member, 99_000)
    await walk(team.member, 90_000, **TOO_FAST)
    assert len((await queue(team))["nodes"]) == 1
    far = {"distanceMeters": 3_000, "durationSeconds": 3_000, "startedAt": (NOW - timedelta(hours=2)).isoformat()}
    assert await code(team.member, LOG, **far) == "VALIDATION_ERROR"


async def test_hidden_notes_are_seen_by_their_walker_only_until_they_are_shown_again(team: Crew) -> None:
    id = await walk(team.member, 1000, notes="You are all idiots")
    given = {"teamId": team.team, "activityId": id}
    for hidden, seen in ((True, None), (True, None), (False, "You are all idiots")):
        answer = (await team.admin.run(HIDE, input=given | {"hidden": hidden}))["hideNotes"]
        assert answer == {"activity": {"notes": seen}, "team": {"id": team.team}}
        assert (await team.admin.run(FEED, t=team.team))["team"]["activities"]["nodes"] == [{"id": id, "notes": seen}]
        for caller, notes in ((team.admin, seen), (team.member, "You are all idiots")):
            assert (await caller.run(NODE, id=id))["node"]["notes"] == notes
        own = (await team.member.run(FEED, t=team.team))["team"]["activities"]["nodes"]
        assert own == [{"id": id, "notes": "You are all idiots"}]
    assert [kind for kind, what in await team.events() if what == id.removeprefix("activity_")] == [
        "ACTIVITY_ADDED",
        "ACTIVITY_CHANGED",
        "ACTIVITY_CHANGED",
    ]


async def test_decisions_are_refused_to_all_but_admins_and_about_walks_of_others(team: Crew) -> None:
    id = await walk(team.member, 1000)
    private = await walk(team.member, 1000, privacy="PRIVATE")
    elsewhere = await walk(team.stranger, 1000)
    before = await walk(team.member, 1000, NOW - timedelta(days=2))
    for text, more in ((REJECT, {"reason": "No."}), (APPROVE, {}), (HIDE, {})):
        given = {"teamId": team.team} | more
        for who in (team.member, team.stranger):
            assert await code(who, text, activityId=id, **given) == "FORBIDDEN"
        for other in (private, elsewhere, before, "activity_" + 32 * "0"):
            assert await code(team.admin, text, activityId=other, **given) == "NOT_FOUND"
    refused = await team.admin.refused(REJECT, input={"teamId": team.team, "activityId": id, "reason": " "})
    assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", "input.reason")
