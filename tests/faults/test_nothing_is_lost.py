"""Sockets are cut, Redis and a node are killed, another stops: every client ends with exactly the log, in order.

`MQ_FAULTS_CUTS` says how many cuts; `make soak` takes many more.
"""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.embedded.valkey import Valkey
from milequest.settings import Settings
from tests import servers
from tests.conftest import RUN_FOLDER, WORKER
from tests.documents import BOARD_NOW as BOARD_QUERY
from tests.documents import WALKS_TO_RESUME as WALKS
from tests.faults.cluster import Balancer, Node, balancing, start_node
from tests.faults.following import PACE, follow
from tests.service import serving
from tests.subscriptions.team import LOG, Team, gather

CUTS = int(os.environ.get("MQ_FAULTS_CUTS", "200"))
FOLLOWERS = 4
MOST_WALKS = 110  # two people may log 60 an hour each
BOARD = """subscription ($team: ID!) { teamLeaderboardUpdated(teamId: $team, period: WEEK, metric: DISTANCE) {
    leaderboard { id version entries { nodes { value competitor { name } } totalCount } } } }"""


@pytest.fixture
def backends(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[tuple[str, Valkey]]:
    """Yield a database, and a Valkey to be killed."""
    valkey = servers.start_valkey(Path(os.environ[RUN_FOLDER]), f"{WORKER}-faults")
    with new_database() as url:
        yield url, valkey
    valkey.stop()


async def write(balancer: Balancer, team: Team, until: asyncio.Event) -> int:
    """Log walks, each once however often it has to be sent; return how many."""
    count = 0
    async with httpx.AsyncClient(timeout=5) as client:
        while not until.is_set() and count < MOST_WALKS:
            at = datetime.now(UTC).isoformat()  # earlier might be yesterday
            walk = {"distanceMeters": 1, "durationSeconds": 60, "startedAt": at, "allowDuplicate": True}
            body = {"query": LOG, "variables": {"input": walk | {"idempotencyKey": f"walk-{uuid4().hex}"}}}
            token = (team.ann, team.ben)[count % 2]
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    answer = await client.post(
                        balancer.url,
                        json=body,
                        headers={"authorization": f"Bearer {token}"},
                    )
                    codes = {error["extensions"]["code"] for error in answer.json().get("errors", ())}
                    if not codes:
                        break
                    assert codes <= {"UNAVAILABLE"}, codes  # as long as something is down
                await asyncio.sleep(0.02)
            count += 1
            await asyncio.sleep(0.1)
    return count


async def torment(
    balancer: Balancer, valkey: Valkey, renew: Callable[[], Node], tasks: Sequence[asyncio.Task[None]]
) -> None:
    """Cut connections, and at some moments do worse. No follower may fail."""
    while balancer.cuts < CUTS:
        for task in tasks:
            assert not task.done(), task.exception()
        balancer.cut()
        if balancer.cuts == CUTS // 4:
            await asyncio.to_thread(valkey.stop)
        if balancer.cuts == CUTS // 3:
            await asyncio.to_thread(balancer.nodes[0].end, signal.SIGKILL)
        if balancer.cuts == CUTS // 2:
            balancer.nodes[0] = await asyncio.to_thread(renew)
            await asyncio.to_thread(valkey.start)
        if balancer.cuts == 3 * CUTS // 4:
            await asyncio.to_thread(balancer.nodes[1].end, signal.SIGTERM)
            balancer.nodes[1] = await asyncio.to_thread(renew)
        await asyncio.sleep(random.uniform(0, 2 * PACE))


async def test_every_client_ends_with_exactly_the_log(backends: tuple[str, Valkey]) -> None:
    database_url, valkey = backends
    settings = Settings(database_url=database_url, redis_url=valkey.url, embedded=True)
    nodes = [start_node(database_url, valkey.url) for _ in range(2)]
    try:
        with serving(settings) as service:
            team = await gather(service)
            await team.sql("UPDATE app_user SET id = id")  # only a check that it answers
            async with balancing(nodes) as balancer:
                logs: list[list[Any]] = [[] for _ in range(FOLLOWERS)]
                boards: list[Any] = []
                about = {"team": team.id}
                tasks = [asyncio.create_task(follow(balancer, team.ann, WALKS, about, seen)) for seen in logs]
                tasks.append(asyncio.create_task(follow(balancer, team.ben, BOARD, about, boards)))
                enough = asyncio.Event()
                writing = asyncio.create_task(write(balancer, team, enough))
                await torment(balancer, valkey, lambda: start_node(database_url, valkey.url), tasks)
                enough.set()
                count = await asyncio.wait_for(writing, 30)
                await settled(team, logs, boards)
                for task in tasks:
                    assert not task.done(), task.exception()
                    task.cancel()
            rows = await team.rows("SELECT sequence FROM event WHERE kind = 'ACTIVITY_ADDED' ORDER BY sequence")
            assert len(rows) == count
            for seen in logs:
                told = [event["sequence"] for event in seen if event["delivery"] != "SNAPSHOT"]
                begins = seen[0]["sequence"]
                assert told == [row[0] for row in rows if row[0] > begins]
                assert [event["delivery"] for event in seen].count("SNAPSHOT") == 1
            asked = (await team.ask(team.ben, BOARD_QUERY, team=team.id))["team"]["leaderboard"]
            assert boards[-1]["leaderboard"] == asked
    finally:
        for node in nodes:
            node.process.kill()


async def settled(team: Team, logs: list[list[Any]], boards: list[Any]) -> None:
    """Wait until every follower has all events."""
    until = monotonic() + 40
    while True:
        last = (await team.rows("SELECT max(sequence) FROM event WHERE kind = 'ACTIVITY_ADDED'"))[0][0]
        asked = (await team.ask(team.ben, BOARD_QUERY, team=team.id))["team"]["leaderboard"]
        heard = [seen[-1]["sequence"] if seen else None for seen in logs]
        if heard == [last] * len(logs) and boards[-1]["leaderboard"] == asked:
            return
        assert monotonic() < until, (last, heard, asked, boards[-1])
        await asyncio.sleep(0.1)
