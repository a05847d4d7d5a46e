"""Errors of operations that ended or never began, in the form of GraphQL errors."""

import logging
from uuid import uuid4

from milequest.rules.errors import ErrorCode, QuestError
from milequest.store.transaction import reason, unreached
from subscriptions.protocols.steps import Errors

log = logging.getLogger("milequest.socket")


def error_payload(refusal: QuestError, request_id: str | None = None) -> Errors:
    """Return a refusal as GraphQL errors."""
    extensions = refusal.extensions() | ({"requestId": request_id} if request_id else {})
    return [{"message": refusal.message, "extensions": extensions}]


def broken(error: Exception, request_id: str | None = None) -> Errors:
    """Log an unexpected error once and return it masked. A database that is away is UNAVAILABLE, only a warning."""
    request_id = request_id or uuid4().hex
    if refusal := unreached(error):
        log.warning("no database: %s", reason(error), extra={"request_id": request_id})
        return error_payload(refusal, request_id)
    log.error("unexpected error of an operation", exc_info=error, extra={"request_id": request_id})
    extensions = {"code": ErrorCode.INTERNAL.value, "requestId": request_id}
    return [{"message": "Something went wrong on our side.", "extensions": extensions}]


def retry_after(errors: Errors) -> dict[str, str]:
    """Return the Retry-After header, the longest wait of these errors, for clients that do not read them."""
    waits = [error.get("extensions", {}).get("retryAfterSeconds", 0) for error in errors]
    return {"retry-after": str(max(waits))} if any(waits) else {}
