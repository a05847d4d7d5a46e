"""`python -m tests.performance.aws_calls`: what our own calls of AWS save per message, beside those of its SDK.

Both make the calls that one message of a socket behind API Gateway needs, to a server in another process that answers
at once. They take turns in one process, whose CPU is counted; the ratios are of one run. Never a gate but by its test.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from milequest.settings import PROJECT
from milequest.store.aws.aws_credentials import fixed
from milequest.store.aws.client import Aws
from milequest.store.aws.dynamodb import Key, Table
from milequest.store.aws.http import Http
from milequest.store.aws.sdk import Sdk
from milequest.store.aws.signing import Credentials
from milequest.store.aws.socket_api import Sockets
from milequest.store.aws.sqs import Message, Queue
from tests.performance import measuring

TEXT = '{"id": "1", "type": "next", "payload": {"data": {"teamActivityChanged": {"sequence": 17}}}}'
ROW = b'{"pk": {"S": "c#L0SM9c="}, "sk": {"S": "s#1"}, "topic": {"S": "team:0198c0de"}, "at": {"N": "1764550000000"}}'
ANSWERS: Mapping[str, bytes] = {
    "GetItem": b'{"Item": %b}' % ROW,
    "Query": b'{"Items": [%b]}' % b", ".join([ROW] * 10),
    "SendMessageBatch": b'{"Successful": [{"Id": "0", "MessageId": "m"}], "Failed": []}',
}
CREDENTIALS = fixed(Credentials("AKIAIOSFODNN7EXAMPLE", "secret", "token"))
KEY = {"pk": {"S": "c#1"}, "sk": {"S": "s#1"}}
QUERY = {"KeyConditionExpression": "#pk = :pk", "ExpressionAttributeNames": {"#pk": "pk"}}
Call = Callable[[], Awaitable[Any]]


@dataclass(frozen=True)
class Cost:
    """The CPU of a call, in microseconds: of ours, of the SDK's, and the first as a share of the second."""

    name: str
    ours: float
    theirs: float

    @property
    def share(self) -> float:
        """Ours as a share of the SDK's."""
        return self.ours / self.theirs


async def measured(url: str, rounds: int, calls: int) -> list[Cost]:
    """Return the cost of each operation, calling it so often in each round by either of them."""
    aws = Aws(Http(), CREDENTIALS, "us-east-1", url)
    sockets = Sdk(CREDENTIALS, "us-east-1", f"{url}/live")
    pairs = _pairs(aws, sockets, url)
    for pair in pairs.values():
        for call in pair:
            await _cpu(call, 50)  # opens clients and connections
    costs = []
    for name, pair in pairs.items():
        taken = [[await _cpu(call, calls) for call in pair] for _ in range(rounds)]
        ours, theirs = (statistics.median(each) for each in zip(*taken, strict=True))
        costs.append(Cost(name, ours, theirs))
    await sockets.close()
    await aws.close()
    return costs


def _pairs(aws: Aws, sockets: Sdk, url: str) -> dict[str, tuple[Call, Call]]:
    """Return the calls of one message: ours, and the SDK's."""
    sdk, table, address = aws.sdk, Table(aws, "live"), f"{url}/1/news"
    queue, api = Queue(aws, address), Sockets(aws, f"{url}/live")
    entry = {"Id": "0", "MessageBody": TEXT}
    posted = {"ConnectionId": "L0SM9c=", "Data": TEXT.encode()}

    async def rows() -> list[Any]:
        return [row async for row in table.query("c#1")]

    async def sdk_rows() -> Any:
        values = {":pk": {"S": "c#1"}}
        return await sdk.call("dynamodb", "query", TableName="live", **QUERY, ExpressionAttributeValues=values)

    return {
        "DynamoDB GetItem": (
            lambda: table.get(Key("c#1", "s#1")),
            lambda: sdk.call("dynamodb", "get_item", TableName="live", Key=KEY, ConsistentRead=True),
        ),
        "DynamoDB Query, 10 rows": (rows, sdk_rows),
        "SQS SendMessageBatch": (
            lambda: queue.send([Message(TEXT)]),
            lambda: sdk.call("sqs", "send_message_batch", QueueUrl=address, Entries=[entry]),
        ),
        "@connections POST": (
            lambda: api.post("L0SM9c=", TEXT),
            lambda: sockets.call("apigatewaymanagementapi", "post_to_connection", **posted),
        ),
    }


async def _cpu(call: Call, times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        await call()
    return (time.process_time() - began) / times * 1e6


class _Answers(asyncio.Protocol):
    """A connection on which each request is answered by its operation."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0):
            self._received = b""
            target = head.lower().partition(b"x-amz-target: ")[2].partition(b"\r\n")[0].decode()
            said = next((text for name, text in ANSWERS.items() if target.endswith(f".{name.lower()}")), b"")
            kind = b"content-type: application/x-amz-json-1.0\r\n"
            self._transport.write(b"HTTP/1.1 200 OK\r\n%bcontent-length: %d\r\n\r\n%b" % (kind, len(said), said))


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Answers, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until whoever measures has ended


@contextmanager
def answering() -> Iterator[str]:
    """Run the server in a process of its own; yield its address."""
    command = [sys.executable, "-m", "tests.performance.aws_calls", "--serve"]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.communicate()


def report(costs: Sequence[Cost]) -> str:
    """Return the table."""
    lines = [f"{'CPU of a call':26}{'ours':>10}{'aioboto3':>12}{'share':>8}"]
    lines += [f"{cost.name:26}{cost.ours:7.0f} us{cost.theirs:9.0f} us{cost.share:8.2f}" for cost in costs]
    ours, theirs = sum(cost.ours for cost in costs), sum(cost.theirs for cost in costs)
    return "\n".join([*lines, f"{'together':26}{ours:7.0f} us{theirs:9.0f} us{ours / theirs:8.2f}"])


def main() -> None:
    """Run it and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--serve", action="store_true", help="be the server")
    given = parser.parse_args()
    if given.serve:
        asyncio.run(_serve())
        return
    with answering() as url:
        print(report(asyncio.run(measured(url, given.rounds, given.calls))))
    print(f"\nLoad average {measuring.load_average()}.")


if __name__ == "__main__":
    main()
