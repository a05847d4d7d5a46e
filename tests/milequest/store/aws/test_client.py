"""Calls to AWS: connections are kept, transient failures retried, others raised by their names."""

import asyncio
from itertools import chain, repeat

import pytest

from milequest.store.aws.dynamodb import ConflictError, Key, NotWrittenError, Part, Table
from milequest.store.aws.http import MOST_CONNECTIONS
from milequest.store.aws.retries import ATTEMPTS, AwsError
from milequest.store.aws.socket_api import Outcome, Sockets
from milequest.store.aws.sqs import Message, Queue
from tests.milequest.store.aws.stub import stubbed

EMPTY = (200, b"{}")
PLACE = Key("a", "b")


def error(name: str, status: int = 400, rest: str = "") -> tuple[int, bytes]:
    """Return an error of DynamoDB's."""
    return status, f'{{"__type": "com.amazonaws.dynamodb.v20120810#{name}"{rest}}}'.encode()


async def test_aws_connections_are_kept_and_bounded() -> None:
    async with stubbed(repeat(EMPTY)) as stub:
        table = Table(stub.aws, "live")
        for _ in range(5):
            assert await table.get(PLACE) is None
        assert stub.connections == 1
        await asyncio.gather(*(table.get(PLACE) for _ in range(3 * MOST_CONNECTIONS)))
        assert stub.connections <= MOST_CONNECTIONS


async def test_dynamodb_items_are_read_as_they_were_written() -> None:
    item = b'{"Item": {"t": {"S": "\xc3\xa4"}, "n": {"N": "7"}, "l": {"L": [{"S": "x"}]}, "b": {"BOOL": true}}}'
    async with stubbed(iter([EMPTY, (200, item)])) as stub:
        table = Table(stub.aws, "live")
        await table.put(PLACE, {"t": "ä", "n": 7, "l": ["x"], "b": True, "absent": None})
        assert await table.get(PLACE) == {"t": "ä", "n": 7, "l": ["x"], "b": True}
        written, _ = stub.asked
        assert '"t":{"S":"ä"},"n":{"N":"7"},"l":{"L":[{"S":"x"}]},"b":{"BOOL":true},"pk":{"S":"a"}' in written
        assert "absent" not in written
        assert "x-amz-target: DynamoDB_20120810.PutItem\r\n" in written


@pytest.mark.parametrize(
    "trouble",
    [(500, b""), (503, b"<html>"), error("ProvisionedThroughputExceededException"), error("ThrottlingException"), None],
)
async def test_passing_failure_is_tried_again(trouble: tuple[int, bytes] | None) -> None:
    async with stubbed(chain(repeat(trouble, ATTEMPTS - 1), repeat(EMPTY))) as stub:
        assert await Table(stub.aws, "live").get(PLACE) is None
        assert len(stub.asked) == ATTEMPTS


async def test_lasting_aws_failure_is_raised() -> None:
    async with stubbed(repeat((500, b""))) as stub:
        with pytest.raises(AwsError):
            await Table(stub.aws, "live").get(PLACE)
        assert len(stub.asked) == ATTEMPTS
    async with stubbed(repeat(error("ResourceNotFoundException"))) as stub:
        with pytest.raises(AwsError, match="ResourceNotFoundException"):
            await Table(stub.aws, "live").get(PLACE)
        assert len(stub.asked) == 1


async def test_a_condition_that_does_not_hold_is_no_error() -> None:
    async with stubbed(repeat(error("ConditionalCheckFailedException"))) as stub:
        table = Table(stub.aws, "live")
        assert await table.update(PLACE, "SET #a = :a", "#b = :b", a=1, b="x") is False
        assert await table.delete(PLACE, "#a = :a", a=1) is None
        assert '"ExpressionAttributeNames":{"#a":"a","#b":"b"}' in stub.asked[0]


async def test_cancelled_transaction_says_which_part_failed() -> None:
    part = Part(PLACE, {}, item={}, condition="attribute_not_exists(#pk)")
    failed = ', "CancellationReasons": [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]'
    busy = ', "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}]'
    name = "TransactionCanceledException"
    async with stubbed(iter([error(name, rest=failed), error(name, rest=busy)])) as stub:
        table = Table(stub.aws, "live")
        with pytest.raises(NotWrittenError) as refused:
            await table.transact([part, part], "token")
        assert refused.value.failed == [False, True]
        with pytest.raises(ConflictError):
            await table.transact([part, part], "token")


async def test_a_query_reads_every_page_and_a_batch_every_rest() -> None:
    first = b'{"Items": [{"sk": {"S": "1"}}], "LastEvaluatedKey": {"sk": {"S": "1"}}}'
    rest = b'{"UnprocessedItems": {"live": [{"DeleteRequest": {"Key": {"pk": {"S": "a"}}}}]}}'
    pages = [(200, first), (200, b'{"Items": [{"sk": {"S": "2"}}]}'), (200, rest), EMPTY]
    async with stubbed(iter(pages)) as stub:
        table = Table(stub.aws, "live")
        assert [row["sk"] async for row in table.query("a")] == ["1", "2"]
        await table.remove([Key("a", str(number)) for number in range(30)])
        assert [text.count("DeleteRequest") for text in stub.asked] == [0, 0, 25, 6]


async def test_messages_go_in_batches_and_in_order() -> None:
    async with stubbed(repeat(EMPTY)) as stub:
        queue = Queue(stub.aws, "https://sqs.example/1/news.fifo")
        await queue.send([Message(f"m{number}", "group", str(number)) for number in range(23)])
        assert [text.count("MessageBody") for text in stub.asked] == [10, 10, 3]
        await queue.send([Message("x" * 150_000) for _ in range(3)])
        assert [text.count("MessageBody") for text in stub.asked[3:]] == [1, 1, 1]
        await queue.send([])
        assert len(stub.asked) == 6
    async with stubbed(repeat((200, b'{"Failed": [{"Id": "0", "Code": "InternalError"}]}'))) as stub:
        with pytest.raises(AwsError):
            await Queue(stub.aws, "https://sqs.example/1/news").send([Message("m", after=3)])
        assert '"DelaySeconds":3' in stub.asked[0]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((200, b""), Outcome.SENT),
        ((410, b""), Outcome.GONE),
        ((429, b""), Outcome.BUSY),
        ((500, b""), Outcome.FAILED),
        ((403, b""), Outcome.FAILED),
        (None, Outcome.FAILED),
    ],
)
async def test_posted_message_has_the_outcome_of_api_gateways_answer(
    answer: tuple[int, bytes] | None, outcome: Outcome
) -> None:
    async with stubbed(repeat(answer)) as stub:
        sockets = Sockets(stub.aws, f"{stub.url}/live/")
        assert await sockets.post("L0SM9c=", "hällo") is outcome
        assert stub.asked[0].startswith("POST /live/@connections/L0SM9c%3D HTTP/1.1\r\n")
        assert stub.asked[0].endswith("hällo")
        assert len(stub.asked) == 1


async def test_closing_a_connection_at_an_absent_endpoint_is_a_failed_outcome() -> None:
    async with stubbed(repeat(EMPTY)) as stub:
        sockets = Sockets(stub.aws, "http://127.0.0.1:9/live")
        assert await sockets.close("x") is Outcome.FAILED
