"""`POST /v1/<domain>/<function>`: persisted documents for clients without GraphQL, a function for each domain.

The body is the document's variables, the answer GraphQL's. The same four functions are AppSync's data sources.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from app.aws.appsync import answer, is_of_appsync
from app.aws.callers import of_appsync
from app.aws.container import Container, Event
from app.aws.response_size import fitting
from milequest.rules.authorizing import AuthorizerRequest
from milequest.rules.edge_headers import caller_address
from milequest.rules.errors import HTTP_STATUS, ErrorCode, http_status, invalid, not_found
from milequest.runtime import Runtime, open_runtime
from milequest.settings import Settings
from milequest.store.deadlines import in_time
from resolvers.context import Request
from resolvers.identity import Identify, identifying
from schema import observing
from schema.build import runner
from schema.error_payloads import as_errors, retry_after
from schema.operation import Operation

DOCUMENTS = Path(__file__).parent / "documents"
REST_STATUS = dict.fromkeys(ErrorCode, 422) | {  # by which clients of REST, who have no GraphQL, tell refusals apart
    **HTTP_STATUS,
    ErrorCode.VALIDATION_ERROR: 400,
    ErrorCode.CONFLICT: 409,
    ErrorCode.STALE_VERSION: 409,
    ErrorCode.IDEMPOTENCY_MISMATCH: 409,
}


@dataclass(frozen=True, slots=True)
class DomainDependencies:
    """Dependencies of the functions."""

    runtime: Runtime
    identify: Identify

    async def request(
        self,
        authorization: str | None,
        address: str,
        appsync_identity: Mapping[str, Any] | None = None,
        operation: Operation | None = None,
    ) -> Request:
        """Return the request of an operation. Raises UNAUTHENTICATED.

        `appsync_identity` is AppSync's identity of a caller without a token.
        """
        request_id = uuid4().hex
        if appsync_identity is not None:
            identity = await of_appsync(self.identify, appsync_identity, self.runtime.settings.jwt_issuer)
        else:
            identity = await self.identify(
                authorization, AuthorizerRequest(request_id, operation=operation, address=address)
            )
        return Request(request_id, datetime.now(UTC), identity, self.runtime, address=address)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[DomainDependencies]:
    async with open_runtime(settings, serves=False) as runtime:
        yield DomainDependencies(runtime, identifying(runtime))


runner()  # the schema is built while the container starts
container = Container(_opened)


def documents(domain: str) -> Mapping[str, str]:
    """Return a domain's documents by the names of its functions."""
    return {path.stem: path.read_text() for path in sorted((DOCUMENTS / domain).glob("*.graphql"))}


def _function(domain: str) -> Callable[[Any, Any], Any]:
    """Return the Lambda function of a domain."""
    known = documents(domain)

    def handler(event: Any, context: Any) -> Any:
        if is_of_appsync(event):
            return container.run(lambda parts: answer(parts.request, event))
        return fitting(container.run(partial(called, known=known, event=event)))

    return handler


@in_time
async def called(parts: DomainDependencies, known: Mapping[str, str], event: Event) -> Mapping[str, Any]:
    """Answer one request of the REST API, so that pages of the allowed origins can read it."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    readable = _readable(headers.get("origin"), parts.runtime.settings.allowed_origins)
    if event.get("httpMethod") == "OPTIONS":
        return {"statusCode": 204, "headers": {**readable, **_preflight(headers)} if readable else {}, "body": ""}
    answer = await _answered(parts, known, event, headers)
    return {**answer, "headers": {**answer["headers"], **readable, "vary": "Origin"}}


def _readable(origin: str | None, allowed: Collection[str]) -> dict[str, str]:
    """Return the header by which a page of an allowed origin can read an answer."""
    return {"access-control-allow-origin": origin} if origin in allowed and origin else {}


def _preflight(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what a browser asks for before it sends a request: no header is a credential that it adds by itself."""
    return {
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": headers.get("access-control-request-headers", ""),
        "access-control-max-age": "600",
        "vary": "Origin, Access-Control-Request-Headers",
    }


async def _answered(
    parts: DomainDependencies, known: Mapping[str, str], event: Event, headers: Mapping[str, str]
) -> Mapping[str, Any]:
    try:
        text = known.get(event["path"].rpartition("/")[2])
        if text is None:
            raise not_found("function")
        address = caller_address(event["requestContext"])
        wanted = Operation(text, _variables(event.get("body")))
        with observing.operation(uuid4().hex, "rest"):
            request = await parts.request(headers.get("authorization"), address, operation=wanted)
            result = await runner().run(runner().admit(text, request), request, wanted.variables, None)
        return _answer({"data": result.data}, [error.formatted for error in result.errors or ()])
    except Exception as error:
        return _answer({}, as_errors(error))


def _variables(body: str | None) -> dict[str, Any]:
    try:
        given = orjson.loads(body or "{}")
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise invalid("body", "MALFORMED", "the body must be a JSON object: the variables")
    return given


def _answer(body: dict[str, Any], errors: Any) -> Mapping[str, Any]:
    """Return an answer in API Gateway's format.

    The status is the first error's, or 422 for one of neither ours nor HTTP's.
    """
    status = 200
    if errors:
        status = http_status(errors[0]["extensions"]["code"], REST_STATUS)
        body |= {"errors": errors}
    headers = {"content-type": "application/json; charset=utf-8", "cache-control": "no-store"} | retry_after(errors)
    return {"statusCode": status, "headers": headers, "body": orjson.dumps(body, default=str).decode()}


auth, team, activity, map = (_function(domain) for domain in ("auth", "team", "activity", "map"))
