"""Walks through the API: logging, changing and deleting them, their viewers, and refusals of invalid ones."""

from asyncio import gather
from datetime import timedelta
from typing import Any

import pytest

from tests.quest import Caller, Quest

LOG = """mutation ($input: LogActivityInput!) { logActivity(input: $input) {
    activity { id version } activityEdge { cursor node { id distanceMeters durationSeconds steps localDate timezone
      startedAt endedAt privacy countStatus source notes user { name } } } warnings { code field } } }"""
UPDATE = """mutation ($input: UpdateActivityInput!) { updateActivity(input: $input) {
    activity { id distanceMeters durationSeconds steps localDate privacy countStatus notes type version } } }"""
DELETE = "mutation ($input: DeleteActivityInput!) { deleteActivity(input: $input) { deletedActivityId } }"
ONE = "query ($id: ID!) { activity(id: $id) { id notes } }"
OWN = """query ($first: Int, $after: String, $filter: ActivityFilter) { viewer {
    activities(first: $first, after: $after, filter: $filter) {
      nodes { id distanceMeters privacy } pageInfo { hasNextPage hasPreviousPage endCursor } } } }"""
FEED = """query ($id: ID!, $first: Int, $after: String) { team(id: $id) { activities(first: $first, after: $after) {
    nodes { id user { name } } edges { cursor } pageInfo { hasNextPage endCursor } } } }"""


def walk(caller: Caller, **given: Any) -> dict[str, Any]:
    """Return a walk of an hour that ended just now."""
    started = given.pop("started", caller.now - timedelta(hours=1))
    return {"distanceMeters": 4000.5, "durationSeconds": 3600, "startedAt": started.isoformat()} | given


async def log(caller: Caller, **given: Any) -> dict[str, Any]:
    logged = await caller.run(LOG, input=walk(caller, **given))
    return dict(logged["logActivity"]["activityEdge"]["node"])


async def test_walk_is_stored_as_it_was_sent(quest: Quest) -> None:
    ann = await quest.user("Ann", "America/New_York")
    late = ann.now.replace(hour=4, minute=30, second=0, microsecond=0) - timedelta(days=1)  # 23:30 or 00:30 there
    node = await log(ann, started=late, steps=5000, notes="  by the river\n")
    assert (node["distanceMeters"], node["durationSeconds"], node["steps"]) == (4000.5, 3600, 5000)
    assert (node["timezone"], node["source"], node["countStatus"]) == ("America/New_York", "MANUAL", "COUNTED")
    assert (node["notes"], node["privacy"], node["user"]["name"]) == ("by the river", "PUBLIC", "Ann")
    assert node["startedAt"] == f"{late:%Y-%m-%dT%H:%M:%S}.000Z"
    assert node["endedAt"] == f"{late + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}.000Z"


async def test_the_day_is_that_of_the_start_where_it_was_walked(quest: Quest) -> None:
    ann = await quest.user("Ann", "America/New_York")
    started = (ann.now - timedelta(days=2)).replace(hour=3, minute=0)  # 22:00 or 23:00 of the day before, there
    assert (await log(ann, started=started))["localDate"] == str((started - timedelta(days=1)).date())
    there = await log(ann, started=started, timezone="Pacific/Auckland", allowDuplicate=True)
    assert there["localDate"] == str(started.date())


async def test_steps_alone_are_a_distance_by_the_stride(quest: Quest) -> None:
    ann, bob = await quest.user("Ann", stride_mm=800), await quest.user("Bob")
    assert (await log(ann, distanceMeters=None, steps=1000))["distanceMeters"] == 800.0
    assert (await log(bob, distanceMeters=None, steps=1000))["distanceMeters"] == 686.0


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"distanceMeters": 0}, "input.distanceMeters"),
    ({"distanceMeters": -5}, "input.distanceMeters"),
    ({"distanceMeters": 100_000.1}, "input.distanceMeters"),
    ({"distanceMeters": None}, "input.distanceMeters"),
    ({"steps": 0}, "input.steps"),
    ({"steps": 300_001}, "input.steps"),
    ({"durationSeconds": 0}, "input.durationSeconds"),
    ({"durationSeconds": 86_401}, "input.durationSeconds"),
    ({"timezone": "Mars/Olympus"}, "input.timezone"),
    ({"notes": "x" * 501}, "input.notes"),
    ({"notes": "bell\a"}, "input.notes"),
    ({"idempotencyKey": "short"}, "input.idempotencyKey"),
    ({"idempotencyKey": "x" * 65}, "input.idempotencyKey"),
]


@pytest.mark.parametrize(("given", "path"), WRONG)
async def test_a_wrong_field_is_named_and_nothing_changes(quest: Quest, given: dict[str, Any], path: str) -> None:
    ann = await quest.user("Ann")
    extensions = await quest.refusal(ann, LOG, input=walk(ann, **given))
    assert (extensions["code"], extensions["fields"][0]["path"]) == ("VALIDATION_ERROR", path)


@pytest.mark.parametrize("text", ["2026-11-22T10:00:00", "yesterday", "2026-13-01T00:00:00Z", 1_700_000_000])
async def test_a_start_without_an_offset_is_no_instant(quest: Quest, text: object) -> None:
    ann = await quest.user("Ann")
    extensions = await quest.refusal(ann, LOG, input=walk(ann) | {"startedAt": text})
    assert extensions["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("number", ["NaN", "1e999", "-Infinity"])
async def test_distance_that_is_not_a_number_is_refused(quest: Quest, number: str) -> None:
    ann = await quest.user("Ann")
    assert (await quest.refusal(ann, LOG, input=walk(ann, distanceMeters=float(number))))["code"] == "VALIDATION_ERROR"


async def test_a_walk_is_neither_in_the_future_nor_long_ago(quest: Quest) -> None:
    ann = await quest.user("Ann")
    future = await quest.refusal(ann, LOG, input=walk(ann, started=ann.now + timedelta(minutes=6)))
    assert (future["code"], future["fields"][0]["path"]) == ("VALIDATION_ERROR", "input.startedAt")
    assert future["fields"][0]["max"] == f"{ann.now:%Y-%m-%dT%H:%M:%S}.{ann.now.microsecond // 1000:03}Z"
    past = await quest.refusal(ann, LOG, input=walk(ann, started=ann.now - timedelta(days=30, seconds=1)))
    assert past["code"] == "BACKDATE_LIMIT"
    fast = ann.now + timedelta(minutes=4)  # as a clock may be, a little
    await log(ann, started=fast, durationSeconds=60, distanceMeters=100)
    await log(ann, started=ann.now - timedelta(days=29, hours=23))


async def test_a_walk_does_not_end_in_the_future(quest: Quest) -> None:
    ann = await quest.user("Ann")
    started = ann.now - timedelta(minutes=10)
    allowed = {"path": "input.durationSeconds", "code": "OUT_OF_RANGE", "min": 1, "max": 900}  # clocks may be fast
    far = await quest.refusal(ann, LOG, input=walk(ann, started=started, durationSeconds=901))
    assert (far["code"], far["fields"][0] | allowed) == ("VALIDATION_ERROR", far["fields"][0])
    logged = await log(ann, started=started, durationSeconds=900)
    for change in {"durationSeconds": 901}, {"startedAt": (started + timedelta(seconds=1)).isoformat()}:
        longer = await quest.refusal(ann, UPDATE, input={"activityId": logged["id"], **change})
        assert longer["fields"][0]["path"] == "input.durationSeconds"
    ann.now -= timedelta(minutes=1)  # as a walk that was logged before this rule: all else of it can change
    noted = await ann.run(UPDATE, input={"activityId": logged["id"], "notes": "slow"})
    assert noted["updateActivity"]["activity"]["notes"] == "slow"


async def test_a_day_has_two_hundred_kilometres(quest: Quest) -> None:
    ann = await quest.user("Ann")
    noon = (ann.now - timedelta(days=2)).replace(hour=1)
    for hours in (0, 10):
        await log(ann, distanceMeters=99_000, durationSeconds=30_000, started=noon + timedelta(hours=hours))
    over = walk(ann, distanceMeters=2_001, started=noon + timedelta(hours=9), durationSeconds=1800)
    refusal = await quest.refusal(ann, LOG, input=over)
    assert (refusal["code"], refusal["fields"][0]["max"]) == ("VALIDATION_ERROR", 2000.0)
    await log(ann, distanceMeters=2_000, started=noon + timedelta(hours=9), durationSeconds=1800)


async def test_walk_like_a_logged_one_is_refused_unless_duplicates_are_allowed(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    first = await log(ann)
    again = walk(ann, distanceMeters=3600, durationSeconds=3000)
    refusal = await quest.refusal(ann, LOG, input=again)
    assert (refusal["code"], refusal["existingId"]) == ("DUPLICATE_ACTIVITY", first["id"])
    await log(bob)  # another person walked at that time too
    await log(ann, type="WHEELCHAIR")  # another way of covering it
    await log(ann, distanceMeters=1000)  # far from the same
    await ann.run(LOG, input=again | {"allowDuplicate": True})


async def test_implausibly_fast_walk_is_warned_of_or_flagged(quest: Quest) -> None:
    ann = await quest.user("Ann")
    brisk = await ann.run(LOG, input=walk(ann, distanceMeters=12_000))
    assert brisk["logActivity"]["warnings"] == [{"code": "IMPLAUSIBLE", "field": "input.distanceMeters"}]
    assert brisk["logActivity"]["activityEdge"]["node"]["countStatus"] == "COUNTED"
    for kind, fast in (("WALK", 7), ("WHEELCHAIR", 12), ("OTHER_CONVERTED", 7), ("RUN", 7), ("HIKE", 7)):
        for metres, counts in ((3600 * fast, "COUNTED"), (3600 * fast + 1, "FLAGGED")):
            logged = await ann.run(LOG, input=walk(ann, distanceMeters=metres, type=kind, allowDuplicate=True))
            assert logged["logActivity"]["activityEdge"]["node"]["countStatus"] == counts, kind


async def test_a_hundred_and_twenty_first_walk_logged_in_an_hour_is_rate_limited(quest: Quest) -> None:
    ann = await quest.user("Ann")
    for minute in range(120):
        started = ann.now - timedelta(days=3, minutes=10 * minute)
        await log(ann, started=started, durationSeconds=300, distanceMeters=400)
    refusal = await ann.refused(LOG, input=walk(ann))
    assert refusal["code"] == "RATE_LIMITED"
    assert 0 < refusal["retryAfterSeconds"] <= 3600


async def test_an_edit_changes_what_it_names(quest: Quest) -> None:
    ann = await quest.user("Ann")
    node = await log(ann, steps=5000, notes="Hm.")
    given = {"activityId": node["id"], "distanceMeters": 5000, "notes": None, "type": "HIKE", "expectedVersion": 1}
    changed = (await ann.run(UPDATE, input=given))["updateActivity"]["activity"]
    assert (changed["distanceMeters"], changed["notes"], changed["type"]) == (5000.0, None, "HIKE")
    assert (changed["steps"], changed["durationSeconds"], changed["version"]) == (5000, 3600, 2)
    stale = await quest.refusal(ann, UPDATE, input=given)
    assert (stale["code"], stale["currentVersion"]) == ("STALE_VERSION", 2)


BAD_EDITS: list[tuple[dict[str, Any], str]] = [
    ({"distanceMeters": -1}, "input.distanceMeters"),
    ({"durationSeconds": None}, "input.durationSeconds"),
    ({"startedAt": None}, "input.startedAt"),
    ({"privacy": None}, "input.privacy"),
    ({"type": None}, "input.type"),
]


@pytest.mark.parametrize(("given", "path"), BAD_EDITS)
async def test_a_bad_edit_changes_nothing(quest: Quest, given: dict[str, Any], path: str) -> None:
    ann = await quest.user("Ann")
    node = await log(ann)
    refusal = await quest.refusal(ann, UPDATE, input={"activityId": node["id"]} | given)
    assert (refusal["code"], refusal["fields"][0]["path"]) == ("VALIDATION_ERROR", path)


async def test_a_device_s_record_keeps_its_measures(quest: Quest) -> None:
    ann = await quest.user("Ann")
    node = await log(ann)
    await quest.runtime.writer.execute("UPDATE activity SET source = 'FITBIT'")
    refusal = await quest.refusal(ann, UPDATE, input={"activityId": node["id"], "distanceMeters": 1})
    assert refusal["fields"][0]["code"] == "NOT_EDITABLE"
    await ann.run(UPDATE, input={"activityId": node["id"], "notes": "Mine.", "privacy": "PRIVATE"})


async def test_others_walks_are_not_there_to_change(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    team_id = await ann.found("Walkers")
    await bob.accept(await ann.invite(team_id))
    node = await log(ann)
    assert (await bob.run(ONE, id=node["id"]))["activity"]["id"] == node["id"]  # a team-mate sees it
    for text, given in ((UPDATE, {"notes": "Hi."}), (DELETE, {})):
        assert (await quest.refusal(bob, text, input={"activityId": node["id"]} | given))["code"] == "NOT_FOUND"
    gone = {"activityId": node["id"]}
    assert (await ann.run(DELETE, input=gone))["deleteActivity"]["deletedActivityId"] == node["id"]
    assert (await quest.refusal(ann, DELETE, input=gone))["code"] == "NOT_FOUND"
    assert (await ann.run(ONE, id=node["id"]))["activity"] is None


async def test_a_private_walk_is_its_owner_s_alone(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    team_id = await ann.found("Walkers")
    await bob.accept(await ann.invite(team_id))
    private = await log(ann, privacy="PRIVATE")
    public = await log(ann, started=ann.now - timedelta(hours=3))
    assert (await bob.run(ONE, id=private["id"]))["activity"] is None
    for caller in (ann, bob):  # one list for all members: not even the owner's view has it
        page = (await caller.run(FEED, id=team_id))["team"]["activities"]
        assert [walk["id"] for walk in page["nodes"]] == [public["id"]]
    assert len((await ann.run(OWN))["viewer"]["activities"]["nodes"]) == 2
    await ann.run(UPDATE, input={"activityId": private["id"], "privacy": "PUBLIC"})
    assert len((await bob.run(FEED, id=team_id))["team"]["activities"]["nodes"]) == 2


async def test_stranger_sees_no_walks_of_a_team(quest: Quest) -> None:
    ann, eve = await quest.user("Ann"), await quest.user("Eve")
    team_id = await ann.found("Walkers", isPublic=True)
    node = await log(ann)
    assert (await eve.run(ONE, id=node["id"]))["activity"] is None
    for caller in (eve, quest.anonymous):
        assert (await caller.run(FEED, id=team_id))["team"]["activities"] is None


async def test_pages_of_walks_neither_skip_nor_repeat(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team_id = await ann.found("Walkers")
    started = ann.now - timedelta(hours=2)
    ids = [(await log(ann, started=started, allowDuplicate=True, distanceMeters=100))["id"] for _ in range(5)]
    seen: list[str] = []
    after = None
    for size in (2, 2, 2):
        page = (await ann.run(FEED, id=team_id, first=size, after=after))["team"]["activities"]
        seen += [walk["id"] for walk in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert sorted(seen) == sorted(ids)
    assert not page["pageInfo"]["hasNextPage"]
    for given in ({"first": 0}, {"first": 51}, {"after": "nonsense"}, {"after": ""}):
        assert (await ann.refused(FEED, id=team_id, **given))["code"] == "VALIDATION_ERROR"


async def test_own_walks_are_filtered_by_type_privacy_and_days(quest: Quest) -> None:
    ann = await quest.user("Ann")
    old, new = ann.now - timedelta(days=10), ann.now - timedelta(days=1)
    await log(ann, started=old, distanceMeters=100)
    await log(ann, started=new, distanceMeters=200, type="RUN", privacy="PRIVATE")

    async def sifted(**only: Any) -> list[float]:
        nodes = (await ann.run(OWN, filter=only))["viewer"]["activities"]["nodes"]
        return [walk["distanceMeters"] for walk in nodes]

    assert await sifted() == [200.0, 100.0]
    assert await sifted(types=["RUN"]) == await sifted(privacy="PRIVATE") == await sifted(**{"from": str(new.date())})
    assert await sifted(to=str(old.date())) == [100.0]
    assert await sifted(types=[]) == []


async def test_of_equal_keys_at_once_exactly_one_walk_is_logged(quest: Quest) -> None:
    ann = await quest.user("Ann")
    same = walk(ann, idempotencyKey="walk-0001")
    answers = await gather(*(ann.run(LOG, input=same) for _ in range(6)))
    assert len({answer["logActivity"]["activity"]["id"] for answer in answers}) == 1
    assert await quest.runtime.writer.fetchval("SELECT count(*) FROM activity") == 1
    other = await quest.refusal(ann, LOG, input=same | {"distanceMeters": 1})
    assert other["code"] == "IDEMPOTENCY_MISMATCH"


async def test_a_walk_s_key_lives_as_long_as_the_walk(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    same = walk(ann, idempotencyKey="walk-0001")
    first = (await ann.run(LOG, input=same))["logActivity"]["activity"]["id"]
    ann.now += timedelta(days=40)  # by now the walk could not be logged any more
    assert (await ann.run(LOG, input=same))["logActivity"]["activity"]["id"] == first
    assert (await bob.run(LOG, input=same))["logActivity"]["activity"]["id"] != first  # a key is its user's own
    await ann.run(DELETE, input={"activityId": first})
    assert (await quest.refusal(ann, LOG, input=same))["code"] == "CONFLICT"  # a deleted walk is no answer


async def test_malformed_activity_id_is_refused_in_plain_english(quest: Quest) -> None:
    refused = await (await quest.user("Ann")).refused("query ($id: ID!) { activity(id: $id) { id } }", id="walk-1")
    assert refused["fields"][0]["message"] == "not the id of an activity"
