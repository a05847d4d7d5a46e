"""Deletions of walks that are taken back."""

from datetime import timedelta
from typing import Any

from milequest.rules.rate_limits import WALK_CHANGES
from tests.journeys import ACTIVATE, NOW, Crew, crew, draft, walk
from tests.quest import Caller, Quest

RESTORE = """mutation ($input: RestoreActivityInput!) { restoreActivity(input: $input) {
    activity { id version } activityEdge { cursor node { id } } progress { totalMeters } } }"""
DELETE = "mutation ($input: DeleteActivityInput!) { deleteActivity(input: $input) { progress { totalMeters } } }"
FEED = "query ($id: ID!) { team(id: $id) { activities { nodes { id } } } }"


async def restored(caller: Caller, walk_id: str, **more: Any) -> dict[str, Any]:
    return dict((await caller.run(RESTORE, input={"activityId": walk_id} | more))["restoreActivity"])


async def shown(team: Crew) -> list[str]:
    """Return the walks in the team's list."""
    feed = (await team.admin.run(FEED, id=team.team))["team"]["activities"]["nodes"]
    return [node["id"] for node in feed]


async def test_a_restored_walk_counts_again_and_is_heard_of(quest: Quest) -> None:
    team = await crew(quest)
    await team.admin.run(ACTIVATE, input={"goalId": await draft(team.admin, team.team)})
    kept, gone = await walk(team.member, 1000), await walk(team.member, 500)
    await team.member.run(DELETE, input={"activityId": gone})
    assert await shown(team) == [kept]
    given = {"idempotencyKey": "restore my walk"}
    first = await restored(team.member, gone, **given)
    assert (first["activity"], first["progress"]) == ({"id": gone, "version": 3}, [{"totalMeters": 1500}])
    assert sorted(await shown(team)) == sorted([kept, gone])
    events = await team.events()
    assert [kind for kind, subject in events if gone.endswith(subject)] == [
        "ACTIVITY_ADDED",
        "ACTIVITY_REMOVED",
        "ACTIVITY_ADDED",
    ]
    assert await restored(team.member, gone, **given) == first
    assert await restored(team.member, gone) == first, "a walk that is there stays as it is"
    assert await team.events() == events
    assert await team.member.runtime.rate_limits.count(WALK_CHANGES, team.member.user_id.hex) == 3


async def test_only_its_owner_can_restore_a_walk(quest: Quest) -> None:
    team = await crew(quest)
    gone = await walk(team.member, 500)
    await team.member.run(DELETE, input={"activityId": gone})
    assert (await quest.refusal(team.admin, RESTORE, input={"activityId": gone}))["code"] == "NOT_FOUND"


async def test_a_walk_whose_boards_are_final_is_not_restored(quest: Quest) -> None:
    team = await crew(quest)
    gone = await walk(team.member, 500)
    await team.member.run(DELETE, input={"activityId": gone})
    team.member.now += timedelta(days=30)
    await restored(team.member, gone)
    await team.member.run(DELETE, input={"activityId": gone})
    team.member.now += timedelta(seconds=1)
    refused = await quest.refusal(team.member, RESTORE, input={"activityId": gone})
    assert (refused["code"], refused["fields"][0]["path"]) == ("BACKDATE_LIMIT", "input.activityId")


async def test_a_walk_that_makes_its_day_too_long_is_not_restored(quest: Quest) -> None:
    ann = await quest.user("Ann")
    ann.now = NOW
    far = {"type": "WHEELCHAIR", "durationSeconds": 20_000}
    gone = await walk(ann, 99_000, NOW - timedelta(days=1), **far)
    await ann.run(DELETE, input={"activityId": gone})
    for _ in range(2):
        await walk(ann, 99_000, NOW - timedelta(days=1), **far)
    refused = await quest.refusal(ann, RESTORE, input={"activityId": gone})
    assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", "input.activityId")
