"""The sockets of the live benches: `python -m tests.performance.guests`, a process of its own.

It reads commands from its input, a JSON object a line, and answers each with one; the methods of `Guests` are the
commands. Its sockets are as light as can be: their messages are prepared, and of received ones only the kind is read.
"""

import asyncio
import json
import pickle
import re
import resource
import sys
import time
from asyncio import Event, Semaphore
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import uvloop

from tests.performance.client import endless

AT_ONCE = 512  # concurrent handshakes: a server drops what its queue has no room for
PATIENCE = 60.0  # seconds for each command
PLACES = 8 if sys.platform == "linux" else 1  # source addresses: each has some 28,000 ports

TEXT, CLOSE, PING = 1, 8, 9
ACK, NEXT = b'"connection_ack"', b'"next"'
KIND_WITHIN = 80  # bytes of a message; the kind is before the payload
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


class Guest(NamedTuple):
    """A socket's topic, and the two frames it sends to subscribe."""

    topic: str
    init: bytes
    subscribe: bytes


class Cause(NamedTuple):
    """An HTTP request that makes an event, and the topic of the event."""

    topic: str
    request: bytes


def _read(file: str) -> Any:
    return pickle.loads(Path(file).read_bytes())


def frame(kind: int, payload: bytes) -> bytes:
    """Return a client's frame. A mask of zeros is a mask."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([0x80 | kind]) + length + bytes(4) + payload


def message(**fields: object) -> bytes:
    """Return a message of the protocol as a frame."""
    return frame(TEXT, json.dumps(fields, separators=(",", ":")).encode())


def _frames(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield the whole frames a server's data begins with: the kind, the payload, and the frame's end."""
    at = 0
    while len(data) >= at + 2:
        size, begin = data[at + 1], at + 2
        if size >= 126:
            begin += 2 if size == 126 else 8
            size = int.from_bytes(data[at + 2 : begin], "big")
        if len(data) < begin + size:
            return
        kind, at = data[at] & 15, begin + size
        yield kind, data[begin:at], at


@dataclass(slots=True)
class Heard:
    """Results that all sockets have received since the last reset."""

    arrivals: list[tuple[str, float]]
    awaited: int
    complete: Event
    fault: str = ""
    sample: str = ""

    def begin(self, awaited: int) -> None:
        """Restart the count, up to so many."""
        self.arrivals, self.awaited = [], awaited
        self.complete.clear()

    def note(self, topic: str, payload: bytes) -> None:
        """Count a result."""
        self.arrivals.append((topic, time.monotonic()))
        if len(self.arrivals) == self.awaited:
            self.sample = payload.decode()
            self.complete.set()

    def fail(self, why: str) -> None:
        """Record an error; it ends all waiting."""
        self.fault = self.fault or why
        self.complete.set()


class Listening(asyncio.Protocol):
    """One socket, from its handshake on."""

    __slots__ = ("_guest", "_heard", "_left", "leaving", "transport", "up")

    def __init__(self, guest: Guest, heard: Heard) -> None:
        self._guest = guest
        self._heard = heard
        self._left = b""
        self.leaving = False
        self.up = Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by type
        self.transport.write(HANDSHAKE)

    def data_received(self, data: bytes) -> None:
        if self._left:
            data = self._left + data
        if not self.up.is_set():
            head, blank, data = data.partition(b"\r\n\r\n")
            if not blank:
                self._left = head
                return
            self.up.set()
            if not head.startswith(b"HTTP/1.1 101"):
                self._heard.fail(head.decode())
            self.transport.write(self._guest.init)
        heard = 0
        for kind, payload, end in _frames(data):
            self._hear(kind, payload)
            heard = end
        self._left = data[heard:]

    def _hear(self, kind: int, payload: bytes) -> None:
        if kind == TEXT and payload.find(NEXT, 0, KIND_WITHIN) >= 0:
            self._heard.note(self._guest.topic, payload)
            if b'"errors"' in payload[:100]:
                self._heard.fail(payload.decode())
        elif kind == TEXT and ACK in payload:
            self.transport.write(self._guest.subscribe)
        elif kind == PING:
            self.transport.write(frame(10, payload))
        elif b'"ping"' not in payload and not self.leaving:
            self._heard.fail(f"{kind}: {payload!r}")

    def connection_lost(self, error: Exception | None) -> None:
        self.up.set()
        if not self.leaving:
            self._heard.fail(f"a socket was closed: {error!r}")


class Calls(asyncio.Protocol):
    """A connection for the requests that make events."""

    def __init__(self) -> None:
        self._answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, blank, body = self._got.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        if blank and length and len(body) >= int(length[1]):
            self._answered.set_result(self._got)

    async def call(self, request: bytes) -> str:
        """Send a request; return the fault of the answer, empty if it is valid."""
        self._got, self._answered = b"", asyncio.get_running_loop().create_future()
        self._transport.write(request)
        answer = await self._answered
        return answer.decode() if not answer.startswith(b"HTTP/1.1 200") or b'"errors"' in answer else ""

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()


class Guests:
    """All sockets of this process, at one server."""

    def __init__(self) -> None:
        self._sockets: list[Listening] = []
        self._heard = Heard([], 0, Event())

    async def open(self, port: int, file: str, each: int) -> dict[str, Any]:
        """Open a socket for each guest in the file, until each has received `each` results."""
        guests, began, gate = _read(file), time.monotonic(), Semaphore(AT_ONCE)
        self._heard.begin(each * len(guests))

        async def connect(number: int, guest: Guest) -> None:
            async with gate:
                place = (f"127.0.0.{1 + number % PLACES}", 0)
                _, socket = await asyncio.get_running_loop().create_connection(
                    lambda: Listening(guest, self._heard), "127.0.0.1", port, local_addr=place
                )
                self._sockets.append(socket)
                await socket.up.wait()

        await asyncio.gather(*(connect(number, guest) for number, guest in enumerate(guests)))
        await self._all_heard()
        return {"seconds": time.monotonic() - began, "sample": self._heard.sample}

    async def tell(self, port: int, file: str, each: int, pause: float, one_by_one: bool) -> dict[str, Any]:
        """Make the events in the file, with a pause after each, each of which is delivered `each` times.

        Returns for each event how many seconds it took to reach each socket, the slowest last. `one_by_one` waits for
        all sockets before the next event.
        """
        causes: list[Cause] = _read(file)
        requests = endless([cause.request for cause in causes])
        made: dict[str, float] = {}
        delays: list[list[float]] = []
        _, calls = await asyncio.get_running_loop().create_connection(Calls, "127.0.0.1", port)
        self._heard.begin(each * (1 if one_by_one else len(causes)))
        for cause in causes:
            made[cause.topic] = time.monotonic()
            if fault := await calls.call(next(requests)):
                self._heard.fail(fault)
            if one_by_one:
                await self._all_heard()
                delays.append(self._delays(made))
                self._heard.begin(each)
            await asyncio.sleep(max(0.0, made[cause.topic] + pause - time.monotonic()))
        if not one_by_one:
            await self._all_heard()
            delays.append(self._delays(made))
        calls.close()
        return {"delays": delays, "sample": self._heard.sample}

    async def close(self, count: int) -> dict[str, Any]:
        """Close the oldest `count` sockets."""
        for socket in self._sockets[:count]:
            socket.leaving = True
            socket.transport.close()
        del self._sockets[:count]
        await asyncio.sleep(0)
        return {}

    async def _all_heard(self) -> None:
        if self._heard.awaited:
            try:
                await asyncio.wait_for(self._heard.complete.wait(), PATIENCE)
            except TimeoutError:
                self._heard.fail(f"only {len(self._heard.arrivals)} of {self._heard.awaited} results came")

    def _delays(self, made: dict[str, float]) -> list[float]:
        return sorted(at - made[topic] for topic, at in self._heard.arrivals if topic in made)

    async def run(self) -> None:
        """Run commands until the input ends."""
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        async for line in reader:
            command = json.loads(line)
            answer = await getattr(self, command.pop("do"))(**command)
            print(json.dumps({**answer, "fault": self._heard.fault}), flush=True)


def main() -> None:
    """Serve the commands, with as many sockets as the system allows."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(Guests().run())


if __name__ == "__main__":
    main()
