"""Walkers behind AppSync, for the tests of a module: on one simulator, as it takes seconds to start."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from redis import Redis

from tests.documents import LOG_WHOLE_WALK as LOG
from tests.journeys import along
from tests.quest import just_begun
from tests.soak.appsync.world import World, standing
from tests.subscriptions.team import ACCEPT, FOUND, GOAL, INVITE

together = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Team:
    """Two people with a goal, less than half of it walked."""

    id: str
    goal: str
    ann: str
    ben: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(new_database: Callable[[], AbstractContextManager[str]], _valkey: Redis) -> AsyncIterator[World]:
    """Yield the simulator, the function and the service."""
    with new_database() as url:
        async with standing(url, f"unix://{_valkey.get_connection_kwargs()['path']}") as stands:
            yield stands


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def team(world: World) -> Team:
    """Return one for all tests that do not change it."""
    return await gathered(world, "Walkers")


async def gathered(world: World, name: str) -> Team:
    """Found a team, by AppSync alone."""
    ann, ben = world.sign_up("Ann"), world.sign_up("Ben")
    made = await world.run(FOUND, ann, input={"name": name, "isPublic": True, "joinPolicy": "OPEN"})
    team = made["createTeam"]["team"]["id"]
    code = (await world.run(INVITE, ann, input={"teamId": team}))["createInvite"]["code"]
    await world.run(ACCEPT, ben, input={"code": code})
    starts = str(datetime.now(UTC).date())
    goal = {"teamId": team, "name": "North", "startsOn": starts, "waypoints": along(0, 0.1), "activate": True}
    goals = await world.run(GOAL, ann, input=goal)
    for walker in (ann, ben, ann):
        await world.run(LOG, walker, input=walk())
    return Team(team, goals["createGoal"]["goalEdge"]["node"]["id"], ann, ben)


def walk(meters: float = 1500, **changes: Any) -> dict[str, Any]:
    """Return a walk that has just begun."""
    at = datetime.now(UTC).isoformat()[:19] + "Z"
    of_itself = {"idempotencyKey": uuid4().hex, "allowDuplicate": True}
    return just_begun(meters) | {"startedAt": at} | of_itself | changes
