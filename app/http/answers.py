"""Answers to a GraphQL request over HTTP: one as JSON or as an event stream, or events as they happen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.http.negotiation import GRAPHQL, JSON
from schema.appsync.appsync_errors import in_shape
from schema.error_payloads import Errors, retry_after
from schema.execution import ExecutionResult
from subscriptions.protocols import sse
from subscriptions.protocols.sse import EVENTS
from subscriptions.streams import Stream

APPSYNC = "appsync"
PARTIAL_SUCCESS = 294  # status of a partial success, for GraphQL over HTTP's media type only
ALWAYS = {"vary": "accept", "cache-control": "no-store", "x-content-type-options": "nosniff"}
UNBUFFERED = {"cache-control": "no-cache", "x-accel-buffering": "no"}  # the latter is nginx's


@dataclass(slots=True)
class Answer:
    """Form of the answer to one request: its id, and the accepted media types, the preferred one first.

    In the `shape` APPSYNC errors also have the fields AppSync's clients read.
    """

    request_id: str
    accepted: Sequence[str] = (JSON,)
    shape: str = ""

    def result(self, result: ExecutionResult) -> Response:
        """Return the response to a query or a mutation."""
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [error.formatted for error in result.errors]
        media = self.accepted[0]
        return self._response(media, PARTIAL_SUCCESS if result.errors and media == GRAPHQL else 200, body)

    def events(self, stream: Stream) -> Response:
        """Return the response to a subscription: its events from now on."""
        return EventStream(stream, self._headers(EVENTS) | UNBUFFERED)

    def refused(self, errors: Errors) -> Response:
        """Return the response to an operation that never ran.

        The status is 400 in GraphQL's own media type, and 200 in JSON and in events: their clients read `errors` only
        with a status of 200, as their specifications require.
        """
        media = self.accepted[0]
        return self._response(media, 400 if media == GRAPHQL else 200, self._without_data(errors))

    def errors(self, status: int, errors: Errors, headers: Mapping[str, str] | None = None) -> Response:
        """Return the response to a request that failed in HTTP: by its status, in JSON whatever is preferred."""
        media = next((media for media in self.accepted if media != EVENTS), JSON)
        return self._response(media, status, self._without_data(errors), headers)

    def _without_data(self, errors: Errors) -> dict[str, Any]:
        """Return errors alone, each with the request's id."""
        own = {"requestId": self.request_id}
        return {"errors": [{**error, "extensions": error.get("extensions", {}) | own} for error in errors]}

    def _response(
        self, media: str, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None
    ) -> Response:
        if self.shape == APPSYNC and "errors" in body:
            body |= {"errors": [in_shape(error) for error in body["errors"]]}
        headers = {**retry_after(body.get("errors", ())), **(headers or {})}
        content = orjson.dumps(body, default=str)
        if media == EVENTS:
            content = sse.only(content.decode()).encode()
        return Response(content, status, self._headers(media) | headers)

    def _headers(self, media: str) -> dict[str, str]:
        return {"content-type": f"{media}; charset=utf-8", "x-request-id": self.request_id, **ALWAYS}


class EventStream(Response):
    """A response that lasts as long as a stream does."""

    def __init__(self, stream: Stream, headers: Mapping[str, str]) -> None:
        self.status_code = 200
        self.init_headers(headers)  # without a length, since there is no body yet
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await self._stream.run(receive, send)
        finally:
            self._stream.close()
