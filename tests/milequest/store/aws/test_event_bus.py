"""EventBridge and Firehose: events are sent in calls that are small enough, and refused ones are sent again alone."""

import base64
import re
from datetime import UTC, datetime
from itertools import chain, pairwise, repeat

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.aws import lake
from app.aws.lake import row
from milequest.store.aws.batches import batches
from milequest.store.aws.event_bus import MOST_BYTES, BusEvent, EventBus
from milequest.store.aws.retries import ATTEMPTS, AwsError
from tests.milequest.store.aws.stub import stubbed

AT = datetime(2026, 11, 29, 1, 2, 3, 456_789, tzinfo=UTC)
ALL_TAKEN = (200, b'{"FailedEntryCount": 0, "Entries": []}')


def event(id: str, text: str = "") -> BusEvent:
    """Return an event."""
    return BusEvent("ACTIVITY_ADDED", AT, {"id": id, "text": text})


def ids(asked: str) -> list[str]:
    """Return the ids of a call's events."""
    return [orjson.loads(entry["Detail"])["id"] for entry in entries(asked)]


def entries(asked: str) -> list[dict[str, str]]:
    """Return a call's entries."""
    found: list[dict[str, str]] = orjson.loads(asked.partition("\r\n\r\n")[2])["Entries"]
    return found


def size(entry: dict[str, str]) -> int:
    """Return the size of an entry by AWS's documentation of PutEvents: 14 for the time, all else in UTF-8."""
    return 14 + sum(len(entry[name].encode()) for name in ("Source", "DetailType", "Detail"))


async def test_events_have_the_shape_that_aws_wants() -> None:
    async with stubbed(repeat(ALL_TAKEN)) as stub:
        await EventBus(stub.aws, "ours").put([event("1")])
        (asked,) = stub.asked
        assert "X-Amz-Target: AWSEvents.PutEvents\r\n" in asked
        (entry,) = orjson.loads(asked.partition("\r\n\r\n")[2])["Entries"]
        assert entry == {
            "EventBusName": "ours",
            "Source": "milequest",
            "DetailType": "ACTIVITY_ADDED",
            "Time": int(AT.timestamp()),
            "Detail": '{"id":"1","text":""}',
        }
        await EventBus(stub.aws, "ours").put([])
        assert len(stub.asked) == 1


async def test_a_call_has_ten_events_and_256_kb_at_most() -> None:
    async with stubbed(repeat(ALL_TAKEN)) as stub:
        await EventBus(stub.aws, "ours").put([event(str(number)) for number in range(23)])
        assert [len(ids(asked)) for asked in stub.asked] == [10, 10, 3]
        await EventBus(stub.aws, "ours").put([event(str(number), "ä" * 50_000) for number in range(5)])
        assert [len(ids(asked)) for asked in stub.asked[3:]] == [2, 2, 1]
        sizes = [sum(map(size, entries(asked))) for asked in stub.asked]
        assert max(sizes) <= MOST_BYTES


async def test_refused_bus_entries_are_sent_again_alone_and_in_order() -> None:
    refused = b'{"ErrorCode": "ThrottlingException"}'
    some = b'{"FailedEntryCount": 2, "Entries": [%b, {"EventId": "x"}, %b]}' % (refused, refused)
    async with stubbed(chain([(200, some)], repeat(ALL_TAKEN))) as stub:
        await EventBus(stub.aws, "ours").put([event("1"), event("2"), event("3")])
        assert [ids(asked) for asked in stub.asked] == [["1", "2", "3"], ["1", "3"]]


async def test_bus_entry_refused_at_every_attempt_is_an_error() -> None:
    none = b'{"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "no"}]}'
    async with stubbed(repeat((200, none))) as stub:
        with pytest.raises(AwsError, match="InternalFailure"):
            await EventBus(stub.aws, "ours").put([event("1")])
        assert len(stub.asked) == ATTEMPTS


@given(st.lists(st.binary(max_size=30)), st.integers(1, 5), st.integers(1, 40))
def test_batches_are_everything_in_order_and_as_few_as_can_be(things: list[bytes], most: int, most_bytes: int) -> None:
    found = batches(things, most, most_bytes, len)
    assert [thing for batch in found for thing in batch] == things
    for batch in found:
        assert 0 < len(batch) <= most
        assert len(batch) == 1 or sum(map(len, batch)) <= most_bytes
    for batch, following in pairwise(found):
        assert len(batch) == most or sum(map(len, batch)) + len(following[0]) > most_bytes


BUS_EVENT = {
    "version": "0",
    "id": "6a7e8feb",
    "detail-type": "MILESTONE_REACHED",
    "source": "milequest",
    "time": "2026-11-29T01:02:03Z",
    "detail": {
        "id": "1/team:ab/7",
        "epoch": 1,
        "channel": "team:ab",
        "sequence": 7,
        "subjectId": "cd",
        "occurredAt": "2026-11-29T01:02:03.456Z",
    },
}


async def test_a_row_of_the_lake_is_a_line_of_json() -> None:
    async with stubbed(repeat((200, b'{"RecordId": "1"}'))) as stub:
        await lake.put(stub.aws, "lake", row(BUS_EVENT))
        (asked,) = stub.asked
        given = orjson.loads(asked.partition("\r\n\r\n")[2])
        assert given["DeliveryStreamName"] == "lake"
        line = base64.b64decode(given["Record"]["Data"])
        assert line.endswith(b"\n")
        assert orjson.loads(line) == {
            "id": "1/team:ab/7",
            "channel": "team:ab",
            "sequence": 7,
            "kind": "MILESTONE_REACHED",
            "at": "2026-11-29 01:02:03.456",
            "data": '{"epoch":1,"subjectId":"cd"}',
        }
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", str(row(BUS_EVENT)["at"]))


def test_bus_event_that_is_played_again_is_not_sent_to_the_lake(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr(lake.container, "run", sent.append)
    lake.handler({**BUS_EVENT, "replay-name": "again"}, None)
    assert not sent
    lake.handler(BUS_EVENT, None)
    assert len(sent) == 1
