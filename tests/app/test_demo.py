"""The demo: made through the actions, the same each time, and alive."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from app import data_commands, demo, demo_simulator
from app.demo_simulator import WALKERS, simulate_walkers
from milequest.rules.enums import ActivityPrivacy
from milequest.rules.geo import line_length_m
from milequest.rules.identity import Identity, IdentityKind
from milequest.runtime import Runtime
from milequest.store.away import Away
from tests.journeys import CANCEL, along, draft
from tests.quest import Caller, Quest, open_quest

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
TEAM = "{ viewer { memberships { team { id activeGoal { id name progress { totalMeters } } } } } }"


@pytest.fixture
async def quest(database_url: str, redis_url: str) -> AsyncIterator[Quest]:
    async with open_quest(database_url, redis_url) as quest:
        yield quest


def test_forty_people_walk_believably() -> None:
    assert len(demo.PEOPLE) == 40
    assert len(demo.TEAMS) == 5
    walks = [walk for person in demo.PEOPLE for walk in demo.walks_of(person, NOW)]
    assert 1_800 < len(walks) < 3_000
    assert all(NOW - timedelta(days=demo.DAYS + 1) < walk.started_at < NOW for walk in walks)
    assert all(100 < walk.meters < 30_000 and walk.meters / walk.seconds < 3.3 for walk in walks)
    assert 0.02 < sum(walk.privacy is ActivityPrivacy.PRIVATE for walk in walks) / len(walks) < 0.12
    weekend = [w.meters for w in walks if w.started_at.astimezone(ZoneInfo(w.timezone)).weekday() >= 5]
    assert sum(weekend) / len(weekend) > sum(w.meters for w in walks) / len(walks)


def test_the_demo_is_the_same_every_time() -> None:
    person = demo.PEOPLE[7]
    assert list(demo.walks_of(person, NOW)) == list(demo.walks_of(person, NOW))
    keys = [walk.key for person in demo.PEOPLE for walk in demo.walks_of(person, NOW)]
    assert len(keys) == len(set(keys))


def test_the_walkers_are_people_of_the_demo_whom_others_can_watch() -> None:
    assert all(person in demo.PEOPLE and person.team.is_public for person in WALKERS)


@pytest.mark.parametrize("team", demo.TEAMS, ids=lambda team: team.name)
def test_every_goal_is_under_way_whenever_the_demo_is_loaded(team: demo.DemoTeam) -> None:
    length = line_length_m([(at.position.lng, at.position.lat) for at in team.template.waypoints])
    for week in range(0, 60, 2):
        now = NOW + timedelta(weeks=week, days=week % 7, hours=week % 24)
        walks = [walk for person in demo.PEOPLE if person.team is team for walk in _since(person, team.goal_days, now)]
        assert 0.2 < sum(walk.meters for walk in walks) / length < 0.8, now


def _since(person: demo.Person, days: int, now: datetime) -> list[demo.DemoWalk]:
    """Return the person's walks from the day on that so many days ago was."""
    zone = ZoneInfo(person.team.timezone)
    first = (now - timedelta(days=demo.DAYS)).astimezone(zone).date() + timedelta(days=demo.DAYS - days)
    return [w for w in demo.walks_of(person, now, days + 2) if w.started_at.astimezone(zone).date() >= first]


async def test_the_walkers_walk_on_to_a_new_goal_when_they_have_reached_theirs(
    quest: Quest, monkeypatch: pytest.MonkeyPatch
) -> None:
    await demo.load(quest.runtime, NOW, lambda *at: None, days=2)
    founder = await _founder(quest, WALKERS[0].team)
    team = (await founder.run(TEAM))["viewer"]["memberships"][0]["team"]
    await founder.run(CANCEL, input={"goalId": team["activeGoal"]["id"]})
    await draft(founder, team["id"], waypoints=along(0, 0.01), activate=True)
    monkeypatch.setattr(demo_simulator, "STEP_SECONDS", 0.01)
    seconds = count()
    walking = asyncio.create_task(simulate_walkers(quest.runtime, lambda: NOW + timedelta(seconds=next(seconds))))
    goal = await _active_goal(founder)
    for _ in range(600):
        if goal is not None and goal["name"] != "The line":
            break
        await asyncio.sleep(0.1)
        goal = await _active_goal(founder)
    walking.cancel()
    assert goal["name"] == "Camino Francés"
    assert goal["progress"]["totalMeters"] < 1_000


async def test_the_walkers_walk_on_when_the_database_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = count(1)

    async def walk(_: Runtime) -> None:
        if next(tries) < 3:
            async with asyncio.TaskGroup() as group:
                group.create_task(_refuse())

    async def yes(_: Runtime) -> bool:
        return True

    monkeypatch.setattr(data_commands, "AWAY_SECONDS", 0)
    monkeypatch.setattr(data_commands, "simulate_walkers", walk)
    monkeypatch.setattr(demo, "is_loaded", yes)
    await data_commands.alive(cast("Runtime", None))
    assert next(tries) == 4


async def _refuse() -> None:
    raise Away


async def _founder(quest: Quest, team: demo.DemoTeam) -> Caller:
    user_id = await demo.user_of(quest.runtime, demo.founder_of(team))
    return Caller(quest.runtime, Identity(IdentityKind.USER, user_id), NOW)


async def _active_goal(caller: Caller) -> Any:
    return (await caller.run(TEAM))["viewer"]["memberships"][0]["team"]["activeGoal"]


async def test_a_load_that_was_interrupted_is_finished_by_the_next(quest: Quest) -> None:
    def interrupt(done: int, of: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await demo.load(quest.runtime, NOW, interrupt, days=8)
    assert not await demo.is_loaded(quest.runtime)
    await demo.load(quest.runtime, NOW, lambda *at: None, days=8)
    assert await demo.is_loaded(quest.runtime)


async def test_loading_twice_is_loading_once(quest: Quest) -> None:
    now = datetime.now(UTC)
    done: list[tuple[int, int]] = []
    counts = (
        "SELECT (SELECT count(*) FROM app_user), (SELECT count(*) FROM team_member), (SELECT count(*) FROM activity)"
    )
    assert not await demo.is_loaded(quest.runtime)
    await demo.load(quest.runtime, now, lambda *at: done.append(at), days=8)
    first = await quest.runtime.writer.fetchrow(counts)
    await demo.load(quest.runtime, now, lambda *at: done.append(at), days=8)
    assert await quest.runtime.writer.fetchrow(counts) == first
    assert first is not None
    assert (first[0], first[1]) == (40, 40)
    assert first[2] > 120
    assert await demo.is_loaded(quest.runtime)
    assert done[39] == done[-1] == (40, 40)
