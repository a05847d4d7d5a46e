"""A drill: people walk and follow while a region is lost, the other is promoted, and the first is restored."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from time import monotonic
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from tests.documents import WALKS_TO_RESUME as WALKS
from tests.faults.cluster import Front
from tests.faults.following import follow
from tests.listening import dial
from tests.soak.crowd import Crowd
from tests.soak.regions import Region, cut_off, failover, follow_from_now_on
from tests.subscriptions.team import LOG

PATIENCE = 180.0
PASSING = {429, 500, 502, 503, 504}  # API Gateway's own answers where a backend is away


@dataclass(frozen=True)
class Load:
    """Number of followers, who connect within `coming` seconds; seconds between two walks of one writer, and the
    longest wait of clients before they reconnect.
    """

    cursors: int
    coming: float
    pace: float
    away: float


@dataclass
class Walk:
    """A walk whose writer got its confirmation."""

    id: str
    told: datetime


@dataclass
class Drill:
    """The people's actions and observations."""

    front: Front
    crowd: Crowd
    load: Load
    walks: list[Walk] = field(default_factory=list)
    seen: list[list[Any]] = field(default_factory=list)
    following: list[asyncio.Task[None]] = field(default_factory=list)
    writing: list[asyncio.Task[None]] = field(default_factory=list)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, token: str) -> None:
        """Log walks, each once however often it has to be sent."""
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            while not self.is_over.is_set():
                given = a_walk()
                while not (id := await log_walk(client, self.front.url, token, given)):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
                self.walks.append(Walk(id, datetime.now(UTC)))
                await asyncio.sleep(self.load.pace)

    async def follow(self, number: int, seen: list[Any]) -> None:
        """Connect, and follow from then on."""
        await asyncio.sleep(self.load.coming * number / self.load.cursors)
        token, about = self.crowd.tokens[number % len(self.crowd.tokens)], {"team": self.crowd.team}
        await follow(self.front, token, WALKS, about, seen, self.load.away)

    async def listening(self) -> None:
        """Wait until everybody follows."""
        await self._until(lambda: [number for number, seen in enumerate(self.seen) if not seen], "hear nothing")

    async def written(self, more: int) -> None:
        """Wait for so many more walks."""
        enough = len(self.walks) + more
        await self._until(lambda: max(0, enough - len(self.walks)), "walks are missing")

    async def end_writing(self) -> None:
        """Wait until all walks under way are saved."""
        self.is_over.set()
        await asyncio.wait_for(asyncio.gather(*self.writing), PATIENCE)

    async def _until(self, missing: Callable[[], object], what: str) -> None:
        """Wait until nothing is missing. No participant may have failed."""
        end = monotonic() + PATIENCE
        while lacks := missing():
            for task in (*self.following, *self.writing):
                if task.done():
                    task.result()
            assert monotonic() < end, f"{lacks} {what}"
            await asyncio.sleep(0.05)

    async def heard(self, region: Region) -> None:
        """Wait until every follower has the last walk in the log."""
        last = await last_walk(region)
        await self._until(
            lambda: [number for number, seen in enumerate(self.seen) if seen[-1]["sequence"] < last],
            f"have not heard of {last}",
        )


def a_walk() -> dict[str, Any]:
    """Return the variables of a walk that begins now, to be sent as often as need be."""
    at = datetime.now(UTC).isoformat()
    walk = {"distanceMeters": 1, "durationSeconds": 60, "startedAt": at, "allowDuplicate": True}
    return {"input": walk | {"idempotencyKey": f"walk-{uuid4().hex}"}}


async def log_walk(client: httpx.AsyncClient, url: str, token: str, variables: dict[str, Any]) -> str | None:
    """Log a walk; return its id, None where it has to be sent again."""
    with contextlib.suppress(httpx.HTTPError):
        headers = {"authorization": f"Bearer {token}"}
        response = await client.post(url, json={"query": LOG, "variables": variables}, headers=headers)
        answer = response.json()
        if "data" not in answer and "errors" not in answer:
            assert response.status_code in PASSING, response.text
            return None
        if "errors" not in answer:
            return str(answer["data"]["logActivity"]["activity"]["id"])
        codes = {error["extensions"]["code"] for error in answer["errors"]}
        assert codes <= {"UNAVAILABLE", "INTERNAL"}, codes
    return None


async def rows(region: Region, statement: str) -> list[Any]:
    """Return rows of a region's database."""
    connection = await asyncpg.connect(region.database.url())
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


async def last_walk(region: Region) -> int:
    """Return the last walk's sequence in its log."""
    return int((await rows(region, "SELECT max(sequence) FROM event WHERE kind = 'ACTIVITY_ADDED'"))[0][0])


async def saved(region: Region) -> set[str]:
    """Return the ids of the walks in a region, as clients know them."""
    return {f"activity_{row[0].hex}" for row in await rows(region, "SELECT id FROM activity")}


@asynccontextmanager
async def under_load(
    front: Front, crowd: Crowd, load: Load, leading: Coroutine[Any, Any, None] | None = None
) -> AsyncIterator[Drill]:
    """Let the team's people walk and be followed. `leading` keeps the front up to date, if anything has to."""
    drill = Drill(front, crowd, load, seen=[[] for _ in range(load.cursors)])
    lead = [asyncio.create_task(leading)] if leading else []
    drill.following = [asyncio.create_task(drill.follow(number, seen)) for number, seen in enumerate(drill.seen)]
    drill.writing = [asyncio.create_task(drill.write(token)) for token in crowd.tokens]
    try:
        yield drill
        assert [task for task in (*lead, *drill.following) if task.done()] == []
    finally:
        tasks = (*lead, *drill.following, *drill.writing)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def lose_and_give_back(drill: Drill, east: Region, west: Region) -> None:
    """Lose `east`, promote `west` by the runbook, and fail back."""
    await drill.listening()
    await drill.written(40)
    assert (east.is_ready(), west.is_ready()) == (True, False)
    await asyncio.to_thread(cut_off, west.database)
    known = await last_walk(west)
    await drill.written(20)  # which the other region will never receive
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
    async with dial(drill.front.socket_url, drill.crowd.tokens[0]) as connection:
        late = await connection.subscribe(WALKS, team=drill.crowd.team, after=ahead["cursor"])
        assert (await late.next())["delivery"] == "RESET", "it would miss what was saved in place of the lost"
    lost = await _judge_the_failover(drill, west, until)
    print(f"\nRPO {(lost_at - until).total_seconds():.1f} s: {lost} walks lost. RTO {rto:.1f} s.")
    await asyncio.to_thread(east.come_back, west)
    assert await _refuses(drill, east), "it follows"
    await _judge_the_failback(drill, east, west)


async def _judge_the_failover(drill: Drill, west: Region, until: datetime) -> int:
    """Check that the lost writes are no older than reported, and that all continue; return their number."""
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


async def _refuses(drill: Drill, region: Region) -> bool:
    """Return whether it refuses writes, with the right error."""
    if await asyncio.to_thread(region.is_ready):
        return False
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        return await log_walk(client, f"{region.origin}/graphql", drill.crowd.tokens[0], a_walk()) is None


async def _judge_the_failback(drill: Drill, east: Region, west: Region) -> None:
    """Check a planned failback: one is fenced and stopped cleanly, so the other has all walks, each once."""
    resets = [len(parts(seen)) for seen in drill.seen]
    there = await saved(west)
    before = monotonic()
    await asyncio.to_thread(west.fence)
    assert await _refuses(drill, west), "it is fenced"
    await asyncio.to_thread(west.database.stop)
    await asyncio.to_thread(failover, east, "--planned")
    await drill.written(1)
    print(f"Failback took {monotonic() - before:.1f} s, and nothing was lost.")
    await asyncio.to_thread(follow_from_now_on, west.database, east.database)
    await asyncio.to_thread(west.unfence)
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
    assert await _refuses(drill, west), "now it follows"


def parts(seen: list[Any]) -> list[list[int]]:
    """Return the sequences that a follower received, separated at each restart."""
    told: list[list[int]] = []
    for event in seen:
        if event["delivery"] in ("SNAPSHOT", "RESET"):
            told.append([])
        told[-1].append(event["sequence"])
    return told
