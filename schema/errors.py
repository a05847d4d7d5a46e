"""Errors as clients see them: every one has a code, and an unexpected one reveals only the request's id."""

import logging
import re
from collections.abc import Iterable, Mapping

from graphql import GraphQLError

from milequest.rules.errors import ErrorCode, FieldFault, QuestError
from milequest.store.sql.transaction import reason, unavailable_error
from resolvers.context import Request

# Messages of graphql-core by which it reports that a limit of `schema.limits` was reached; it has no code for that.
_TOO_LONG = ("Syntax Error: Document contains more than ", "Syntax Error: Source contains more than ")
_TOO_LARGE = {
    "Validation aborted.": "The document selects the same fields too often.",
    "Syntax Error: Document is nested too deeply. Parsing aborted.": "The document is nested too deep.",
}

_VARIABLE = re.compile(r"Variable '\$(?P<name>\w+)' has invalid value(?: at (?P<path>\S+))?: (?P<why>.*)", re.DOTALL)
_AWAY = 0  # logged once per request for all errors of a database that is away; no object has this id

log = logging.getLogger("milequest.graphql")


def public_errors(errors: Iterable[GraphQLError] | None, request: Request) -> list[GraphQLError]:
    """Return the engine's errors and those appended by resolvers. An unexpected one is logged once per request."""
    logged: set[int] = set()
    public = [_public(error, request, logged) for error in errors or ()]
    public += [_refusal(GraphQLError("", path=path), refusal, request) for path, refusal in request.errors]
    request.errors.clear()
    return public


def refused_document(error: GraphQLError) -> GraphQLError:
    """Return the error of a document or its variables: VALIDATION_ERROR, or QUERY_TOO_COMPLEX for its size."""
    too_large = error.message in _TOO_LARGE or error.message.startswith(_TOO_LONG)
    code = ErrorCode.QUERY_TOO_COMPLEX if too_large else ErrorCode.VALIDATION_ERROR
    message = _TOO_LARGE.get(error.message, error.message)
    return _with(error, message, {"code": code.value} | _fields(error.message) | (error.extensions or {}))


def _fields(message: str) -> dict[str, object]:
    """Return the invalid field of a variable, if it is one: only the engine's message names it."""
    match = _VARIABLE.fullmatch(message)
    if match is None:
        return {}
    return {"fields": [FieldFault(f"{match['name']}{match['path'] or ''}", "MALFORMED", match["why"]).wire()]}


def _public(error: GraphQLError, request: Request, logged: set[int]) -> GraphQLError:
    cause = error.original_error
    if isinstance(cause, QuestError):
        return _refusal(error, cause, request)
    if _is_the_clients(error):
        return refused_document(error)
    if cause is not None and (refusal := unavailable_error(cause)):
        if _AWAY not in logged:
            logged.add(_AWAY)
            log.warning("no answer for now: %s", reason(cause), extra={"request_id": request.id})
        return _refusal(error, refusal, request)
    if id(cause or error) not in logged:
        logged.add(id(cause or error))
        where = "/".join(map(str, error.path or ()))
        log.error("unexpected error at %s", where, exc_info=cause or error, extra={"request_id": request.id})
    internal = {"code": ErrorCode.INTERNAL.value, "requestId": request.id}
    return _with(error, "Something went wrong on our side.", internal)


def _is_the_clients(error: GraphQLError) -> bool:
    """Return whether the engine refused a document, a variable or an argument: its error has a place in the text."""
    cause = error.original_error
    if cause is None:
        return error.path is None
    return isinstance(cause, GraphQLError) and (error.path is None or bool(cause.nodes))


def _refusal(error: GraphQLError, refusal: QuestError, request: Request) -> GraphQLError:
    return _with(error, refusal.message, refusal.extensions() | {"requestId": request.id})


def _with(error: GraphQLError, message: str, extensions: Mapping[str, object]) -> GraphQLError:
    return GraphQLError(message, error.nodes, error.source, error.positions, error.path, extensions=dict(extensions))
