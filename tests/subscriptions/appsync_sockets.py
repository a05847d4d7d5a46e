"""Sockets that speak AppSync's real-time protocol."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.service import Service
from tests.sockets import Socket

ACK = {"type": "connection_ack", "payload": {"connectionTimeoutMs": 300_000}}


def packed(headers: dict[str, str]) -> str:
    """Return headers as Amplify packs them."""
    return base64.urlsafe_b64encode(json.dumps({"host": "milequest.example", **headers}).encode()).decode().rstrip("=")


@asynccontextmanager
async def dialled(service: Service, headers: dict[str, str] | str, way: str = "protocol") -> AsyncIterator[Socket]:
    """Open a socket with credentials in one of the three places."""
    header = headers if isinstance(headers, str) else packed(headers)
    url, protocols, extra = f"{service.socket_url}/realtime", ["graphql-ws"], {}
    match way:
        case "protocol":
            protocols.append(f"header-{header}")
        case "query":
            url += f"?header={quote(header)}&payload=e30%3D"
        case "headers":
            extra = headers if isinstance(headers, dict) else {}
    offered = [Subprotocol(name) for name in protocols]
    async with connect(url, subprotocols=offered, additional_headers=extra) as connection:
        assert connection.subprotocol == "graphql-ws"
        yield Socket(connection)


@asynccontextmanager
async def opened(service: Service, headers: dict[str, str]) -> AsyncIterator[Socket]:
    """Open a socket and wait for the acknowledgement."""
    async with dialled(service, headers) as ours:
        await ours.send(type="connection_init")
        assert [await ours.receive(), await ours.receive()] == [ACK, {"type": "ka"}]
        yield ours


async def start(
    ours: Socket, id: str, query: str, variables: object = None, authorization: dict[str, str] | None = None
) -> None:
    """Begin an operation, with its own credentials or without any."""
    extensions = {"authorization": {"host": "milequest.example", **authorization}} if authorization else {}
    data = json.dumps({"query": query, "variables": variables})
    await ours.send(id=id, type="start", payload={"data": data, "extensions": extensions})
