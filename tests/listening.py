"""A live client for tests: several subscriptions on one connection, each a stream of its own, over any gateway."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

PATIENCE = 60.0  # seconds anything may take


class Ended(AssertionError):
    """A stream ended where another event should have come."""


@dataclass
class Stream:
    """One subscription's events."""

    id: str
    connection: "Connection"
    messages: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)

    async def next(self) -> Any:
        """Return the next event: the data of its root field. A GraphQL error fails the test."""
        message = await asyncio.wait_for(self.messages.get(), PATIENCE)
        if message["type"] != "next":
            raise Ended(message)
        payload = message["payload"]
        assert "errors" not in payload, payload
        (event,) = payload["data"].values()
        return event

    async def until(self, reached: Any) -> Any:
        """Return the first event of which `reached` is true."""
        while not reached(event := await self.next()):
            pass
        return event

    async def failure(self) -> list[str]:
        """Return the codes it ends with; events on the way are skipped."""
        while (message := await asyncio.wait_for(self.messages.get(), PATIENCE))["type"] == "next":
            pass
        assert message["type"] == "error", message
        return [error["extensions"]["code"] for error in message["payload"]]

    async def silent(self, seconds: float = 0.6) -> None:
        """Fail if anything arrives within some time."""
        await asyncio.sleep(seconds)
        assert self.messages.empty(), self.messages.get_nowait()

    async def stop(self) -> None:
        """Unsubscribe."""
        await self.connection.send(id=self.id, type="complete")


class Connection:
    """A socket that was acknowledged."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._streams: dict[str, Stream] = {}

    async def send(self, **message: Any) -> None:
        """Send one message of the protocol."""
        await self.socket.send(json.dumps(message))

    async def subscribe(self, query: str, **variables: Any) -> Stream:
        """Begin a subscription, or any other operation."""
        id = f"op{len(self._streams)}"
        stream = self._streams[id] = Stream(id, self)
        await self.send(id=id, type="subscribe", payload={"query": query, "variables": variables})
        return stream

    async def read(self) -> None:
        """Dispatch messages until the socket is closed."""
        try:
            async for text in self.socket:
                message = json.loads(text)
                if "type" not in message:  # API Gateway's own, about a function that failed: clients disconnect
                    await self.socket.close()
                elif message["type"] == "ping":
                    await self.send(type="pong")
                elif "id" in message:
                    self._streams[message["id"]].messages.put_nowait(message)
        except ConnectionClosed:
            pass

    async def closed(self) -> int:
        """Return the code it is closed with."""
        await asyncio.wait_for(self.socket.wait_closed(), PATIENCE + 5)
        assert self.socket.close_code is not None
        return self.socket.close_code


class Dial(Protocol):
    """Connects to a gateway: `async with dial(token) as connection`."""

    def __call__(self, token: str | None) -> Any:
        """Return a connection that was acknowledged."""


@asynccontextmanager
async def dial(url: str, token: str | None) -> AsyncIterator[Connection]:
    """Connect to the WebSocket at `url`."""
    async with connect(
        url, subprotocols=[Subprotocol("graphql-transport-ws")], max_size=None, open_timeout=PATIENCE
    ) as socket:
        connection = Connection(socket)
        await connection.send(type="connection_init", payload={"Authorization": f"Bearer {token}"} if token else {})
        first = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
        if first.get("type") != "connection_ack":
            raise Ended(first)
        reading = asyncio.create_task(connection.read())
        try:
            yield connection
        finally:
            reading.cancel()
