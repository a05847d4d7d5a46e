"""Sockets that accept nothing, functions that are killed, lost messages: every subscriber gets every event in order."""

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from milequest.store.aws.dynamodb import Key
from milequest.store.aws.sqs import Message
from milequest.store.sql import log
from subscriptions.apigateway import outbound
from subscriptions.apigateway.groups import Group
from subscriptions.apigateway.log_groups import LogStep
from subscriptions.apigateway.outbound import parse_outbound
from subscriptions.apigateway.sender import Sender
from subscriptions.apigateway.table_rows import OperationKey
from subscriptions.protocols.protocol_steps import Result
from subscriptions.subscribers import Subscriber
from tests.documents import BOARD_LIVE as BOARD
from tests.documents import WALKS_LIVE as WALKS
from tests.listening import dial
from tests.subscriptions.apigateway.hearing import heard, walked
from tests.subscriptions.gateway_of_aws import Gateway
from tests.subscriptions.results import values
from tests.subscriptions.team import Team


@pytest.fixture(autouse=True)
def _calm(gate: Gateway) -> Iterator[None]:
    """End the faults with the test."""
    yield
    gate.api.trouble = lambda connection, text: None
    gate.rounds = True


async def test_a_connection_that_is_gone_is_forgotten_and_delays_nobody(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as first, dial(gate.api.url, team.ben) as second:
        await (await first.subscribe(WALKS, team=team.id)).next()
        gone = gate.api.posted[-1][0]
        stays = await second.subscribe(WALKS, team=team.id)
        await stays.next()
        gate.api.trouble = lambda connection, text: 410 if connection == gone else None
        walk = await team.walk(team.ben)
        assert (await stays.next())["edge"]["node"]["id"] == walk
        await gate.until(lambda rows: all(gone not in row["sk"] for row in rows), "CONNECTIONS", "LISTENERS")


@pytest.mark.parametrize("status", [429, 503])
async def test_in_a_storm_of_refusals_nothing_is_lost(gate: Gateway, team: Team, status: int) -> None:
    dice = random.Random(status)
    async with dial(gate.api.url, team.ann) as first, dial(gate.api.url, team.ben) as second:
        streams = [await one.subscribe(WALKS, team=team.id) for one in (first, second) for _ in range(3)]
        for stream in streams:
            await stream.next()
        gate.api.trouble = lambda connection, text: status if "next" in text and dice.random() < 0.7 else None
        sequences = await walked(team, 4)
        await asyncio.sleep(2)  # the storm lasts: longer than one message is tried
        gate.api.trouble = lambda connection, text: None
        sequences = await walked(team, 1)
        for stream in streams:
            await heard(stream, sequences)


async def test_throttled_connection_delays_no_other_and_is_caught_up_later(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as slow, dial(gate.api.url, team.ben) as quick:
        behind = await slow.subscribe(WALKS, team=team.id)
        board = await slow.subscribe(BOARD, team=team.id, period="WEEK")
        await behind.next()
        await board.next()
        busy = gate.api.posted[-1][0]
        streams = [await quick.subscribe(WALKS, team=team.id) for _ in range(3)]
        for stream in streams:
            await stream.next()
        gate.api.trouble = lambda connection, text: 429 if connection == busy else None
        sequences = await walked(team, 2)
        async with asyncio.timeout(30):
            for stream in streams:
                await heard(stream, sequences)
        assert behind.messages.empty()
        gate.api.trouble = lambda connection, text: None
        await heard(behind, sequences)
        assert values(await board.until(lambda event: sum(values(event)) == 40)) == [20, 20]


async def test_subscriber_whose_snapshot_could_not_be_posted_gets_a_reset(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        gate.api.trouble = lambda connection, text: 429 if "SNAPSHOT" in text else None
        stream = await connection.subscribe(WALKS, team=team.id)
        event = await stream.next()
        assert (event["delivery"], event["snapshot"]["memberCount"]) == ("RESET", 2)
        walk = await team.walk(team.ben)
        assert (await stream.next())["edge"]["node"]["id"] == walk


class Killed(RuntimeError):
    """The function was killed."""


def once(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, after: bool = False) -> list[str]:
    """Have a function killed when it first calls `name`, before it or right after; return what was killed."""
    killed: list[str] = []
    real = getattr(owner, name)

    async def dying(*args: Any, **kwargs: Any) -> Any:
        result = await real(*args, **kwargs) if after or killed else None
        if not killed:
            killed.append(name)
            raise Killed(name)
        return result

    monkeypatch.setattr(owner, name, dying)
    return killed


@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [
        (log, "mark_relayed", False),  # the relay, between sending and recording that
        (log, "ahead", True),  # the relay, before sending
        (LogStep, "_move_position", False),  # the planner, between sending and recording that
        (LogStep, "_dispatch", False),
        (Sender, "_to_one", True),  # the poster, between a post and the next one
    ],
)
async def test_a_function_that_is_killed_loses_nothing(
    gate: Gateway, team: Team, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, after: bool
) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        streams = [await connection.subscribe(WALKS, team=team.id) for _ in range(2)]
        for stream in streams:
            await stream.next()
        gate.rounds = False
        killed = once(monkeypatch, owner, name, after=after)
        sequences = await walked(team, 3)
        for stream in streams:
            await heard(stream, sequences)
        async with asyncio.timeout(30):  # a sweep that ran already may have been faster than the first function
            while not killed:  # noqa: ASYNC110  # the fault is recorded by a function of its own
                await asyncio.sleep(0.05)


async def test_lost_commit_notification_is_found(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        bus = team.service.runtime.bus
        queue, bus.commit_queue = bus.commit_queue, None
        try:
            sequences = await walked(team, 1)
        finally:
            bus.commit_queue = queue
        await heard(stream, sequences)


async def test_a_log_that_was_put_back_is_begun_afresh(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        await gate.until(bool, "EPOCH")  # a sweep knows it
        await team.sql("UPDATE log_epoch SET epoch = epoch + 1")
        assert (await stream.next())["delivery"] == "RESET"
        walk = await team.walk(team.ben)
        assert (await stream.next())["edge"]["node"]["id"] == walk


async def test_state_is_sent_once_a_second_at_most(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(BOARD, team=team.id, period="WEEK")
        await stream.next()
        start = asyncio.get_running_loop().time()
        for _ in range(10):
            await team.walk(team.ben, 10)
            await asyncio.sleep(0.15)
        seconds = asyncio.get_running_loop().time() - start
        count = 1
        while values(await stream.next()) != [100]:
            count += 1
        assert count <= seconds + 2


async def test_a_result_that_is_too_large_ends_its_operation(
    gate: Gateway, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        other = await connection.subscribe(
            "subscription ($team: ID!) { teamActivityChanged(teamId: $team) { sequence } }", team=team.id
        )
        await stream.next()
        await other.next()
        monkeypatch.setattr(outbound, "MAX_CLIENT_MESSAGE_BYTES", outbound.AROUND + 200)
        await team.walk(team.ben, notes="long")
        assert await stream.failure() == ["QUERY_TOO_COMPLEX"]
        await other.next()
        assert len(await gate.of_kind("LISTENERS")) == 1


@pytest.mark.parametrize(("letter", "fits"), [("a", True), ("ä", False)])
def test_result_size_is_measured_in_bytes(letter: str, fits: bool) -> None:
    said = outbound.OutboundMessages("log:x")
    sink = outbound.GroupSink(said, OperationKey("c=", "1", "s", "transport"))
    sink.deliver([Result(f'"{letter * 100_000}"')], newest=True)
    (message,) = said.take_all()
    ((_, (post,)),) = [outbound.parse_outbound(message.body)]
    assert (post.kind is outbound.Kind.NEXT) is fits
    assert sink.is_over is not fits


async def test_events_after_a_restore_are_sent_though_the_log_has_its_old_length(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        await gate.until(bool, "EPOCH")  # a sweep knows it
        await team.walk(team.ben)
        lost = (await stream.next())["sequence"]
        await team.sql("UPDATE log_epoch SET epoch = epoch + 1")
        await team.sql("DELETE FROM event WHERE channel = $1 AND sequence = $2", team.channel, lost)
        await team.sql("UPDATE channel SET sequence = $2, relayed = $2 WHERE id = $1", team.channel, lost - 1)
        event = await stream.next()
        assert (event["delivery"], event["sequence"]) == ("RESET", lost - 1)
        ((epoch,),) = await team.rows("SELECT epoch FROM log_epoch")
        await gate.until(lambda rows: any(row.get("epoch") == str(epoch) for row in rows), "POSITION#")
        walk = await team.walk(team.ben)
        event = await stream.next()
        assert (event["sequence"], event["edge"]["node"]["id"]) == (lost, walk)


async def test_a_replay_ends_where_the_log_did_when_the_policy_was_asked(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ben) as connection:
        cursor = (await (await connection.subscribe(WALKS, team=team.id)).next())["cursor"]
        (key,) = [Key(row["pk"], row["sk"]) for row in await gate.of_kind("LISTENERS") if team.channel in row["group"]]
        row = await gate.run(gate.deps.table.get(key))
    assert row is not None
    missed = await walked(team, 1)

    async def replay() -> tuple[list[Message], Subscriber]:
        group = Group(gate.deps, row["group"])
        subscriber = await group.subscriber(row)
        assert subscriber is not None
        end = await log.end(team.service.runtime.writer, team.channel, datetime.now(UTC))
        assert await group.admitted([subscriber]) == [subscriber]
        await team.walk(team.ann)
        await LogStep(gate.deps, group)._catch_up([subscriber], cursor, end)
        return group.outbound.take_all(), subscriber

    messages, subscriber = await asyncio.to_thread(lambda: team.service.call(replay()))
    told = [orjson.loads(post.text) for message in messages for post in parse_outbound(message.body)[1]]
    assert [event["data"]["teamActivityChanged"]["sequence"] for event in told] == missed
    assert subscriber.sequence == missed[-1]
