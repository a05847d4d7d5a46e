"""Behaviour of AWS that a local one lacks: repeated or reordered events, throttling. And long ids."""

import asyncio
import itertools
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import connect

from milequest.rules.instants import milliseconds
from milequest.store.aws.dynamodb import Key, Table
from milequest.store.aws.retries import AwsError
from milequest.store.aws.sqs import Message, Queue
from subscriptions.apigateway import relay, sender
from subscriptions.apigateway.fanout import fan_out
from subscriptions.apigateway.group_messages import wake_up
from subscriptions.apigateway.state_groups import LOST_MS
from subscriptions.quotas import MAX_ID_BYTES
from tests.documents import PROGRESS_LIVE as PROGRESS
from tests.documents import WALKS_LIVE as WALKS
from tests.listening import PATIENCE, Ended, Stream, dial
from tests.sockets import PROTOCOL, Socket
from tests.subscriptions.apigateway.hearing import heard, next_are, walked
from tests.subscriptions.gateway_of_aws import Gateway
from tests.subscriptions.team import Team


@pytest.fixture(autouse=True)
def _calm(gate: Gateway) -> Iterator[None]:
    """Turn off sweeps, which repair losses: here there must be none."""
    gate.rounds = False
    yield
    gate.rounds = True
    gate.api.trouble = lambda connection, text: None


def records(bodies: Sequence[Message]) -> dict[str, Any]:
    """Return SQS's event of some messages."""
    listed = [
        {"messageId": str(number), "body": one.body, "attributes": {"MessageGroupId": one.group} if one.group else {}}
        for number, one in enumerate(bodies)
    ]
    return {"Records": listed}


@pytest.fixture
def twice(gate: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliver every message of queues twice, as is possible, and those without a group in any order."""
    dice, send = random.Random(7), Queue.send

    async def again(self: Queue, messages: Sequence[Message]) -> None:
        numbers = itertools.count()
        copies = [
            Message(one.body, one.group, f"{one.id}{next(numbers)}" if one.group else "", one.after)
            for one in messages
            for _ in range(2)
        ]
        if not any(one.group for one in copies):
            dice.shuffle(copies)
        await send(self, copies)

    monkeypatch.setattr(Queue, "send", again)


@pytest.mark.usefixtures("twice")
async def test_duplicates_what_comes_twice_is_told_in_order_and_with_its_sequence(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        streams = [await connection.subscribe(WALKS, team=team.id) for _ in range(2)]
        for stream in streams:
            await stream.next()
        expected = await walked(team, 3)
        for stream in streams:
            await heard(stream, expected)


async def test_reordered_kicks_say_only_how_far_a_log_reaches(gate: Gateway, team: Team) -> None:
    """An old notification after a newer one, or a much later repetition, wakes no group and delivers nothing twice."""
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        expected = await walked(team, 2)
        last = expected[-1]
        kicks = [Message(orjson.dumps({team.channel: sequence}).decode()) for sequence in range(last, 0, -1)]
        assert await gate.run(relay.on_commit_notifications(gate.deps, records(kicks * 2))) == {"batchItemFailures": []}
        await heard(stream, expected)
        await next_are(stream, (await walked(team, 1))[-2:])


async def test_redelivered_step_after_a_later_one_sends_nothing_twice(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        await heard(stream, await walked(team, 1))
        (group,) = {row["group"] for row in await gate.of_kind("OPERATIONS")}
        old = Message(orjson.dumps({"group": group, "wake": team.channel}).decode(), group, "old")
        for _ in range(3):
            assert await gate.run(fan_out(gate.deps, records([old]))) == {"batchItemFailures": []}
        await next_are(stream, (await walked(team, 1))[-2:])


@pytest.mark.parametrize("name", ["get", "put", "query"])
async def test_throttling_by_dynamodb_only_delays(
    gate: Gateway, team: Team, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """However often the table throttles: messages are retried until it doesn't."""
    async with dial(gate.api.url, team.ann) as connection:
        stream: Stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        real, left = getattr(Table, name), [3]

        def throttled() -> None:
            if left[0]:
                left[0] -= 1
                raise AwsError(400, "ProvisionedThroughputExceededException", {})

        async def call(*given: Any, **named: Any) -> Any:
            throttled()
            return await real(*given, **named)

        async def rows(*given: Any, **named: Any) -> Any:
            throttled()
            async for row in real(*given, **named):
                yield row

        monkeypatch.setattr(Table, name, rows if name == "query" else call)
        await heard(stream, await walked(team, 2))
        assert left[0] < 3


async def test_failed_messages_of_a_batch_are_returned_alone(gate: Gateway, team: Team) -> None:
    """A group whose work fails is named, with all its messages; the others of the batch succeed."""
    bad = [Message("{}", "bad", "1"), Message("{}", "bad", "2")]
    good = Message(orjson.dumps({"group": f"log:{team.channel}#0", "wake": team.channel}).decode(), "good", "3")
    answer = await gate.run(fan_out(gate.deps, records([bad[0], good, bad[1]])))
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["0", "2"]
    answer = await gate.run(sender.send(gate.deps, records([Message("log:x", "bad", "1")])))
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["0"]


async def test_params_in_which_no_token_is_found_are_acknowledged_with_a_notice(gate: Gateway, team: Team) -> None:
    async with connect(gate.api.url, subprotocols=PROTOCOL) as connection:
        ours = Socket(connection)
        await ours.send(type="connection_init", payload={"auth": team.ann})
        assert "nobody is signed in" in (await ours.receive())["payload"]["notice"]


@pytest.mark.parametrize(
    ("id", "is_good"),
    [("i" * MAX_ID_BYTES, True), ("i" * (MAX_ID_BYTES + 1), False), ("ä" * MAX_ID_BYTES, False), ("\x01" * 60, False)],
)
async def test_an_id_that_would_make_a_message_of_the_queue_too_large_is_refused(
    gate: Gateway, team: Team, id: str, is_good: bool
) -> None:
    async with connect(gate.api.url, subprotocols=PROTOCOL) as connection:
        ours = Socket(connection)
        await ours.send(type="connection_init", payload={"Authorization": team.ann})
        assert await ours.receive() == {"type": "connection_ack"}
        await ours.send(type="subscribe", id=id, payload={"query": WALKS, "variables": {"team": team.id}})
        async with asyncio.timeout(10):
            answer = await ours.receive()
        if is_good:
            assert (answer["id"], answer["type"]) == (id, "next")
        else:
            assert answer["payload"]["closing"]["code"] == 4400


async def test_connection_whose_acknowledgement_cannot_be_posted_is_closed(gate: Gateway, team: Team) -> None:
    gate.api.trouble = lambda connection, text: 500 if "connection_ack" in text else None
    with pytest.raises(Ended, match="Try again later"):
        async with asyncio.timeout(20), dial(gate.api.url, team.ann):
            pass


async def test_delayed_wake_up_of_an_emptied_group_delays_no_new_subscriber(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(PROGRESS, team=team.id)
        await stream.next()
        await team.walk(team.ben, 100)
        assert (await stream.next())["progress"]["totalMeters"] == 100
        kept = await _position(gate, team)
        later = milliseconds(datetime.now(UTC)) + 60_000
        await gate.run(gate.deps.table.update(Key(kept["pk"], kept["sk"]), "SET #put_off = :later", later=later))
    group = kept["pk"].removeprefix("POSITION#")
    async with asyncio.timeout(PATIENCE):
        while await gate.of_kind(f"INTEREST#{team.channel}"):  # which the first step without subscribers removes
            look = wake_up(group, team.channel)  # a new one each time: a queue delivers one and the same only once
            await gate.run(gate.deps.group_queue.send([look]))
            await asyncio.sleep(0.5)
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(PROGRESS, team=team.id)
        assert (await stream.next())["progress"]["totalMeters"] == 100
        await team.walk(team.ben, 100)
        assert (await stream.next())["progress"]["totalMeters"] == 200


async def test_delayed_wake_up_is_handled_by_a_function_whose_clock_is_behind(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(PROGRESS, team=team.id)
        await stream.next()
        await team.walk(team.ben, 100)
        assert (await stream.next())["progress"]["totalMeters"] == 100
        kept = await _position(gate, team)
        ahead = milliseconds(datetime.now(UTC)) + 5000
        await gate.run(gate.deps.table.update(Key(kept["pk"], kept["sk"]), "SET #looked = :ahead", ahead=ahead))
        await team.walk(team.ben, 100)
        async with asyncio.timeout(8):
            assert (await stream.next())["progress"]["totalMeters"] == 200


async def test_lost_delayed_wake_up_delays_no_subscriber(gate: Gateway, team: Team) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(PROGRESS, team=team.id)
        await stream.next()
        await team.walk(team.ben, 100)
        assert (await stream.next())["progress"]["totalMeters"] == 100
        kept = await _position(gate, team)
        now, change = milliseconds(datetime.now(UTC)), "SET #looked = :now, #put_off = :lost"
        await gate.run(
            gate.deps.table.update(Key(kept["pk"], kept["sk"]), change, now=now + 2000, lost=now - LOST_MS - 1)
        )
        await team.walk(team.ben, 100)
        async with asyncio.timeout(8):
            assert (await stream.next())["progress"]["totalMeters"] == 200


async def _position(gate: Gateway, team: Team) -> dict[str, Any]:
    """Return the row of the group that follows the team's progress."""
    (kept,) = [row for row in await gate.of_kind("POSITION#state:progress") if team.channel[5:] in _hex(row["pk"])]
    return kept


def _hex(key: str) -> str:
    return key.replace("-", "")
