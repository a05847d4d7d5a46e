"""Errors of operations that ended or never began, in the form of GraphQL errors: the same over all protocols."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

from milequest.rules.errors import ErrorCode, QuestError
from milequest.store.sql.transaction import reason, unavailable_error
from milequest.telemetry.work import Failed

if TYPE_CHECKING:  # the function that connects sockets imports no GraphQL
    from graphql import GraphQLError

Errors: TypeAlias = Sequence[Mapping[str, Any]]
"""GraphQL errors in the form of an answer: `message`, `extensions` and so on."""

log = logging.getLogger("milequest.socket")


class RequestRefused(Failed):
    """The document cannot be run; there is no data, only `errors`."""

    def __init__(self, errors: "list[GraphQLError]") -> None:
        super().__init__(errors[0].message)
        self.errors = errors

    @property
    def codes(self) -> Sequence[str]:
        return _codes([error.formatted for error in self.errors])


class OperationFailed(Failed):
    """The operation did not begin, or ended: `errors` are the reasons, as GraphQL errors."""

    def __init__(self, errors: Errors) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors

    @property
    def codes(self) -> Sequence[str]:
        return _codes(self.errors)


def _codes(errors: Iterable[Mapping[str, Any]]) -> Sequence[str]:
    """Return the codes of errors, each once."""
    return tuple(dict.fromkeys(str(error.get("extensions", {}).get("code")) for error in errors))


def as_errors(error: Exception, request_id: str | None = None) -> Errors:
    """Return an exception of an operation as GraphQL errors. An unexpected one is logged once, and masked."""
    match error:
        case OperationFailed():
            return error.errors
        case RequestRefused():
            return [one.formatted for one in error.errors]
        case QuestError():
            return error_payload(error, request_id)
    request_id = request_id or uuid4().hex
    if refusal := unavailable_error(error):
        log.warning("no answer for now: %s", reason(error), extra={"request_id": request_id})
        return error_payload(refusal, request_id)
    log_unexpected(error, request_id)
    extensions = {"code": ErrorCode.INTERNAL.value, "requestId": request_id}
    return [{"message": "Something went wrong on our side.", "extensions": extensions}]


def error_payload(refusal: QuestError, request_id: str | None = None) -> Errors:
    """Return a refusal as GraphQL errors."""
    extensions = refusal.extensions() | ({"requestId": request_id} if request_id else {})
    return [{"message": refusal.message, "extensions": extensions}]


def log_unexpected(error: Exception, request_id: str | None = None) -> None:
    """Log an unexpected error with its traceback."""
    log.error("unexpected error of an operation", exc_info=error, extra={"request_id": request_id})


def retry_after(errors: Errors) -> dict[str, str]:
    """Return the Retry-After header, the longest wait of these errors, for clients that do not read them."""
    waits = [error.get("extensions", {}).get("retryAfterSeconds", 0) for error in errors]
    return {"retry-after": str(max(waits))} if any(waits) else {}
