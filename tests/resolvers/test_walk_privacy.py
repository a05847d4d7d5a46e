"""Hiding and showing many walks at once, through the public API."""

from datetime import timedelta
from typing import Any

import pytest

from milequest.store.sql.comparison import wrong_totals
from resolvers import walk_privacy
from tests.journeys import NOW, Crew, crew, draft, walk
from tests.quest import Quest

SET = """mutation ($input: SetActivitiesPrivacyInput!) { setActivitiesPrivacy(input: $input) {
    changedCount hasMore progress { totalMeters unattributedMeters } } }"""
FEED = "query ($t: ID!) { team(id: $t) { activities { nodes { distanceMeters } } } }"


@pytest.fixture
async def team(quest: Quest) -> Crew:
    team = await crew(quest)
    await draft(team.admin, team.team, activate=True)
    return team


async def change(team: Crew, **given: Any) -> dict[str, Any]:
    return dict((await team.member.run(SET, input=given))["setActivitiesPrivacy"])


async def feed(team: Crew) -> list[float]:
    return [one["distanceMeters"] for one in (await team.admin.run(FEED, t=team.team))["team"]["activities"]["nodes"]]


async def test_all_ones_walks_are_hidden_and_go_on_counting(team: Crew) -> None:
    for meters in (100, 200, 300):
        await walk(team.member, meters)
    await walk(team.admin, 400)
    done = await change(team, privacy="PRIVATE")
    assert done == {"changedCount": 3, "hasMore": False, "progress": [{"totalMeters": 1000, "unattributedMeters": 600}]}
    assert await feed(team) == [400]
    assert await change(team, privacy="PRIVATE") == {"changedCount": 0, "hasMore": False, "progress": []}
    assert (await change(team, privacy="PUBLIC"))["changedCount"] == 3
    assert await wrong_totals(team.quest.runtime.reader) == {}


async def test_days_and_types_limit_what_is_changed(team: Crew) -> None:
    await walk(team.member, 100, NOW - timedelta(days=1))
    await walk(team.member, 200)
    await walk(team.member, 300, type="RUN")
    today = str(NOW.date())
    assert (await change(team, privacy="PRIVATE", **{"from": today, "to": today}, types=["RUN"]))["changedCount"] == 1
    assert await feed(team) == [200]


async def test_more_walks_than_a_call_changes_are_left_to_the_next(team: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk_privacy, "WALKS_MAX", 2)
    for meters in (100, 200, 300):
        await walk(team.member, meters)
    calls = [await change(team, privacy="PRIVATE") for _ in range(2)]
    assert [(one["changedCount"], one["hasMore"]) for one in calls] == [(2, True), (1, False)]


async def test_walk_of_a_final_board_can_be_hidden_and_not_shown(team: Crew) -> None:
    await walk(team.member, 100)
    team.later(days=31)
    assert (await change(team, privacy="PRIVATE"))["changedCount"] == 1
    assert (await change(team, privacy="PUBLIC"))["changedCount"] == 0
