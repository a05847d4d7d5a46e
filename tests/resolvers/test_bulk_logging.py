"""Many walks at once, as after days without a network: each by itself, in order, and safe to send again."""

from datetime import timedelta
from typing import Any

import pytest

from milequest.rules.rate_limits import WALKS_LOGGED
from tests.journeys import ACTIVATE, NOW, draft
from tests.quest import Caller, Quest

MANY = """mutation ($input: LogActivitiesInput!) { logActivities(input: $input) {
    results { idempotencyKey activity { id distanceMeters } problem { code field } warnings { code field }
              activityId retryAfterSeconds }
    progress { totalMeters goal { id } } } }"""
ONE = "mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { id } } }"
TOTAL = "query ($id: ID!) { goal(id: $id) { progress { totalMeters } } }"


def item(number: int, **given: Any) -> dict[str, Any]:
    """Return a walk of half an hour, each a few hours earlier than the one before."""
    begins = (NOW - timedelta(hours=1 + 2 * number)).isoformat()
    key = f"offline walk {number}"
    return {"distanceMeters": 1000, "durationSeconds": 1800, "startedAt": begins, "idempotencyKey": key} | given


async def send(caller: Caller, items: list[dict[str, Any]]) -> dict[str, Any]:
    return dict((await caller.run(MANY, input={"items": items}))["logActivities"])


async def running(quest: Quest) -> tuple[Caller, str]:
    """Return a team's only member, and its goal, which both began twenty days ago."""
    ann = await quest.user("Ann")
    ann.now = NOW - timedelta(days=20)
    goal = await draft(ann, await ann.found("Walkers"), startsOn=str(ann.now.date()))
    await ann.run(ACTIVATE, input={"goalId": goal})
    ann.now = NOW
    return ann, goal


async def test_a_refused_item_stops_none_of_the_others(quest: Quest) -> None:
    ann = await quest.user("Ann")
    ann.now = NOW
    items = [
        item(0),
        item(1, durationSeconds=0),
        item(
            2,
            distanceMeters=None,
            steps=300_000,
            durationSeconds=86_400,
            startedAt=(NOW - timedelta(days=3)).isoformat(),
        ),
        item(3, startedAt=(NOW - timedelta(days=31)).isoformat()),
        item(4, idempotencyKey=None),
        item(5, startedAt=item(0)["startedAt"]),
        item(6, distanceMeters=20_000),
    ]
    results = (await send(ann, items))["results"]
    assert [one["idempotencyKey"] for one in results] == [one["idempotencyKey"] for one in items]
    problems = [one["problem"] and (one["problem"]["code"], one["problem"]["field"]) for one in results]
    assert problems == [
        None,
        ("VALIDATION_ERROR", "input.items[1].durationSeconds"),
        None,
        ("BACKDATE_LIMIT", "input.items[3].startedAt"),
        ("VALIDATION_ERROR", "input.items[4].idempotencyKey"),
        ("DUPLICATE_ACTIVITY", None),
        None,
    ]
    assert [one["activity"] is None for one in results] == [problem is not None for problem in problems]
    assert results[2]["warnings"] == [{"code": "IMPLAUSIBLE", "field": "input.steps"}]
    assert results[6]["warnings"] == [{"code": "IMPLAUSIBLE", "field": "input.distanceMeters"}]
    assert results[5]["activityId"] == results[0]["activity"]["id"] == results[0]["activityId"]


async def test_items_sent_again_are_the_same_walks_and_count_once(quest: Quest) -> None:
    ann, goal = await running(quest)
    items = [item(number) for number in range(5)]
    alone = (await ann.run(ONE, input=items[2]))["logActivity"]["activity"]["id"]
    first = await send(ann, [*items, items[0]])
    assert first["results"][2]["activity"]["id"] == alone
    assert first["results"][5]["activity"]["id"] == first["results"][0]["activity"]["id"]
    assert first["progress"] == [{"totalMeters": 5000, "goal": {"id": goal}}]
    assert await send(ann, [*items, items[0]]) == first
    assert await ann.runtime.rate_limits.count(WALKS_LOGGED, ann.user_id.hex) == 5
    other = (await send(ann, [item(0, steps=7)]))["results"][0]
    assert (other["problem"]["code"], other["activity"]) == ("IDEMPOTENCY_MISMATCH", None)


async def test_a_hundred_walks_of_days_without_a_network_are_logged(quest: Quest) -> None:
    ann, goal = await running(quest)
    done = await send(ann, [item(number) for number in range(100)])
    assert [one["problem"] for one in done["results"]] == [None] * 100
    assert done["progress"] == [{"totalMeters": 100_000, "goal": {"id": goal}}]


async def test_the_limit_counts_items_and_those_over_it_can_be_sent_later(quest: Quest) -> None:
    ann = await quest.user("Ann")
    ann.now = NOW
    for _ in range(WALKS_LOGGED.most - 2):
        await ann.runtime.rate_limits.spend(WALKS_LOGGED, ann.user_id.hex)
    items = [item(number) for number in range(4)]
    results = (await send(ann, [items[0], items[0], items[1], items[2], items[3], items[1]]))["results"]
    codes = [one["problem"] and one["problem"]["code"] for one in results]
    assert codes == [None, None, None, "RATE_LIMITED", "RATE_LIMITED", None]
    assert 0 < results[3]["retryAfterSeconds"] <= WALKS_LOGGED.seconds
    await ann.runtime.rate_limits.clear(WALKS_LOGGED, ann.user_id.hex)
    assert [one["problem"] for one in (await send(ann, items))["results"]] == [None] * 4


@pytest.mark.parametrize("count", [0, 101])
async def test_a_request_has_one_to_a_hundred_items(quest: Quest, count: int) -> None:
    ann = await quest.user("Ann")
    refused = await quest.refusal(ann, MANY, input={"items": [item(0)] * count})
    assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", "input.items")


async def test_a_fault_of_the_service_ends_the_request_and_those_before_it_stay(quest: Quest) -> None:
    ann = await quest.user("Ann")
    ann.now = NOW
    await quest.runtime.writer.execute(
        "ALTER TABLE activity ADD CONSTRAINT broken CHECK (distance_mm <> 777000) NOT VALID"
    )
    refused = await ann.refused(MANY, input={"items": [item(0), item(1, distanceMeters=777), item(2)]})
    assert refused["code"] == "INTERNAL"
    rows = await quest.runtime.writer.fetch("SELECT idempotency_key FROM activity")
    assert [row[0] for row in rows] == ["offline walk 0"]
