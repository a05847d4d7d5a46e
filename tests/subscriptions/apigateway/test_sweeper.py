"""The sweep of every minute: silent sockets are kept, old ones warned, those without a handshake closed."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from websockets.asyncio.client import connect

from app.aws import live
from milequest.jobs.primary_region import PrimaryRegionGuard
from milequest.store.aws.socket_api import Outcome
from milequest.store.sql import audience
from milequest.store.sql.transaction import open_pool
from subscriptions.apigateway import sweeper, table_rows, transport
from subscriptions.apigateway.sweeper import Timeouts
from tests.databases import following
from tests.documents import WALKS_LIVE as WALKS
from tests.listening import dial
from tests.sockets import PROTOCOL, Socket
from tests.subscriptions.gateway_of_aws import Gateway
from tests.subscriptions.team import Team

NOW = timedelta(0)


@pytest.fixture(autouse=True)
def _usual(gate: Gateway) -> Iterator[None]:
    """Restore the usual pace for the next test."""
    yield
    gate.usual_pace()
    gate.api.trouble = lambda connection, text: None


async def received(gate: Gateway, token: str, count: int) -> list[dict[str, object]]:
    """Return the messages to an acknowledged socket without operations."""
    async with connect(gate.api.url, subprotocols=PROTOCOL) as connection:
        ours = Socket(connection)
        await ours.send(type="connection_init", payload={"Authorization": token})
        assert await ours.receive() == {"type": "connection_ack"}
        return [await ours.receive() for _ in range(count)]


async def test_a_silent_socket_is_kept_alive(gate: Gateway, team: Team) -> None:
    gate.timeouts = Timeouts(idle=NOW)
    assert await received(gate, team.ann, 2) == [{"type": "ping"}] * 2


async def test_sockets_of_a_bucket_do_not_wait_for_each_other(
    gate: Gateway, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message takes some milliseconds, and a minute has too few of them for one after another."""
    running, most, say = 0, 0, transport.send_with_retry

    async def slow(*given: Any) -> Outcome:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0.1)
        running -= 1
        return await say(*given)

    async with AsyncExitStack() as stack:
        while len({table_rows.bucket(one) for one in gate.api.connections}) == len(gate.api.connections):
            await stack.enter_async_context(dial(gate.api.url, team.ann))  # the 33rd shares a bucket at the latest
        gate.timeouts = Timeouts(idle=NOW)
        monkeypatch.setattr(sweeper, "send_with_retry", slow)
        async with asyncio.timeout(15):
            while most < 2:  # noqa: ASYNC110  # it is a round's work
                await asyncio.sleep(0.1)


async def test_a_socket_is_warned_once_before_its_end(gate: Gateway, team: Team) -> None:
    gate.timeouts = Timeouts(idle=timedelta(seconds=1), lifetime=NOW)
    warning, *pings = await received(gate, team.ann, 3)
    assert json.dumps(warning).startswith('{"type": "ping", "payload": {"closing": {"code": 1001')
    assert pings == [{"type": "ping"}] * 2


async def test_connection_without_a_connection_init_is_closed_with_4408(gate: Gateway) -> None:
    gate.timeouts = Timeouts(init=NOW)
    async with connect(gate.api.url, subprotocols=PROTOCOL) as connection:
        ours = Socket(connection)
        assert (await ours.receive())["payload"]["closing"]["code"] == 4408
        assert (await ours.closed())[0] == 1000


async def test_sockets_of_a_region_that_stands_by_are_ended(
    gate: Gateway, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would get no events, while a client's pings would be answered."""
    monkeypatch.setattr(live, "guard", PrimaryRegionGuard())

    async def two_sweeps() -> None:
        runtime = gate.deps.runtime
        async with await open_pool(following(runtime.settings.database_url), 1) as follower:
            deps = replace(gate.deps, runtime=replace(runtime, writer=follower))
            for _ in range(2):
                await live._sweep(deps)

    async with connect(gate.api.url, subprotocols=PROTOCOL) as connection:
        ours = Socket(connection)
        await ours.send(type="connection_init", payload={"Authorization": team.ann})
        assert await ours.receive() == {"type": "connection_ack"}
        await gate.run(two_sweeps())
        assert (await ours.receive())["payload"]["closing"]["code"] == 1001
        assert (await ours.closed())[0] == 1000
    await gate.nothing_left()


async def test_a_socket_that_is_gone_without_a_word_is_forgotten(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        gate.api.trouble = lambda connection, text: 410
        gate.timeouts = Timeouts(idle=NOW)
        try:
            await gate.nothing_left()
        finally:
            gate.api.trouble = lambda connection, text: None


async def test_groups_without_subscribers_are_not_woken(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
    assert await gate.of_kind(f"INTEREST#{team.channel}")
    async with asyncio.timeout(30):
        while await gate.of_kind(f"INTEREST#{team.channel}"):
            await team.walk(team.ben, 10)


async def test_sweeper_asks_about_closed_accounts_by_bucket_not_one_by_one(
    gate: Gateway, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    ended = audience.ended

    async def counting(*given: object) -> object:
        calls.append(given)
        return await ended(*given)  # type: ignore[arg-type]

    async with dial(gate.api.url, team.ann) as first, dial(gate.api.url, team.ben) as second:
        streams = [await one.subscribe(WALKS, team=team.id) for one in (first, second) for _ in range(5)]
        for stream in streams:
            await stream.next()
        monkeypatch.setattr(gate, "rounds", False)
        await gate.run(gate.between_rounds())
        monkeypatch.setattr(audience, "ended", counting)
        await gate.run(sweeper.sweep(gate.deps, datetime.now(UTC), Timeouts()))
        assert 1 <= len(calls) <= 2, "once for each bucket that has a connection"


async def test_sweep_in_the_midst_of_a_close_leaves_its_notice_the_time_to_arrive(
    gate: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "rounds", False)
    await gate.run(gate.between_rounds())
    say = transport.send_with_retry

    async def after_a_sweep(*given: Any) -> Outcome:
        await sweeper.sweep(gate.deps, datetime.now(UTC), Timeouts())
        return await say(*given)

    monkeypatch.setattr(transport, "send_with_retry", after_a_sweep)
    async with connect(gate.api.url, subprotocols=PROTOCOL) as connection:
        ours = Socket(connection)
        await connection.send("null")
        assert (await ours.receive())["payload"]["closing"]["code"] == 4400
        assert (await ours.closed())[0] == 1000


async def test_a_connection_that_could_not_be_closed_is_closed_by_a_later_round(gate: Gateway) -> None:
    tries = 0

    def never_closes(connection: str, text: str) -> int | None:
        nonlocal tries
        tries += not text
        return None if text else 500

    gate.api.trouble = never_closes
    async with connect(gate.api.url, subprotocols=PROTOCOL) as connection:
        await connection.send("{")
        ours = Socket(connection)
        assert (await ours.receive())["payload"]["closing"]["code"] == 4400
        async with asyncio.timeout(30):
            while tries <= transport.ATTEMPTS:  # noqa: ASYNC110  # those of the message, and a round's, on another loop
                await asyncio.sleep(0.05)
        gate.api.trouble = lambda connection, text: None
        assert await ours.closed() == (1000, "")
