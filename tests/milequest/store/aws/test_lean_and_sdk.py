"""Calls that are made for each message: ours and those of AWS's SDK send and understand the same."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import repeat
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from milequest.store.aws.aws_credentials import fixed
from milequest.store.aws.client import Aws
from milequest.store.aws.dynamodb import Key, NotWrittenError, Part, Table
from milequest.store.aws.http import Http
from milequest.store.aws.presigning import connect_token
from milequest.store.aws.retries import AwsError
from milequest.store.aws.sdk import Sdk
from milequest.store.aws.secrets import PENDING, Secret
from milequest.store.aws.signing import Credentials
from milequest.store.aws.socket_api import Outcome, Sockets
from milequest.store.aws.sqs import Message, Queue
from tests.fakes.aws import local_aws
from tests.fakes.lambdas import call, make_queue, make_table
from tests.milequest.store.aws.stub import Stub, stubbed

WHO = Credentials("key", "secret")
PLACE = Key("a", "ä/1")
PART = Part(PLACE, {"n": 1}, expression="SET #n = :n", condition="attribute_exists(#pk)")
NEW = Part(PLACE, {}, item={"t": "ä"}, condition="attribute_not_exists(#pk)")
ITEMS = [PLACE, Key("a", "2")]
ANSWER = (200, b'{"Items": [], "SecretString": "{}"}')


async def queried(table: Table) -> None:
    async for _ in table.query("a", "begins_with(#sk, :sk)", sk="ä"):
        pass


async def posted(aws: Aws, url: str) -> None:
    await Sockets(aws, f"{url}/live").post("L0SM9c=", "hällo")


async def closed(aws: Aws, url: str) -> None:
    await Sockets(aws, f"{url}/live").close("L0SM9c=")


async def read(aws: Aws, url: str) -> None:
    await Secret(aws, "arn:secret").value(PENDING, "version")


async def sent(aws: Aws, url: str) -> None:
    queue = Queue(aws, f"{url}/000000000000/news.fifo")
    await queue.send([Message("hällo", "group", "1"), Message("again", "group", "2")])


async def delayed(aws: Aws, url: str) -> None:
    await Queue(aws, f"{url}/000000000000/later").send([Message("hällo", after=3)])


def on_table(work: Callable[[Table], Awaitable[Any]]) -> Callable[[Aws, str], Awaitable[Any]]:
    return lambda aws, url: work(Table(aws, "live"))


OPERATIONS: Mapping[str, tuple[str, str, Callable[[Aws, str], Awaitable[Any]]]] = {
    "get": ("dynamodb", "get_item", on_table(lambda table: table.get(PLACE))),
    "put": (
        "dynamodb",
        "put_item",
        on_table(lambda table: table.put(PLACE, {"t": "ä", "n": 7, "l": ["x"], "b": True})),
    ),
    "update": ("dynamodb", "update_item", on_table(lambda table: table.update(PLACE, "SET #n = :n", "#n < :n", n=8))),
    "delete": ("dynamodb", "delete_item", on_table(lambda table: table.delete(PLACE, "#n = :n", n=8))),
    "query": ("dynamodb", "query", on_table(queried)),
    "remove": ("dynamodb", "batch_write_item", on_table(lambda table: table.remove(ITEMS))),
    "transact": ("dynamodb", "transact_write_items", on_table(lambda table: table.transact([PART, NEW], "token"))),
    "send": ("sqs", "send_message_batch", sent),
    "send later": ("sqs", "send_message_batch", delayed),
    "secret": ("secretsmanager", "get_secret_value", read),
    "post": ("apigatewaymanagementapi", "post_to_connection", posted),
    "close": ("apigatewaymanagementapi", "delete_connection", closed),
}
SOCKET = {"post": {"ConnectionId": "L0SM9c=", "Data": "hällo".encode()}, "close": {"ConnectionId": "L0SM9c="}}


class Request:
    """A request as it was received."""

    def __init__(self, text: str) -> None:
        head, _, self.body = text.partition("\r\n\r\n")
        line, *lines = head.split("\r\n")
        self.method, self.path, _ = line.split(" ")
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def meaning(self) -> Any:
        """Return the parts of it that AWS reads."""
        body = orjson.loads(self.body) if self.body.startswith("{") else self.body
        scope = re.search(r"/(\w+-\w+-\d/[\w-]+)/aws4_request", self.headers["authorization"])
        assert scope
        kind = self.headers.get("content-type") if isinstance(body, dict) else None
        return self.method, self.path, self.headers.get("x-amz-target"), kind, scope[1], body


async def asked(stub: Stub, name: str) -> tuple[Request, Request]:
    """Return the request that we make, and that of the SDK for the same."""
    service, operation, work = OPERATIONS[name]
    await work(stub.aws, stub.url)
    ours = Request(stub.asked[-1])
    given: Any = SOCKET.get(name) or orjson.loads(ours.body)
    sdk = Sdk(fixed(WHO), "us-east-1", f"{stub.url}/live" if name in SOCKET else stub.url)
    await sdk.call_once(service, operation, **given)
    await sdk.close()
    assert len(stub.asked) == 2
    return ours, Request(stub.asked[-1])


@pytest.mark.parametrize("name", OPERATIONS)
async def test_request_of_ours_means_the_same_as_that_of_the_sdk(name: str) -> None:
    async with stubbed(repeat(ANSWER)) as stub:
        ours, theirs = await asked(stub, name)
        assert ours.meaning == theirs.meaning


@pytest.mark.parametrize("name", OPERATIONS)
async def test_signature_of_ours_is_the_one_that_the_sdk_computes_for_our_request(name: str) -> None:
    async with stubbed(repeat(ANSWER)) as stub:
        _, _, work = OPERATIONS[name]
        await work(stub.aws, stub.url)
        ours = Request(stub.asked[-1])
        claimed = ours.headers["authorization"]
        scope, names = re.findall(r"Credential=key/\d+/us-east-1/([\w-]+)/.*SignedHeaders=([\w;-]+)", claimed)[0]
        signed = {name: ours.headers[name] for name in names.split(";")}
        request = AWSRequest(ours.method, stub.url + ours.path, data=ours.body.encode(), headers=signed)
        request.context["timestamp"] = signed["x-amz-date"]
        auth = SigV4Auth(ReadOnlyCredentials("key", "secret", None), scope, "us-east-1")
        signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        assert claimed.endswith(f"Signature={signature}")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}'),
        (400, b'{"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}'),
        (400, b'{"__type": "ValidationException", "message": "no"}'),
        (
            400,
            b'{"__type": "x#TransactionCanceledException", "CancellationReasons": [{"Code": "TransactionConflict"}]}',
        ),
        (500, b'{"__type": "x#InternalServerError"}'),
        (413, b""),
        (503, b"<html>"),
    ],
)
async def test_refusal_means_the_same_to_our_call_and_to_the_sdk(status: int, body: bytes) -> None:
    async with stubbed(repeat((status, body))) as stub:
        given = {"TableName": "live", "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}
        with pytest.raises(AwsError) as ours:
            await stub.aws.call(
                stub.aws.signer("dynamodb"), stub.aws.origin("dynamodb"), "DynamoDB_20120810.GetItem", "1.0", given
            )
        with pytest.raises(AwsError) as theirs:
            await stub.aws.sdk.call("dynamodb", "get_item", **given)
        assert ours.value.status == theirs.value.status
        assert ours.value.is_passing == theirs.value.is_passing
        assert ours.value.code in (theirs.value.code, "")  # the SDK makes up a code where there is none
        reasons = [error.value.answer.get("CancellationReasons") for error in (ours, theirs)]
        assert reasons[0] == reasons[1]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield a local AWS."""
    with local_aws(tmp_path_factory.mktemp("aws")) as url:
        yield url


@pytest.fixture
async def aws(local: str) -> AsyncIterator[Aws]:
    """Yield the client of a local AWS."""
    aws = Aws(Http(), fixed(Credentials("test", "test")), "us-east-1", local)
    yield aws
    await aws.close()


async def table_of(aws: Aws, name: str) -> Table:
    """Make a table."""
    await make_table(aws, name)
    return Table(aws, name)


async def test_item_of_ours_is_read_by_the_sdk_and_the_other_way_round(aws: Aws) -> None:
    table = await table_of(aws, "items")
    await table.put(PLACE, {"t": "ä", "n": -7, "l": ["x", ""], "b": True, "s": frozenset({"p", "q"})})
    key = {"pk": {"S": "a"}, "sk": {"S": "ä/1"}}
    found = await aws.sdk.call("dynamodb", "get_item", TableName="items", Key=key, ConsistentRead=True)
    assert found["Item"] == {
        **key,
        "t": {"S": "ä"},
        "n": {"N": "-7"},
        "l": {"L": [{"S": "x"}, {"S": ""}]},
        "b": {"BOOL": True},
        "s": {"SS": ["p", "q"]},
    }
    other = {"pk": {"S": "a"}, "sk": {"S": "2"}, "t": {"S": "☂"}, "n": {"N": "12345678901234567890"}}
    await aws.sdk.call("dynamodb", "put_item", TableName="items", Item=other)
    assert await table.get(Key("a", "2")) == {"pk": "a", "sk": "2", "t": "☂", "n": 12345678901234567890}
    assert [row["sk"] async for row in table.query("a")] == ["2", "ä/1"]


async def test_condition_that_fails_is_the_same_to_our_transaction_and_to_the_sdk(aws: Aws) -> None:
    table = await table_of(aws, "conditions")
    parts = [NEW, Part(Key("a", "2"), {}, item={}, condition="attribute_exists(#pk)")]
    with pytest.raises(NotWrittenError) as ours:
        await table.transact(parts, "token")
    items = [part.packed("conditions") for part in parts]
    with pytest.raises(AwsError, match="TransactionCanceledException") as theirs:
        await aws.sdk.call("dynamodb", "transact_write_items", TransactItems=items)
    reasons = [reason["Code"] == "ConditionalCheckFailed" for reason in theirs.value.answer["CancellationReasons"]]
    assert ours.value.failed == reasons == [False, True]


async def test_message_of_ours_is_received_by_the_sdk_and_the_other_way_round(aws: Aws) -> None:
    url = await make_queue(aws, "lean-and-sdk.fifo")
    await Queue(aws, url).send([Message("hällo", "group", "1")])
    entry = {"Id": "0", "MessageBody": "☂", "MessageGroupId": "group", "MessageDeduplicationId": "2"}
    await aws.sdk.call("sqs", "send_message_batch", QueueUrl=url, Entries=[entry])
    ours = await call(aws, "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    theirs = await aws.sdk.call("sqs", "receive_message", QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    for received in (ours, theirs):
        assert [message["Body"] for message in received["Messages"]] == ["hällo", "☂"]


@pytest.mark.parametrize(("status", "outcome"), [(200, Outcome.SENT), (410, Outcome.GONE), (429, Outcome.BUSY)])
async def test_outcome_of_a_post_is_what_the_sdk_is_told(status: int, outcome: Outcome) -> None:
    async with stubbed(repeat((status, b""))) as stub:
        assert await Sockets(stub.aws, f"{stub.url}/live").post("c", "x") is outcome
        sdk = Sdk(fixed(WHO), "us-east-1", f"{stub.url}/live")
        try:
            await sdk.call_once("apigatewaymanagementapi", "post_to_connection", ConnectionId="c", Data=b"x")
            told = 200
        except AwsError as error:
            told = error.status
        await sdk.close()
        assert told == status


async def test_token_for_a_database_is_the_one_that_the_sdk_makes() -> None:
    sdk = Sdk(fixed(Credentials("key", "secret", "tok/en+=")), "us-east-1")
    rds = await sdk.client("rds")
    host = "db.cluster-x.us-east-1.rds.amazonaws.com"
    theirs = await rds.generate_db_auth_token(host, 5432, "milequest")
    await sdk.close()
    at = parse_qs(urlsplit(f"https://{theirs}").query)["X-Amz-Date"][0]
    moment = datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    query = {"Action": "connect", "DBUser": "milequest"}
    ours = connect_token(Credentials("key", "secret", "tok/en+="), "us-east-1", "rds-db", f"{host}:5432", query, moment)
    assert parse_qs(urlsplit(f"https://{ours}").query) == parse_qs(urlsplit(f"https://{theirs}").query)
