"""Filters of lists of walks: a team's by walker, days and types; ranges that end before they begin."""

from datetime import timedelta
from typing import Any

import pytest

from tests.journeys import NOW, Crew, crew, walk
from tests.quest import Quest

FEED = """query ($id: ID!, $filter: TeamActivityFilter, $after: String) { team(id: $id) {
    activities(first: 2, after: $after, filter: $filter) { nodes { id } pageInfo { hasNextPage endCursor } } } }"""
OWN = "query ($filter: ActivityFilter) { viewer { activities(filter: $filter) { nodes { id } } } }"
UPDATE = """mutation ($input: UpdateActivityInput!) { updateActivity(input: $input) {
    activity { version } progress { totalMeters } warnings { code field message } } }"""
ESTIMATE = """query ($steps: Int!, $stride: Float) { estimateDistance(steps: $steps, strideMeters: $stride) {
    distanceMeters strideMeters warnings { code field } } }"""
LOG = "mutation ($input: LogActivityInput!) { logActivity(input: $input) { warnings { code field message } } }"


async def listed(team: Crew, **only: Any) -> list[str]:
    """Return all pages of the team's list under a filter."""
    found: list[str] = []
    after = None
    while True:
        page = (await team.admin.run(FEED, id=team.team, filter=only, after=after))["team"]["activities"]
        found += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


async def test_a_teams_walks_are_filtered_by_walker_days_and_types(quest: Quest) -> None:
    team = await crew(quest)
    for caller in team.all:
        caller.now = NOW + timedelta(days=3)
    ids = {}
    for minute, (name, caller) in enumerate((("ann", team.admin), ("ben", team.member))):
        for day in range(3):
            kind = "HIKE" if day == 1 else "WALK"
            ids[name, day] = await walk(caller, 900, NOW + timedelta(days=day, minutes=minute), type=kind)
    await walk(team.member, 900, NOW + timedelta(days=1, hours=2), privacy="PRIVATE")
    days, ben = [str((NOW + timedelta(days=n)).date()) for n in range(3)], f"user_{team.member.user_id.hex}"
    every = [ids[name, n] for n in (2, 1, 0) for name in ("ben", "ann")]
    assert await listed(team) == every
    assert await listed(team, userId=ben) == [ids["ben", n] for n in (2, 1, 0)]
    assert await listed(team, **{"from": days[1]}) == every[:4]
    assert await listed(team, to=days[1], userId=ben) == [ids["ben", 1], ids["ben", 0]]
    assert await listed(team, **{"from": days[1], "to": days[1]}) == every[2:4]
    assert await listed(team, types=["HIKE"], userId=ben) == [ids["ben", 1]]
    assert await listed(team, types=[]) == []
    assert await listed(team, userId=f"user_{team.stranger.user_id.hex}") == []


async def test_the_day_of_a_filter_is_the_walks_own_in_every_zone(quest: Quest) -> None:
    team = await crew(quest)
    early = await walk(team.member, 900, NOW - timedelta(hours=3), timezone="Pacific/Kiritimati")
    late = await walk(team.member, 900, NOW - timedelta(hours=1), timezone="Pacific/Pago_Pago")
    days = {
        id: (await team.member.run("query ($i: ID!) { activity(id: $i) { localDate } }", i=id)) for id in (early, late)
    }
    assert [found["activity"]["localDate"] for found in days.values()] == ["2026-11-22", "2026-11-21"]
    for day, walks in (("2026-11-22", [early]), ("2026-11-21", [late])):
        assert await listed(team, **{"from": day, "to": day}) == walks


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_the_calendars_first_and_last_day_are_days_of_a_filter(quest: Quest, day: str) -> None:
    team = await crew(quest)
    await walk(team.member, 900)
    assert await listed(team, **{"from": day, "to": day}) == []


async def test_a_range_that_ends_before_it_begins_is_refused(quest: Quest) -> None:
    team = await crew(quest)
    wrong = {"from": "2026-11-22", "to": "2026-11-21"}
    for refused in (
        await quest.refusal(team.admin, FEED, id=team.team, filter=wrong),
        await quest.refusal(team.admin, OWN, filter=wrong),
    ):
        fault = refused["fields"][0]
        assert (refused["code"], fault["path"], fault["min"]) == ("VALIDATION_ERROR", "filter.to", "2026-11-22")


async def test_a_change_of_nothing_is_no_change(quest: Quest) -> None:
    team = await crew(quest)
    mine = await walk(team.member, 900, steps=1200, notes="Wind")
    events = await team.events()
    same = {"activityId": mine, "notes": " Wind ", "distanceMeters": 900, "privacy": "PUBLIC"}
    for given in ({"activityId": mine}, same):
        assert (await team.member.run(UPDATE, input=given))["updateActivity"]["activity"]["version"] == 1
    assert await team.events() == events
    stale = await quest.refusal(team.member, UPDATE, input=same | {"expectedVersion": 7})
    assert stale["code"] == "STALE_VERSION"
    changed = await team.member.run(UPDATE, input=same | {"notes": "Rain"})
    assert changed["updateActivity"]["activity"]["version"] == 2
    assert len(await team.events()) == len(events) + 1


async def test_steps_beyond_the_longest_walk_are_cut_with_a_warning(quest: Quest) -> None:
    ann = await quest.user("Ann")
    ann.now = NOW
    begins = (NOW - timedelta(days=1)).isoformat()
    body = {"steps": 300_000, "durationSeconds": 80_000, "startedAt": begins}
    (warning,) = (await ann.run(LOG, input=body))["logActivity"]["warnings"]
    assert (warning["code"], warning["field"]) == ("IMPLAUSIBLE", "input.steps")
    assert warning["message"] == "300000 steps are 205.8 km, of which 100 km are kept: the longest walk."
    measured = {"steps": 300_000, "distanceMeters": 90_000, "durationSeconds": 80_000, "startedAt": begins}
    assert (await ann.run(LOG, input=measured | {"allowDuplicate": True}))["logActivity"]["warnings"] == []


async def test_an_estimate_is_the_distance_that_logging_would_take(quest: Quest) -> None:
    ann, bob = await quest.user("Ann", stride_mm=800), await quest.user("Bob")
    cases = ((ann, 1000, None, 800, 0.8), (bob, 1000, None, 686, 0.686), (ann, 1000, 0.5, 500, 0.5))
    for caller, steps, stride, meters, used in cases:
        found = (await caller.run(ESTIMATE, steps=steps, stride=stride))["estimateDistance"]
        assert found == {"distanceMeters": meters, "strideMeters": used, "warnings": []}
    cut = (await ann.run(ESTIMATE, steps=300_000))["estimateDistance"]
    assert (cut["distanceMeters"], cut["warnings"]) == (100_000, [{"code": "IMPLAUSIBLE", "field": "steps"}])


@pytest.mark.parametrize(
    ("given", "path"),
    [({"steps": 0}, "steps"), ({"steps": 300_001}, "steps"), ({"steps": 1, "stride": 1.6}, "strideMeters")],
)
async def test_an_estimate_of_wrong_values_is_refused(quest: Quest, given: dict[str, Any], path: str) -> None:
    refused = await quest.refusal(await quest.user("Ann"), ESTIMATE, **given)
    assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", path)
