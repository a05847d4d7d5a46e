"""Sockets that speak the protocol of subscriptions-transport-ws."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.service import Service
from tests.sockets import Socket

ACCEPTED = [{"type": "connection_ack"}, {"type": "ka"}]


@asynccontextmanager
async def dialled(service: Service, **options: Any) -> AsyncIterator[Socket]:
    """Open a socket before its connection_init."""
    async with connect(service.socket_url, subprotocols=[Subprotocol("graphql-ws")], **options) as connection:
        assert connection.subprotocol == "graphql-ws"
        yield Socket(connection)


@asynccontextmanager
async def opened(service: Service, token: str) -> AsyncIterator[Socket]:
    """Open a socket and wait for the acknowledgement."""
    async with dialled(service) as ours:
        await ours.send(type="connection_init", payload={"authorization": f"Bearer {token}"})
        assert [await ours.receive(), await ours.receive()] == ACCEPTED
        yield ours


async def start(ours: Socket, id: str, query: str, **variables: Any) -> None:
    """Begin an operation."""
    await ours.send(id=id, type="start", payload={"query": query, "variables": variables, "operationName": None})
