"""A WebSocket as a client uses it, by the `websockets` package: the protocol's messages, sent and received."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.service import Service

PROTOCOL = [Subprotocol("graphql-transport-ws")]
BOARD = """subscription ($team: ID!) { teamLeaderboardUpdated(teamId: $team, period: ALL_TIME, metric: DISTANCE) {
    teamId leaderboard { version entries { nodes { value competitor { name } } } } } }"""


class Socket:
    """A connection, as the protocol's messages."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def receive(self) -> Any:
        return json.loads(await asyncio.wait_for(self.connection.recv(decode=True), 10))

    async def subscribe(self, name: str, query: str, **payload: Any) -> None:
        await self.send(id=name, type="subscribe", payload={"query": query, **payload})

    async def run(self, query: str, **variables: Any) -> dict[str, Any]:
        """Run a query or mutation from subscribe to complete."""
        await self.subscribe("run", query, variables=variables)
        answer = await self.receive()
        assert answer["type"] == "next", answer
        assert await self.receive() == {"id": "run", "type": "complete"}
        payload: dict[str, Any] = answer["payload"]
        return payload

    async def closed(self) -> tuple[int, str]:
        """Return the code and reason it is closed with."""
        await asyncio.wait_for(self.connection.wait_closed(), 15)
        assert self.connection.close_code is not None
        return self.connection.close_code, self.connection.close_reason or ""


@asynccontextmanager
async def dialled(service: Service, **options: Any) -> AsyncIterator[Socket]:
    """Open a socket before its connection_init."""
    async with connect(service.socket_url, subprotocols=PROTOCOL, **options) as connection:
        yield Socket(connection)


@asynccontextmanager
async def opened(service: Service, token: str | None = None) -> AsyncIterator[Socket]:
    """Open a socket and wait for the acknowledgement."""
    async with dialled(service) as ours:
        await ours.send(type="connection_init", payload={"Authorization": f"Bearer {token}"} if token else {})
        assert await ours.receive() == {"type": "connection_ack"}
        yield ours
