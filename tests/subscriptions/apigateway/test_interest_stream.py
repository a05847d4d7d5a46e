"""The table's stream, in the events that AWS documents, recorded in a real Valkey: topics and their subscribers."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milequest.settings import Settings
from milequest.store.aws.dynamodb import Key
from milequest.store.cache.interest import MOST_AT_ONCE, MOST_LISTENED_TO, Counts, Interest
from milequest.store.cache.valkey_client import Valkey, connect
from subscriptions.apigateway import table_rows
from subscriptions.apigateway.interest_stream import follow

NOW = datetime.now(UTC).replace(microsecond=0)  # sweeps of other tests' gateways remove expired ones
EXPIRES = table_rows.expiry(NOW)
TTL = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}  # the deleter of expired rows
ALPS, ANDES = "team:0198c0de", "team:0198c0df"
BOARD = table_rows.group_of_state(("board", "0198c0de", "WEEK", "DISTANCE"))
NOBODY = Counts({}, 0, {})
Record = dict[str, Any]


@pytest.fixture
async def valkey(redis_url: str) -> AsyncIterator[Valkey]:
    async with aclosing(connect(Settings(redis_url=redis_url))) as client:
        yield client


@pytest.fixture
def interest(valkey: Valkey) -> Interest:
    return Interest(valkey)


class Stream:
    """Writes records as DynamoDB does."""

    def __init__(self) -> None:
        self._number = 111

    def record(self, name: str, key: Key, expires: int = EXPIRES, **more: Any) -> Record:
        """Return one change of a row."""
        self._number += 1
        keys = {"pk": {"S": key.pk}, "sk": {"S": key.sk}}
        image = {**keys, "expires": {"N": str(expires)}, "user": {"S": "0198c0e0"}}
        images = {"INSERT": ["NewImage"], "MODIFY": ["NewImage", "OldImage"], "REMOVE": ["OldImage"]}[name]
        return {
            "eventID": f"{self._number:032x}",
            "eventName": name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_764_417_600,
                "Keys": keys,
                **dict.fromkeys(images, image),
                "SequenceNumber": f"{self._number}00000000000000000000",
                "SizeBytes": 59,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:111111111111:table/live/stream/2026-11-29T00:00:00.000",
            **more,
        }

    def comes(self, key: Key, expires: int = EXPIRES) -> Record:
        """Return the insertion of a row."""
        return self.record("INSERT", key, expires)

    def goes(self, key: Key) -> Record:
        """Return the deletion of a row."""
        return self.record("REMOVE", key)


def log_of(channel: str, connection: str, id: str = "1") -> Key:
    """Return the key of a subscriber of a log."""
    return table_rows.listener_key(table_rows.group_of_log(channel, connection), connection, id)


async def told(interest: Interest, *records: Record) -> list[str]:
    """Deliver a batch; return the numbers of the records to be retried."""
    answer = await follow(interest, {"Records": records})
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


async def test_subscribers_are_counted_by_kind_and_topic_until_they_go(interest: Interest) -> None:
    ann, ben, stream = table_rows.connection_key("ann="), table_rows.connection_key("ben="), Stream()
    alps = [log_of(ALPS, "ann="), log_of(ALPS, "ben=")]
    assert alps[0].pk != alps[1].pk, "they lie in two shards"
    others = [log_of(ANDES, "ann=", "2"), table_rows.listener_key(BOARD, "ann=", "an id of # three | words")]
    assert await told(interest, *(stream.comes(key) for key in (ann, ben, *alps, *others))) == []
    kinds = {"connection": 2, "log": 3, "board": 1}
    topics = {ALPS: 2, ANDES: 1, "board|0198c0de|WEEK|DISTANCE": 1}
    assert await interest.counts(NOW) == Counts(kinds, 3, topics)
    await told(interest, *(stream.goes(key) for key in (*others, alps[0], ann)))
    assert await interest.counts(NOW) == Counts({"connection": 1, "log": 1}, 1, {ALPS: 1})
    await told(interest, *(stream.record("REMOVE", key, userIdentity=TTL) for key in (alps[1], ben)))
    assert await interest.counts(NOW) == NOBODY


async def test_interest_record_delivered_twice_counts_once(interest: Interest) -> None:
    stream = Stream()
    batch = [stream.comes(table_rows.connection_key("ann=")), stream.comes(log_of(ALPS, "ann="))]
    for _ in range(3):
        await told(interest, *batch)
    assert await interest.counts(NOW) == Counts({"connection": 1, "log": 1}, 1, {ALPS: 1})
    gone = [stream.goes(log_of(ALPS, "ann=")), stream.goes(table_rows.connection_key("ann="))]
    for some in (gone, gone, [*batch, *gone], gone):
        await told(interest, *some)
    assert await interest.counts(NOW) == NOBODY


async def test_last_record_about_a_row_in_a_batch_counts(interest: Interest) -> None:
    stream, key = Stream(), log_of(ALPS, "ann=")
    await told(interest, stream.comes(key), stream.record("MODIFY", key), stream.goes(key), stream.comes(key))
    assert (await interest.counts(NOW)).most == {ALPS: 1}
    await told(interest, stream.goes(key), stream.comes(key), stream.goes(key))
    assert await interest.counts(NOW) == NOBODY


async def test_removal_of_an_unknown_subscriber_changes_no_count(interest: Interest) -> None:
    stream = Stream()
    await told(interest, stream.goes(log_of(ALPS, "ann=")), stream.comes(log_of(ALPS, "ben=")))
    assert (await interest.counts(NOW)).most == {ALPS: 1}


async def test_rows_other_than_connections_and_subscribers_are_not_counted(interest: Interest) -> None:
    stream = Stream()
    group = table_rows.group_of_log(ALPS, "ann=")
    keys = (table_rows.operation_key("ann=", "1"), table_rows.interest_key(ALPS, group), table_rows.position_key(group))
    assert await told(interest, *(stream.comes(key) for key in (*keys, table_rows.lagging_key("ann=", "1")))) == []
    assert await interest.counts(NOW) == NOBODY


async def test_subscriber_without_a_removal_record_is_counted_until_its_row_expires(interest: Interest) -> None:
    stream = Stream()
    await told(interest, *(stream.comes(table_rows.connection_key(f"{number}=")) for number in range(MOST_AT_ONCE + 1)))
    await told(interest, stream.comes(log_of(ALPS, "1=")), stream.comes(log_of(ANDES, "2="), EXPIRES + 1))
    last = NOW + timedelta(seconds=table_rows.LIFE + table_rows.MARGIN - 1)
    assert await interest.counts(last) == Counts({"connection": MOST_AT_ONCE + 1, "log": 2}, 2, {ALPS: 1, ANDES: 1})
    assert await interest.counts(last + timedelta(seconds=1)) == Counts({"log": 1}, 1, {ANDES: 1})
    await told(interest, stream.goes(log_of(ALPS, "1=")))  # delivered all the same, hours later
    assert (await interest.counts(NOW)).kinds == {"log": 1}


async def test_topics_with_most_subscribers_come_first(interest: Interest) -> None:
    stream = Stream()
    for number in range(1, MOST_LISTENED_TO + 3):
        await told(interest, *(stream.comes(log_of(f"team:{number}", f"{one}=")) for one in range(number)))
    found = await interest.counts(NOW)
    assert found.topics == MOST_LISTENED_TO + 2
    assert list(found.most.items()) == [(f"team:{number}", number) for number in range(MOST_LISTENED_TO + 2, 2, -1)]


async def test_invalid_stream_record_is_redelivered_with_all_after_it(interest: Interest) -> None:
    stream = Stream()
    odd = stream.comes(log_of(ALPS, "ann="))
    del odd["dynamodb"]["NewImage"]["expires"]
    batch = [stream.comes(log_of(ALPS, "ben=")), odd, stream.comes(log_of(ANDES, "cia="))]
    assert await told(interest, *batch) == [odd["dynamodb"]["SequenceNumber"]]
    assert (await interest.counts(NOW)).most == {ALPS: 1}, "what stands before it is noted"


async def test_interest_batch_that_valkey_refused_is_returned_for_another_try(
    interest: Interest, valkey: Valkey
) -> None:
    stream = Stream()
    batch = [stream.comes(table_rows.connection_key("ann=")), stream.comes(log_of(ALPS, "ann="))]
    async with aclosing(connect(Settings(redis_url="redis://127.0.0.1:1"))) as nowhere:
        assert await told(Interest(nowhere), *batch) == [batch[0]["dynamodb"]["SequenceNumber"]]
    await told(interest, *batch)
    await valkey.flushall()
    assert await interest.counts(NOW) == NOBODY  # a lost copy
    await told(interest, stream.goes(log_of(ALPS, "ann=")), stream.comes(log_of(ALPS, "ben=")))
    assert await interest.counts(NOW) == Counts({"log": 1}, 1, {ALPS: 1})


CONNECTIONS = st.sampled_from(["ann=", "ben=", "cia="])
KEYS = st.one_of(
    CONNECTIONS.map(table_rows.connection_key),
    st.builds(log_of, st.sampled_from([ALPS, ANDES]), CONNECTIONS, st.sampled_from("12")),
    st.builds(table_rows.listener_key, st.just(BOARD), CONNECTIONS, st.just("3")),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # each example empties it
@given(st.lists(KEYS, max_size=40), st.randoms(use_true_random=False), st.integers(1, 7))
def test_interest_counts_match_the_table_in_any_order_of_shards_and_repeats(
    redis_url: str, changed: list[Key], chance: random.Random, size: int
) -> None:
    """Each change turns a row on or off. Shards are read independently, and some of a batch is retried."""
    stream, there = Stream(), set[Key]()
    shards: list[list[Record]] = [[], []]
    for key in changed:
        there ^= {key}
        record = stream.comes(key) if key in there else stream.goes(key)
        shards[table_rows.bucket(key.pk + key.sk) % 2].append(record)
    assert asyncio.run(_counted(redis_url, _batches(shards, chance, size))) == _counts(there)


def _batches(shards: Sequence[Sequence[Record]], chance: random.Random, size: int) -> list[Sequence[Record]]:
    places, batches = [0] * len(shards), []
    while open_shards := [number for number, shard in enumerate(shards) if places[number] < len(shard)]:
        shard = chance.choice(open_shards)
        batches.append(shards[shard][places[shard] : places[shard] + size])
        places[shard] += chance.randint(0, size)
    return batches


async def _counted(redis_url: str, batches: Sequence[Sequence[Record]]) -> Counts:
    async with aclosing(connect(Settings(redis_url=redis_url))) as client:
        await client.flushall()
        interest = Interest(client)
        for batch in batches:
            await told(interest, *batch)
        return await interest.counts(NOW)


def _counts(there: set[Key]) -> Counts:
    """Return the counts of existing rows."""
    said = [_said(key) for key in there]
    topics = Counter(topic for _, topic in said if topic)
    return Counts(Counter(kind for kind, _ in said), len(topics), topics)


def _said(key: Key) -> tuple[str, str]:
    if key.pk.startswith("CONNECTIONS"):
        return "connection", ""
    if "board" in key.pk:
        return "board", "board|0198c0de|WEEK|DISTANCE"
    return "log", ALPS if ALPS in key.pk else ANDES
