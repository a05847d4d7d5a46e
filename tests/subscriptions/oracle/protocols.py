"""A client's side of each protocol: one subscription on a connection of its own, until something ends it.

Each is a `subscribe` of the resume helper: an async generator of results. It ends where the connection was closed in
order, and raises Ended for GraphQL errors and its library's own error for a connection that was lost.
"""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from tests.event_streams import asked
from tests.listening import PATIENCE
from tests.service import Service
from tests.subscriptions.appsync_sockets import packed

Results: TypeAlias = AsyncGenerator[dict[str, Any], None]
Protocol: TypeAlias = Callable[["Asking"], Results]
LOST = (OSError, ConnectionClosed, InvalidHandshake, httpx.TransportError)
SIGNED_OUT = {4401, 4403}  # close codes


class Ended(Exception):
    """A subscription ended with GraphQL errors."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors

    @property
    def code(self) -> str:
        """The code of the first one."""
        return str(self.errors[0]["extensions"]["code"])


@dataclass(frozen=True, slots=True)
class Asking:
    """A subscription's document, address, and token."""

    service: Service
    url: str
    token: str
    document: str
    variables: Mapping[str, Any]

    @property
    def operation(self) -> dict[str, Any]:
        """The operation's message."""
        return {"query": self.document, "variables": self.variables}


def is_signed_out(error: Exception) -> bool:
    """Return whether a token was no longer valid: with another one the client goes on."""
    if isinstance(error, Ended):
        return error.code == "UNAUTHENTICATED"
    if isinstance(error, InvalidStatus):
        return error.response.status_code == 401
    closed = error.rcvd if isinstance(error, ConnectionClosed) else None
    return closed is not None and closed.code in SIGNED_OUT


async def transport_ws(asking: Asking) -> Results:
    """Subscribe by graphql-transport-ws."""
    async with _dialled(asking.url, "graphql-transport-ws") as socket:
        await _send(socket, type="connection_init", payload={"Authorization": f"Bearer {asking.token}"})
        async with aclosing(_messages(socket)) as messages:
            async for message in messages:
                match message["type"]:
                    case "connection_ack":
                        await _send(socket, id="it", type="subscribe", payload=asking.operation)
                    case "ping":
                        await _send(socket, type="pong")
                    case "next":
                        yield _data(message["payload"])
                    case "error":
                        raise Ended(message["payload"])
                    case "complete":
                        return


async def legacy(asking: Asking) -> Results:
    """Subscribe by subscriptions-transport-ws."""
    async with _dialled(asking.url, "graphql-ws") as socket:
        await _send(socket, type="connection_init", payload={"Authorization": f"Bearer {asking.token}"})
        await _send(socket, id="it", type="start", payload=asking.operation)
        async with aclosing(_messages(socket)) as messages:
            async for message in messages:
                match message["type"]:
                    case "data":
                        yield _data(message["payload"])
                    case "error" | "connection_error":
                        _end([message["payload"]])
                    case "complete":
                        return


async def appsync(asking: Asking) -> Results:
    """Subscribe by AppSync's protocol, whose credentials are sent with the handshake and again with the operation."""
    authorization = {"host": "milequest.example", "Authorization": asking.token}
    async with _dialled(asking.url, "graphql-ws", f"header-{packed(authorization)}") as socket:
        await _send(socket, type="connection_init")
        payload = {"data": json.dumps(asking.operation), "extensions": {"authorization": authorization}}
        async with aclosing(_messages(socket)) as messages:
            async for message in messages:
                match message["type"]:
                    case "connection_ack":
                        await _send(socket, id="it", type="start", payload=payload)
                    case "data":
                        yield _data(message["payload"])
                    case "error" | "connection_error":
                        _end(message["payload"]["errors"])
                    case "complete":
                        return


async def event_stream(asking: Asking) -> Results:
    """Subscribe by GraphQL over Server-Sent Events."""
    there = replace(asking.service, origin=asking.url.replace("ws:", "http:").removesuffix("/graphql"))
    async with asked(there, asking.document, asking.token, **asking.variables) as stream:
        if stream.response.status_code == 401:
            raise Ended([{"message": "Unauthorized.", "extensions": {"code": "UNAUTHENTICATED"}}])
        while (event := await stream.events.get()).kind == "next":
            if "data" not in event.payload:
                raise Ended(event.payload["errors"])
            yield _data(event.payload)
        if event.kind == "cut":
            raise ConnectionResetError("the event stream was cut")


PROTOCOLS: Mapping[str, Protocol] = {
    "graphql-transport-ws": transport_ws,
    "subscriptions-transport-ws": legacy,
    "appsync": appsync,
    "event stream": event_stream,
}


def _dialled(url: str, *protocols: str) -> connect:
    offered = [Subprotocol(name) for name in protocols]
    return connect(
        url, subprotocols=offered, max_size=None, open_timeout=PATIENCE, ping_interval=None, compression=None
    )


async def _send(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def _messages(socket: ClientConnection) -> AsyncGenerator[dict[str, Any], None]:
    async for text in socket:
        message: dict[str, Any] = json.loads(text)
        if "type" not in message:  # API Gateway's own, about a function that failed: clients disconnect
            raise ConnectionResetError(message)
        yield message


def _data(payload: Mapping[str, Any]) -> dict[str, Any]:
    assert "errors" not in payload, payload
    data: dict[str, Any] = payload["data"]
    return data


def _end(errors: list[dict[str, Any]]) -> None:
    """Raise the errors that ended it.

    Those without a code announce that API Gateway is about to close the connection.
    """
    if all("extensions" in error for error in errors):
        raise Ended(errors)
