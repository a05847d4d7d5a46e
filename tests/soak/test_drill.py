"""A region is lost while 200 follow what happens there: the other takes over, as the runbook says, and gives it back.

Each region is PostgreSQL, Valkey and a node of the service. The second region's PostgreSQL follows the first one's, and
clients are led to whichever region says at `/readyz` that it can be written to, as Route 53 would.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from app import embedded
from milequest.settings import Settings
from milequest.store import migrate
from tests.conftest import RUN_FOLDER
from tests.faults.cluster import Balancer, balancing
from tests.faults.test_nothing_is_lost import WALKS, follow
from tests.listening import dial
from tests.service import serving
from tests.soak.regions import Region, cut_off, failover, follower, opened, primary
from tests.subscriptions.team import JOIN, LOG, Team, gather

CURSORS = 200
WRITERS = 8
PACE = 1.0  # seconds between two walks of one writer
AWAY = 2.0  # seconds that clients wait at most before they come again
PATIENCE = 60.0


@dataclass
class Walk:
    """One that somebody was told is saved."""

    id: str
    told: datetime


@dataclass
class Drill:
    """What the people do and see."""

    balancer: Balancer
    team: Team
    people: list[str]
    regions: list[Region]
    walks: list[Walk] = field(default_factory=list)
    seen: list[list[Any]] = field(default_factory=list)
    writing: list[asyncio.Task[None]] = field(default_factory=list)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def lead(self) -> None:
        """Lead who comes to the regions that are ready."""
        while True:
            ready = await asyncio.gather(*(asyncio.to_thread(region.is_ready) for region in self.regions))
            self.balancer.nodes = [region.node for region, good in zip(self.regions, ready, strict=True) if good]
            await asyncio.sleep(0.2)

    async def write(self, token: str) -> None:
        """Log walks, each once however often it has to be sent."""
        async with httpx.AsyncClient(timeout=5) as client:
            while not self.is_over.is_set():
                at = datetime.now(UTC).isoformat()
                walk = {"distanceMeters": 1, "durationSeconds": 60, "startedAt": at, "allowDuplicate": True}
                given = {"input": walk | {"idempotencyKey": f"walk-{uuid4().hex}"}}
                while not (id := await log_walk(client, self.balancer.port, token, given)):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
                self.walks.append(Walk(id, datetime.now(UTC)))
                await asyncio.sleep(PACE)

    async def listening(self) -> None:
        """Wait until everybody does."""
        async with asyncio.timeout(PATIENCE):
            while not all(self.seen):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def written(self, more: int) -> None:
        """Wait for as many walks as that."""
        until = len(self.walks) + more
        async with asyncio.timeout(PATIENCE):
            while len(self.walks) < until:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def end_writing(self) -> None:
        """Wait until whatever was begun is saved."""
        self.is_over.set()
        await asyncio.wait_for(asyncio.gather(*self.writing), PATIENCE)

    async def heard(self, region: Region) -> None:
        """Wait until everybody has heard of the last walk in the log."""
        last = await last_walk(region)
        async with asyncio.timeout(PATIENCE):
            while any(not seen or seen[-1]["sequence"] < last for seen in self.seen):  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def log_walk(client: httpx.AsyncClient, port: int, token: str, variables: dict[str, Any]) -> str | None:
    """Its id, None where it has to be sent again."""
    with contextlib.suppress(httpx.HTTPError):
        headers = {"authorization": f"Bearer {token}"}
        body = {"query": LOG, "variables": variables}
        answer = (await client.post(f"http://127.0.0.1:{port}/graphql", json=body, headers=headers)).json()
        if "errors" not in answer:
            return str(answer["data"]["logActivity"]["activity"]["id"])
        codes = {error["extensions"]["code"] for error in answer["errors"]}
        assert codes <= {"UNAVAILABLE", "INTERNAL"}, codes
    return None


async def rows(region: Region, statement: str) -> list[Any]:
    """What a region's database holds."""
    connection = await asyncpg.connect(region.database.url())
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


async def last_walk(region: Region) -> int:
    """Where the last walk stands in its log."""
    return int((await rows(region, "SELECT max(sequence) FROM event WHERE kind = 'ACTIVITY_ADDED'"))[0][0])


async def saved(region: Region) -> set[str]:
    """The ids of the walks in a region, as clients know them."""
    return {f"activity_{row[0].hex}" for row in await rows(region, "SELECT id FROM activity")}


@pytest.fixture
def regions() -> Iterator[list[Region]]:
    """Two, of which the second follows the first."""
    folders = [Path(os.environ[RUN_FOLDER], name) for name in ("east", "west")]
    first = primary(folders[0])
    migrate.upgrade(first.url())
    both = [opened(first, folders[0])]
    both.append(opened(follower(first, folders[1]), folders[1]))
    yield both
    for region in both:
        region.node.process.kill()
        region.valkey.stop()
        region.database.stop()


@asynccontextmanager
async def under_load(regions: list[Region]) -> AsyncIterator[Drill]:
    """A team whose people walk, and 200 who follow."""
    with serving(Settings(database_url=regions[0].database.url(), redis_url=regions[0].valkey.url)) as service:
        team = await gather(service, is_public=True)
        people = [team.ann, team.ben]
        for number in range(WRITERS - 2):
            people.append(await asyncio.to_thread(service.sign_up, f"walker-{number}"))
            await team.do(people[-1], JOIN, teamId=team.id)
    async with balancing([]) as balancer:
        drill = Drill(balancer, team, people, regions, seen=[[] for _ in range(CURSORS)])
        tasks = [asyncio.create_task(drill.lead())]
        for number, seen in enumerate(drill.seen):
            token = people[number % WRITERS]
            tasks.append(asyncio.create_task(follow(balancer, token, WALKS, {"team": team.id}, seen, AWAY)))
        drill.writing = [asyncio.create_task(drill.write(token)) for token in people]
        try:
            yield drill
            assert [task for task in tasks if task.done()] == []
        finally:
            for task in (*tasks, *drill.writing):
                task.cancel()
            await asyncio.gather(*tasks, *drill.writing, return_exceptions=True)


async def test_a_region_is_lost_taken_over_and_given_back(regions: list[Region]) -> None:
    east, west = regions
    async with under_load(regions) as drill:
        await drill.listening()
        await drill.written(40)
        assert (east.is_ready(), west.is_ready()) == (True, False)
        await asyncio.to_thread(cut_off, west.database)
        known = await last_walk(west)
        await drill.written(20)  # which the other region will never hear of
        ahead = drill.seen[0][-1]
        assert ahead["sequence"] > known
        lost_at, before = datetime.now(UTC), monotonic()
        await asyncio.to_thread(east.lose)
        said = await asyncio.to_thread(failover, west)
        await drill.written(1)
        rto = monotonic() - before
        until = datetime.fromisoformat(said.split(" until ")[1].split(" is here")[0])
        await drill.written(40)
        assert await last_walk(west) > ahead["sequence"], "the log is past the place of what was lost"
        async with dial(f"ws://127.0.0.1:{drill.balancer.port}/graphql", drill.team.ann) as connection:
            late = await connection.subscribe(WALKS, team=drill.team.id, after=ahead["cursor"])
            assert (await late.next())["delivery"] == "RESET", "it would miss what was saved in place of the lost"
        lost = await _judge_the_failover(drill, west, until)
        print(f"\nRPO {(lost_at - until).total_seconds():.1f} s: {lost} walks lost. RTO {rto:.1f} s.")
        await _refuses(east, west, drill)
        await _judge_the_failback(drill, east, west)


async def _judge_the_failover(drill: Drill, west: Region, until: datetime) -> int:
    """What was lost is no older than was said; how much that is. Everybody goes on."""
    there = await saved(west)
    lost = [walk for walk in drill.walks if walk.id not in there]
    assert lost, "replication was cut, so some must be"
    assert [walk for walk in lost if walk.told <= until] == []
    await drill.heard(west)
    for seen in drill.seen:
        began = [event["delivery"] for event in seen if event["delivery"] in ("SNAPSHOT", "RESET")]
        assert began[0] == "SNAPSHOT"
        assert set(began[1:]) == {"RESET"}, "cursors of the old epoch may be ahead of what was saved"
    return len(lost)


async def _refuses(east: Region, west: Region, drill: Drill) -> None:
    """The region that comes back follows the other, and cannot be written to."""
    folder = east.database.data.parent
    embedded.reset(folder)  # as RDS does, which rebuilds what was lost
    returned = opened(await asyncio.to_thread(follower, west.database, folder), folder)
    east.database, east.valkey, east.node = returned.database, returned.valkey, returned.node
    assert not await asyncio.to_thread(east.is_ready)
    at = datetime.now(UTC).isoformat()
    walk = {"distanceMeters": 1, "durationSeconds": 60, "startedAt": at, "allowDuplicate": True}
    async with httpx.AsyncClient(timeout=5) as client:
        assert await log_walk(client, east.node.port, drill.people[0], {"input": walk}) is None


async def _judge_the_failback(drill: Drill, east: Region, west: Region) -> None:
    """Planned: the one is fenced and stopped cleanly, so the other has all of it. No walk is lost, or there twice."""
    resets = [len(parts(seen)) for seen in drill.seen]
    there = await saved(west)
    before = monotonic()
    await asyncio.to_thread(west.node.end, signal.SIGTERM)
    await asyncio.to_thread(west.database.stop)
    await asyncio.to_thread(failover, east, "--planned")
    await drill.written(1)
    print(f"Failback took {monotonic() - before:.1f} s, and nothing was lost.")
    await drill.written(20)
    await drill.end_writing()
    await drill.heard(east)
    now = await saved(east)
    assert there <= now
    told_since = {walk.id for walk in drill.walks} & now
    assert len(now) == len(told_since), "each is there once, and was told to whoever sent it"
    log = [row[0] for row in await rows(east, "SELECT sequence FROM event WHERE kind = 'ACTIVITY_ADDED' ORDER BY 1")]
    for seen, begun in zip(drill.seen, resets, strict=True):
        told = parts(seen)
        assert len(told) == begun, "nothing was lost, so nobody begins again"
        assert all(earlier < later for part in told for earlier, later in pairwise(part)), "nothing is told twice"
        begin, *news = told[-1]
        assert news == [sequence for sequence in log if sequence > begin]


def parts(seen: list[Any]) -> list[list[int]]:
    """The sequences that somebody was told, apart for each time they began anew."""
    told: list[list[int]] = []
    for event in seen:
        if event["delivery"] in ("SNAPSHOT", "RESET"):
            told.append([])
        told[-1].append(event["sequence"])
    return told
