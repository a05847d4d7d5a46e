"""The load: `python -m tests.performance.client PORT SECONDS CONNECTIONS FILE`, a process of its own.

Sends the requests of FILE in turn over connections that stay open, one at a time on each, and prints the outcome.
"""

import asyncio
import json
import os
import pickle
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count, cycle
from pathlib import Path
from typing import cast

import uvloop

UNIQUE = b"bench-0000000000000000"  # placeholder in requests for a value that must be unique

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(slots=True)
class Outcome:
    """The number of answers, the seconds, and the first error."""

    answers: int = 0
    seconds: float = 0.0
    fault: str = ""


class Connection(asyncio.Protocol):
    """Sends a request, waits for the whole answer, sends the next, until the time is over."""

    def __init__(self, requests: Iterator[bytes], outcome: Outcome, until: float) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._outcome = outcome
        self._until = until
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by type
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not blank or not length or len(body) < int(length[1]):
            return
        self._received = b""
        self._outcome.answers += 1
        if not head.startswith(b"HTTP/1.1 200") or b'"errors"' in body:
            self._outcome.fault = self._outcome.fault or f"{head[:40]!r}: {body[:300]!r}"
        if time.monotonic() < self._until:
            self._transport.write(next(self._requests))
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if error:
            self._outcome.fault = self._outcome.fault or repr(error)
        self.done.set_result(None)


def endless(requests: list[bytes]) -> Iterator[bytes]:
    """Yield the requests in turn, no two of them the same."""
    run = os.urandom(4).hex().encode()
    for number, request in zip(count(), cycle(requests)):
        yield request.replace(UNIQUE, b"bench-%b%08x" % (run, number))


async def send(port: int, seconds: float, connections: int, requests: list[bytes]) -> Outcome:
    """Send until `seconds` are over, and wait for the last answers."""
    outcome, stream, began = Outcome(), endless(requests), time.monotonic()
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Connection(stream, outcome, began + seconds), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(connection.done for _, connection in opened))
    outcome.seconds = time.monotonic() - began
    return outcome


def main() -> None:
    """Print the outcome as JSON."""
    port, seconds, connections, file = sys.argv[1:]
    requests = pickle.loads(Path(file).read_bytes())
    print(json.dumps(asdict(uvloop.run(send(int(port), float(seconds), int(connections), requests)))))


if __name__ == "__main__":
    main()
