"""The gateway of a long-lived server: slow clients, limits, shutdown, and several processes as one."""

import asyncio
import gc
import json
import os
import socket as sockets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.typing import Subprotocol

from app.embedded.valkey import Valkey
from app.upgrades import Upgrade
from milequest.settings import Settings
from milequest.store.sql import log
from subscriptions import gateway
from subscriptions import sockets as sockets_of_a_server
from subscriptions.socket_operations import SocketOperation
from subscriptions.subscribers import Subscriber
from tests import servers
from tests.conftest import RUN_FOLDER, WORKER
from tests.documents import BOARD_LIVE as BOARD
from tests.documents import WALKS_LIVE as WALKS
from tests.eventually import eventually
from tests.listening import Connection, dial
from tests.service import Service, serving
from tests.subscriptions.results import values
from tests.subscriptions.team import Team, gather

FLOOD = 3_000
LONG = "x" * 500


@asynccontextmanager
async def deaf(service: Service, token: str) -> AsyncIterator[tuple[Connection, sockets.socket]]:
    """Open a client that subscribes and then reads no more than the kernel does for it, with a small buffer."""
    url = service.socket_url.removeprefix("ws://").split("/")[0]
    host, port = url.split(":")
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
    async with connect(
        service.socket_url,
        sock=raw,
        subprotocols=[Subprotocol("graphql-transport-ws")],
        max_queue=1,
        ping_interval=None,
    ) as socket:
        connection = Connection(socket)
        await connection.send(type="connection_init", payload={"Authorization": f"Bearer {token}"})
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        yield connection, raw
        socket.transport.abort()


async def flood(team: Team, walk: str, count: int) -> None:
    """Grow the team's log by so many changes of a walk."""
    statement = """
        WITH moved AS (UPDATE channel SET sequence = sequence + $2 WHERE id = $1 RETURNING sequence)
        INSERT INTO event (channel, sequence, kind, subject_id, occurred_at)
        SELECT $1, moved.sequence - $2 + n, 'ACTIVITY_CHANGED', $3::uuid, now()
        FROM moved, generate_series(1, $2::int) n"""
    await team.sql(statement, team.channel, count, walk.removeprefix("activity_"))


async def test_connection_that_reads_nothing_delays_no_other_and_leaves_the_hub(service: Service) -> None:
    team = await gather(service)
    async with deaf(service, team.ann) as (slow, _), dial(service.socket_url, team.ben) as quick:
        await slow.subscribe(WALKS, team=team.id)
        stream = await quick.subscribe(WALKS, team=team.id)
        await stream.next()
        walk = await team.walk(team.ben, notes=LONG)
        first: int = (await stream.next())["sequence"]
        for begins in range(first + 1, first + FLOOD, 100):  # the quick one is not to fall behind on a slow machine
            await flood(team, walk, 100)
            assert [(await stream.next())["sequence"] for _ in range(100)] == list(range(begins, begins + 100))
        assert len(service.hub) == 1


async def test_slowly_read_replay_arrives_whole_and_in_order(service: Service) -> None:
    team = await gather(service)
    async with dial(service.socket_url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        cursor = (await stream.next())["cursor"]
        await stream.stop()
    await flood(team, await team.walk(team.ben, notes=LONG), FLOOD)
    async with dial(service.socket_url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id, after=cursor)
        sequences = []
        for number in range(FLOOD + 1):
            sequences.append((await stream.next())["sequence"])
            if number % 500 == 0:
                await asyncio.sleep(0.1)
        assert sequences == list(range(sequences[0], sequences[0] + FLOOD + 1))


async def test_a_state_that_is_not_fetched_gives_way_to_the_newest(service: Service) -> None:
    team = await gather(service)
    async with deaf(service, team.ann) as (slow, _):
        await slow.subscribe(BOARD, team=team.id, period="ALL_TIME")
        await asyncio.sleep(0.3)
        for _ in range(5):
            await team.walk(team.ben, 100)
            await asyncio.sleep(0.3)
        assert len(service.hub) == 1
        reading = asyncio.create_task(slow.read())
        last = await slow._streams["op0"].until(lambda event: values(event) == [500])
        assert values(last) == [500]
        reading.cancel()


async def test_a_network_and_a_user_have_so_many_sockets(
    new_database: Callable[[], AbstractContextManager[str]], redis_url: str
) -> None:
    with new_database() as url:
        settings = Settings(
            database_url=url, redis_url=redis_url, sockets_per_network=3, sockets_per_user=2, embedded=True
        )
        with serving(settings) as service:
            token = await asyncio.to_thread(service.sign_up, "ann")
            async with dial(service.socket_url, token), dial(service.socket_url, token):
                async with dial(service.socket_url, None):
                    with pytest.raises(InvalidStatus) as refused:
                        async with dial(service.socket_url, None):
                            pass
                    assert refused.value.response.status_code == 429
                    assert refused.value.response.headers["retry-after"] == "10"
                with pytest.raises(ConnectionClosedError) as closed:
                    async with dial(service.socket_url, token):
                        pass
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 4429
            async with dial(service.socket_url, token):
                pass


@pytest.fixture
def nodes(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[tuple[Service, Service, Valkey]]:
    """Yield two processes' worth of service on one database and one Valkey of their own."""
    valkey = servers.start_valkey(Path(os.environ[RUN_FOLDER]), f"{WORKER}-nodes")
    with new_database() as url:
        settings = Settings(database_url=url, redis_url=valkey.url, embedded=True)
        with serving(settings) as one, serving(replace(settings)) as other:
            yield one, other, valkey
    valkey.stop()


async def test_two_nodes_are_as_one_and_losing_redis_only_delays(nodes: tuple[Service, Service, Valkey]) -> None:
    one, other, valkey = nodes
    team = await gather(one)
    async with dial(other.socket_url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        board = await connection.subscribe(BOARD, team=team.id, period="WEEK")
        await stream.next()
        await board.next()
        for count in (1, 2):
            walk = await team.walk(team.ben, 100)
            assert (await stream.next())["edge"]["node"]["id"] == walk
            assert values(await board.next()) == [100 * count]
            await asyncio.to_thread(valkey.stop)  # between the two, and for the second


async def test_a_node_that_goes_away_lets_its_clients_resume_elsewhere(
    nodes: tuple[Service, Service, Valkey], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, _ = nodes
    monkeypatch.setattr(gateway, "DRAIN_SECONDS", 0.2)
    team = await gather(other)
    connections: list[Any] = []
    async with dial(one.socket_url, team.ann) as first, dial(one.socket_url, team.ben) as second:
        connections = [first, second]
        streams = [await connection.subscribe(WALKS, team=team.id) for connection in connections]
        cursors = [(await stream.next())["cursor"] for stream in streams]
        await asyncio.to_thread(one.call, one.gateway.drain())
        assert [await connection.closed() for connection in connections] == [1012, 1012]
        with pytest.raises(InvalidStatus) as refused:
            async with dial(one.socket_url, team.ann):
                pass
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["retry-after"] == "1"
    walk = await team.walk(team.ben)
    async with dial(other.socket_url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id, after=cursors[0])
        event = await stream.next()
        assert (event["delivery"], event["edge"]["node"]["id"]) == ("REPLAY", walk)


async def epoch_is_read(service: Service) -> None:
    """Wait until the hub has seen the log's epoch."""
    epoch = await asyncio.to_thread(lambda: service.call(log.epoch(service.runtime.writer)))
    await asyncio.to_thread(eventually, lambda: service.hub._epoch == epoch)


async def test_an_epoch_that_was_raised_resets_everybody(service: Service) -> None:
    team = await gather(service)
    async with dial(service.socket_url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        await epoch_is_read(service)
        await team.sql("UPDATE log_epoch SET epoch = epoch + 1")
        event = await stream.next()
        assert (event["delivery"], event["snapshot"]["id"]) == ("RESET", team.id)
        walk = await team.walk(team.ben)
        assert (await stream.next())["edge"]["node"]["id"] == walk


async def test_subscriber_begun_in_a_new_epoch_is_not_reset_when_the_hub_sees_it(service: Service) -> None:
    team = await gather(service)
    async with dial(service.socket_url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        await epoch_is_read(service)
        await stream.stop()
        await team.sql("UPDATE log_epoch SET epoch = epoch + 1")
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        await epoch_is_read(service)
        await team.walk(team.ben)
        assert (await stream.next())["delivery"] == "LIVE"


async def test_replayed_events_are_not_sent_again_when_they_are_dispatched(service: Service) -> None:
    team = await gather(service)
    async with dial(service.socket_url, team.ann) as connection:
        early = await connection.subscribe(WALKS, team=team.id)
        cursor = (await early.next())["cursor"]
        for _ in range(5):
            walk = await team.walk(team.ben, 10)  # too short for a milestone, which would be an event too
            await flood(team, walk, 10)  # nothing wakes: the poll finds it, later than a new subscriber
            late = await connection.subscribe(WALKS, team=team.id, after=cursor)
            sequences = [(await late.next())["sequence"] for _ in range(11)]
            with suppress(TimeoutError):
                sequences.append((await asyncio.wait_for(late.next(), 0.5))["sequence"])
            assert sequences == list(range(sequences[0], sequences[0] + 11))
            cursor = [await early.next() for _ in range(11)][-1]["cursor"]
            await late.stop()


def remains() -> list[str]:
    """Return the objects of sockets, and their dependents, that exist."""
    kinds = (Upgrade, sockets_of_a_server.Socket, SocketOperation, Subscriber)
    return [type(one).__name__ for one in gc.get_objects() if isinstance(one, kinds)]


async def test_closed_connection_leaves_no_objects_in_memory(service: Service) -> None:
    team = await gather(service)
    await asyncio.to_thread(eventually, lambda: not len(service.gateway))  # of those that earlier tests cut off
    gc.collect()
    gc.disable()  # it scans the oldest generation once in a long while
    try:
        for _ in range(3):
            async with dial(service.socket_url, team.ann) as connection:
                await (await connection.subscribe(WALKS, team=team.id)).next()
                await (await connection.subscribe(BOARD, team=team.id, period="WEEK", metric="DISTANCE")).next()
                await connection.subscribe("subscription { nothing }")
        async with asyncio.timeout(10):
            while remains():  # noqa: ASYNC110  # the service is another loop's
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(remains()) from None
    finally:
        gc.enable()
