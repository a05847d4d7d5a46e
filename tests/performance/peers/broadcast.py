"""The live service's reference: one prepared message to all sockets of a topic, under the same server.

It implements just enough of graphql-transport-ws for the bench. `POST /tell/TOPIC` has the result that is sent to all
subscribers of the topic; new ones get the newest at once. There is no authentication, and nothing is bounded.
"""

from collections import defaultdict

import orjson
from starlette.types import Receive, Scope, Send

from subscriptions.protocols.protocol_steps import ACK
from subscriptions.protocols.transport_ws import NAME

_OK = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}


class Broadcast:
    """The ASGI application."""

    def __init__(self) -> None:
        self._sockets: defaultdict[str, set[Send]] = defaultdict(set)
        self._newest: dict[str, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a socket, an event or the application's lifespan."""
        if scope["type"] == "websocket":
            await self._listen(receive, send)
        elif scope["type"] == "http":
            await self._tell(scope["path"].rpartition("/")[2], receive)
            await send(_OK)
            await send({"type": "http.response.body", "body": b"{}"})
        else:
            for moment in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{moment}.complete"})

    async def _tell(self, topic: str, receive: Receive) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part["body"], part.get("more_body", False)
        self._newest[topic] = text = prepared(body.decode())
        for send in list(self._sockets[topic]):
            await send({"type": "websocket.send", "text": text})

    async def _listen(self, receive: Receive, send: Send) -> None:
        topic = ""
        await receive()
        await send({"type": "websocket.accept", "subprotocol": NAME})
        while (message := await receive())["type"] == "websocket.receive":
            said = orjson.loads(message["text"])
            if said["type"] == "connection_init":
                await send({"type": "websocket.send", "text": ACK})
            elif said["type"] == "subscribe":
                topic = said["payload"]["variables"]["team"]
                self._sockets[topic].add(send)
                await send({"type": "websocket.send", "text": self._newest[topic]})
        self._sockets[topic].discard(send)


def prepared(result: str) -> str:
    """Return the message with a result; all sockets call their operation 1."""
    return f'{{"id":"1","type":"next","payload":{result}}}'
