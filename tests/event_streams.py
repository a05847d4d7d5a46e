"""GraphQL over Server-Sent Events as a client reads it, by httpx: a response parsed by the HTML standard."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.listening import PATIENCE, Connection, Stream
from tests.service import Service

EVENTS = "text/event-stream"
TLS = ssl.create_default_context()  # slow to make, and each client would make its own


@dataclass(frozen=True, slots=True)
class Event:
    """One event, or the response's end: `end`, or `cut` where it was not finished."""

    kind: str
    data: str = ""
    id: str | None = None

    @property
    def payload(self) -> dict[str, Any]:
        """The result in it."""
        assert self.kind == "next", self
        payload: dict[str, Any] = json.loads(self.data)
        return payload

    @property
    def news(self) -> Any:
        """The data of its root field."""
        assert "errors" not in self.payload, self
        (news,) = self.payload["data"].values()
        return news


def parsed(block: str) -> Event | None:
    """Return the event of the lines between two blank ones; None for comments alone."""
    kind, data, id = "message", None, None
    for line in block.split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            assert data is None, "JSON is one line"
            data = value
        elif name == "id":
            id = value
        else:
            assert name == "", line
    return None if data is None else Event(kind, data, id)


@dataclass
class EventStream:
    """A response that is being read."""

    response: httpx.Response
    events: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    comments: int = 0

    async def next(self) -> Event:
        """Return the next event."""
        return await asyncio.wait_for(self.events.get(), PATIENCE)

    async def read(self) -> None:
        """Read events as they arrive."""
        rest = ""
        try:
            async for text in self.response.aiter_text():
                *blocks, rest = (rest + text).split("\n\n")
                for block in blocks:
                    if event := parsed(block):
                        self.events.put_nowait(event)
                    else:
                        self.comments += 1
        except (httpx.RemoteProtocolError, httpx.ReadError):
            self.events.put_nowait(Event("cut"))
        else:
            assert rest == ""
            self.events.put_nowait(Event("end"))


@asynccontextmanager
async def asked(
    service: Service,
    query: str,
    token: str | None = None,
    *,
    method: str = "POST",
    accept: str = EVENTS,
    last_event_id: str | None = None,
    origin: str | None = None,
    **variables: Any,
) -> AsyncIterator[EventStream]:
    """Yield an operation's response, while the block runs."""
    authorization = f"Bearer {token}" if token else None
    said = {"accept": accept, "authorization": authorization, "last-event-id": last_event_id, "origin": origin}
    headers = httpx.Headers({name: text for name, text in said.items() if text is not None}, encoding="utf-8")
    given: dict[str, Any] = {"json": {"query": query, "variables": variables}}
    if method != "POST":
        given = {"params": {"query": query, "variables": json.dumps(variables)}}
    async with (
        httpx.AsyncClient(timeout=PATIENCE * 2, verify=TLS) as client,
        client.stream(method, service.url, headers=headers, **given) as response,
    ):
        stream = EventStream(response)
        reading = asyncio.create_task(stream.read())
        try:
            yield stream
        finally:
            reading.cancel()
            await asyncio.wait([reading])


class Responses(Connection):
    """Stand-in for a connection in the behaviour suite, though each operation is a response of its own."""

    def __init__(self, service: Service, token: str | None) -> None:
        self._service = service
        self._token = token
        self._responses: dict[str, AsyncExitStack] = {}

    async def subscribe(self, query: str, **variables: Any) -> Stream:
        """Begin an operation."""
        stream = Stream(f"op{len(self._responses)}", self)
        response = self._responses[stream.id] = AsyncExitStack()
        events = await response.enter_async_context(asked(self._service, query, self._token, **variables))
        response.callback(asyncio.create_task(self._tell(events, stream)).cancel)
        return stream

    async def send(self, **message: Any) -> None:
        """Send the one possible message: that an operation is no longer wanted."""
        assert message["type"] == "complete"
        await self._responses[message["id"]].aclose()

    async def close(self) -> None:
        """Disconnect."""
        for response in self._responses.values():
            await response.aclose()

    async def _tell(self, events: EventStream, stream: Stream) -> None:
        while (event := await events.events.get()).kind == "next" and "data" in event.payload:
            stream.messages.put_nowait({"type": "next", "payload": event.payload})
        if event.kind == "next":  # errors alone: only the end may follow
            assert [(await events.events.get()).kind for _ in range(2)] == ["complete", "end"]
            stream.messages.put_nowait({"type": "error", "payload": event.payload["errors"]})
        else:
            stream.messages.put_nowait({"type": event.kind})


@asynccontextmanager
async def follow(service: Service, token: str | None) -> AsyncIterator[Responses]:
    """Follow all operations begun within the block."""
    responses = Responses(service, token)
    try:
        yield responses
    finally:
        await responses.close()
