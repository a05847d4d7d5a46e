"""The gateway's calls to AWS, counted at the wire in the units that AWS bills."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from infra.analysis.cost.coefficients import Asked
from milequest.store.aws.http import Endpoint, Http, Response

QUIET_SECONDS = 1.0  # without a call, after which all work is over
PATIENCE = 60.0  # seconds until then, on a busy machine
READ_BYTES, WRITE_BYTES = 4096, 1024  # of one unit of DynamoDB


class Meter:
    """Counts: `reads` and `writes` in units of DynamoDB, `sends` of SQS, `posts` to sockets."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._last = 0.0

    def note(self, path: str, headers: Mapping[str, str], body: bytes, response: Response) -> None:
        """Count one answered request. Lambda's own, receiving and deleting, are not the gateway's."""
        operation = headers.get("x-amz-target", "").partition(".")[2]
        if operation in {"ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"}:
            return
        if "/@connections/" in path:
            self.counts["posts"] += 1
        elif operation == "SendMessageBatch":
            self.counts["sends"] += 1
        else:
            self._note_units(operation, orjson.loads(body), response)
        self._last = asyncio.get_running_loop().time()

    def _note_units(self, operation: str, given: dict[str, Any], response: Response) -> None:
        match operation:
            case "GetItem" | "Query":
                found = orjson.loads(response.body)
                items = found.get("Items", [found.get("Item", {})])
                self.counts["reads"] += max(
                    1, math.ceil(sum(map(item_bytes, items)) / READ_BYTES)
                )  # all are consistent
            case "PutItem":
                self.counts["writes"] += math.ceil(item_bytes(given["Item"]) / WRITE_BYTES)
            case "UpdateItem" | "DeleteItem":
                self.counts["writes"] += 1  # rows are smaller than a unit
            case "BatchWriteItem":
                (requests,) = given["RequestItems"].values()
                self.counts["writes"] += len(requests)
            case "TransactWriteItems":
                self.counts["writes"] += 2 * len(given["TransactItems"])
            case _:
                raise ValueError(f"{operation} has no price here")

    async def quiet(self) -> Asked:
        """Wait until there were no calls for a while; return those since the last time."""
        self._last = asyncio.get_running_loop().time()
        async with asyncio.timeout(PATIENCE):
            while asyncio.get_running_loop().time() - self._last < QUIET_SECONDS:  # noqa: ASYNC110  # it is the wire
                await asyncio.sleep(0.1)
        asked = Asked(**self.counts)
        self.counts.clear()
        return asked


def item_bytes(item: Mapping[str, dict[str, Any]]) -> int:
    """Return an item's size as DynamoDB bills it: its names and its values, without the wire's types and quotes.

    Source: "DynamoDB item sizes and formats" in Amazon's developer guide.
    """
    return sum(len(name.encode()) + _value_bytes(*next(iter(value.items()))) for name, value in item.items())


def _value_bytes(kind: str, value: Any) -> int:
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return math.ceil(len(value.strip("-0.").replace(".", "")) / 2) + 1
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + _value_bytes(*next(iter(one.items()))) for one in value)
        case "M":
            return 3 + len(value) + item_bytes(value)
        case _:
            raise ValueError(f"{kind} has no size here")


@asynccontextmanager
async def metered(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Meter]:
    """Count calls while the block runs."""
    meter, request = Meter(), Http.request

    async def counting(
        self: Http, origin: Endpoint, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        response = await request(self, origin, method, path, headers, body)
        meter.note(path, headers, body, response)
        return response

    with monkeypatch.context() as patch:
        patch.setattr(Http, "request", counting)
        yield meter
