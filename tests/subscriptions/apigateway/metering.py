"""What the gateway asks of AWS, counted at the wire in the units that AWS bills."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from infra.cost.coefficients import Asked
from milequest.store.aws.http import Http, Origin, Response

QUIET_SECONDS = 1.0  # without a call, after which what was begun is over
READ_BYTES, WRITE_BYTES = 4096, 1024  # of one unit of DynamoDB


class Meter:
    """Counts: `reads` and `writes` in units of DynamoDB, `sends` of SQS, `posts` to sockets."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._last = 0.0

    def note(self, path: str, headers: Mapping[str, str], body: bytes, response: Response) -> None:
        """One answered request. What Lambda does itself, receiving and deleting, is not the gateway's."""
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
                self.counts["reads"] += max(1, math.ceil(len(response.body) / READ_BYTES))  # all are consistent
            case "PutItem":
                self.counts["writes"] += math.ceil(len(orjson.dumps(given["Item"])) / WRITE_BYTES)
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
        """Wait until nothing has been asked for a while; what was asked since the last time."""
        self._last = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() - self._last < QUIET_SECONDS:  # noqa: ASYNC110  # it is the wire
            await asyncio.sleep(0.1)
        asked = Asked(**self.counts)
        self.counts.clear()
        return asked


@asynccontextmanager
async def metered(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Meter]:
    """Count what is asked while the block runs."""
    meter, request = Meter(), Http.request

    async def counting(
        self: Http, origin: Origin, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        response = await request(self, origin, method, path, headers, body)
        meter.note(path, headers, body, response)
        return response

    with monkeypatch.context() as patch:
        patch.setattr(Http, "request", counting)
        yield meter
