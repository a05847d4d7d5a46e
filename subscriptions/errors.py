"""Why an operation ended or never began, in the form of GraphQL errors."""

import logging
from uuid import uuid4

from milequest.rules.errors import ErrorCode, QuestError
from milequest.store.transaction import reason, unreached
from subscriptions.protocols.steps import Errors

log = logging.getLogger("milequest.socket")


def error_payload(refusal: QuestError, request_id: str | None = None) -> Errors:
    """A refusal as it is answered."""
    extensions = refusal.extensions() | ({"requestId": request_id} if request_id else {})
    return [{"message": refusal.message, "extensions": extensions}]


def broken(error: Exception, request_id: str | None = None) -> Errors:
    """What nobody expected: logged once, and masked. What may be over soon is UNAVAILABLE, and no such error."""
    request_id = request_id or uuid4().hex
    if refusal := unreached(error):
        log.warning("no database: %s", reason(error), extra={"request_id": request_id})
        return error_payload(refusal, request_id)
    log.error("unexpected error of an operation", exc_info=error, extra={"request_id": request_id})
    extensions = {"code": ErrorCode.INTERNAL.value, "requestId": request_id}
    return [{"message": "Something went wrong on our side.", "extensions": extensions}]


def retry_after(errors: Errors) -> dict[str, str]:
    """The header for those who read no errors: when all of what was refused may be tried again."""
    waits = [error.get("extensions", {}).get("retryAfterSeconds", 0) for error in errors]
    return {"retry-after": str(max(waits))} if any(waits) else {}
