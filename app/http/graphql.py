"""`/graphql` over HTTP, by the specifications of GraphQL over HTTP and over SSE: POST for everything, GET for
queries and subscriptions.
"""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from app.http.answers import Answer
from app.http.negotiation import BadRequest, accepted, refuse_unless_json
from app.http.request_context import Caller, request_of
from milequest.rules.errors import ErrorCode, QuestError, http_status
from milequest.store.deadlines import in_time
from milequest.telemetry import spans
from resolvers.context import Request
from schema.build import runner
from schema.error_payloads import OperationFailed, RequestRefused, as_errors
from schema.limits import MAX_BODY_BYTES
from schema.observing import operation
from schema.operation import Operation
from subscriptions.protocols.sse import EVENTS
from subscriptions.streams import Stream, Streams

MAX_NESTING = 64
NOT_PERSISTED = {  # Apollo's error, upon which clients send the document itself
    "message": "PersistedQueryNotSupported",
    "extensions": {"code": "PERSISTED_QUERY_NOT_SUPPORTED"},
}
REALM = {"WWW-Authenticate": 'Bearer realm="Mile Quest", error="invalid_token"'}


async def endpoint(http: HttpRequest, caller: Caller | None = None) -> Response:
    """Answer one request, of `caller` where the header does not identify it. Never raises for a client's input."""
    answer = Answer(uuid4().hex, shape=http.headers.get("x-error-shape", ""))
    with spans.span("/graphql", "server", {"http.request.method": http.method, "request_id": answer.request_id}):
        return await _endpoint(http, caller, answer)


async def _endpoint(http: HttpRequest, caller: Caller | None, answer: Answer) -> Response:
    try:
        answer.accepted = accepted(http.headers.get("accept", ""))
        asked = _from_query(http) if http.method != "POST" else _operation(_decoded(await _body(http), "The body"))
        return await _answered(http, asked, caller, answer)
    except RequestRefused as refused:
        return answer.refused([error.formatted for error in refused.errors])
    except OperationFailed as failed:
        status = http_status(failed.errors[0]["extensions"]["code"])
        return answer.errors(status, failed.errors) if status >= 429 else answer.refused(failed.errors)
    except QuestError as refusal:
        status = http_status(refusal.code)
        return answer.errors(status, as_errors(refusal), REALM if status == 401 else {})
    except BadRequest as bad:
        error = {"message": bad.message, "extensions": {"code": ErrorCode.VALIDATION_ERROR.value}}
        return answer.errors(bad.status, [error], bad.headers)
    except ClientDisconnect:
        return Response(status_code=400)  # the client has disconnected
    except Exception as unexpected:
        errors = as_errors(unexpected, answer.request_id)
        return answer.errors(http_status(errors[0]["extensions"]["code"]), errors)


@in_time  # without the time for the body, which has a time-out of its own
async def _answered(http: HttpRequest, asked: Operation, caller: Caller | None, answer: Answer) -> Response:
    with operation(answer.request_id, "http"):
        request = await request_of(http, request_id=answer.request_id, operation=asked, caller=caller)
        prepared = runner().admit(asked.query, request)
        kind = prepared.operation(asked.operation_name).operation
        if kind is OperationType.SUBSCRIPTION:
            return answer.events(await _stream(http, request, asked, answer.accepted))
        if kind is OperationType.MUTATION and http.method != "POST":
            raise BadRequest(405, "GET runs no mutations; send them by POST.", {"Allow": "POST"})
        return answer.result(await runner().run(prepared, request, asked.variables, asked.operation_name))


async def _stream(http: HttpRequest, request: Request, asked: Operation, media: Sequence[str]) -> Stream:
    """Return the stream of a subscription, for a client that can read one.

    Raises as `Streams.begin`, and BadRequest.
    """
    if EVENTS not in media or http.method == "HEAD":
        raise BadRequest(400, f"Subscriptions run over WebSocket at this same address, or by `Accept: {EVENTS}`.")
    streams: Streams = http.app.state.streams
    return await streams.begin(http.app.state.hub, request, asked, http.headers.get("last-event-id"))


def _operation(body: Any) -> Operation:
    """Return the operation in a decoded body, the types of its parts checked. Raises BadRequest, OperationFailed."""
    if not isinstance(body, dict):
        raise BadRequest(400, "The body must be a JSON object; batches are not accepted.")
    query, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
    if query is None and isinstance(body.get("extensions"), dict) and "persistedQuery" in body["extensions"]:
        raise OperationFailed([NOT_PERSISTED])
    if not isinstance(query, str):
        raise BadRequest(400, "`query` must be a string.")
    if not isinstance(variables, dict | None):
        raise BadRequest(400, "`variables` must be an object.")
    if not isinstance(name, str | None):
        raise BadRequest(400, "`operationName` must be a string.")
    if not isinstance(body.get("extensions"), dict | None):
        raise BadRequest(400, "`extensions` must be an object.")
    return Operation(query, variables, name or None)


def _from_query(http: HttpRequest) -> Operation:
    given = http.query_params
    body: dict[str, Any] = {"query": given.get("query"), "operationName": given.get("operationName")}
    for name in ("variables", "extensions"):
        text = given.get(name)
        body[name] = _decoded(text.encode(), f"`{name}`") if text else None
    return _operation(body)


async def _body(http: HttpRequest) -> bytes:
    """Return the body, once its type, charset and size are right. Raises BadRequest."""
    refuse_unless_json(http.headers)
    body = bytearray()
    async for chunk in http.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BadRequest(413, f"The body is over {MAX_BODY_BYTES // 1024} KB.", {"Connection": "close"})
    return bytes(body)


def _decoded(text: bytes, what: str) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(400, f"{what} is not JSON in UTF-8: {error.msg}.") from None
    if _is_deeper(value, MAX_NESTING):
        raise BadRequest(400, f"{what} is nested more than {MAX_NESTING} deep.")
    return value


def _is_deeper(value: Any, levels: int) -> bool:
    """Return whether lists and objects are nested more than `levels` deep. Checks level by level."""
    level = [value] if isinstance(value, dict | list) else []
    while level and levels:
        level = [
            item
            for each in level
            for item in (each.values() if type(each) is dict else each)
            if type(item) is list or type(item) is dict
        ]
        levels -= 1
    return bool(level)
