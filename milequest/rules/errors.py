"""Every refusal a caller can get, as a small tree.

    QuestError
    ├── ValidationError          one or more fields are wrong; `fields` names them and what is allowed
    ├── Refused                  a rule of the product forbids it; `code` names it
    └── RateLimited              too many; `retry_after_seconds`

A QuestError's code, message and `extensions` reach the client as they are, so they hold no secret and no SQL.
Anything else that is raised is unexpected: it is masked, and logged once with the request's id.
Source of the codes: the public API's `ErrorCode`; they may be added to, never renamed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

T = TypeVar("T")


class ErrorCode(StrEnum):
    """All error codes of the API. The list may grow, so clients need a default branch."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    CONFLICT = "CONFLICT"
    STALE_VERSION = "STALE_VERSION"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    RATE_LIMITED = "RATE_LIMITED"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"
    CODE_INVALID = "CODE_INVALID"
    EMAIL_NOT_VERIFIED = "EMAIL_NOT_VERIFIED"
    TEAM_FULL = "TEAM_FULL"
    ALREADY_MEMBER = "ALREADY_MEMBER"
    NOT_MEMBER = "NOT_MEMBER"
    LAST_ADMIN = "LAST_ADMIN"
    INVALID_INVITE_CODE = "INVALID_INVITE_CODE"
    INVITE_EXPIRED = "INVITE_EXPIRED"
    INVITE_WRONG_RECIPIENT = "INVITE_WRONG_RECIPIENT"
    TEAM_HAS_ACTIVE_GOAL = "TEAM_HAS_ACTIVE_GOAL"
    GOAL_NOT_EDITABLE = "GOAL_NOT_EDITABLE"
    ROUTE_ERROR = "ROUTE_ERROR"
    NO_ROUTE_FOUND = "NO_ROUTE_FOUND"
    DUPLICATE_ACTIVITY = "DUPLICATE_ACTIVITY"
    BACKDATE_LIMIT = "BACKDATE_LIMIT"
    IMPLAUSIBLE = "IMPLAUSIBLE"
    PROVIDER_ERROR = "PROVIDER_ERROR"
    PROVIDER_RETIRED = "PROVIDER_RETIRED"
    NEEDS_RECONSENT = "NEEDS_RECONSENT"


HTTP_STATUS: Mapping[str, int] = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL: 500,
    ErrorCode.UNAVAILABLE: 503,
}
"""The HTTP status of a whole request that is refused; 400 for a code that is not listed."""


def http_status(code: str, otherwise: Mapping[str, int] = MappingProxyType({})) -> int:
    """Return the HTTP status of a request refused with this code; entries of `otherwise` take precedence."""
    return otherwise.get(code) or HTTP_STATUS.get(code, 400)


MAY_PASS = {ErrorCode.UNAVAILABLE, ErrorCode.RATE_LIMITED, ErrorCode.ROUTE_ERROR, ErrorCode.PROVIDER_ERROR}
"""Codes of errors that may succeed a moment later: only these may have `retryable`, on which clients retry."""

WRONG_GUESSES = {
    ErrorCode.UNAUTHENTICATED,
    ErrorCode.EMAIL_NOT_VERIFIED,  # the sign-up's password, which is not the account's
    ErrorCode.CODE_INVALID,
    ErrorCode.INVALID_INVITE_CODE,
}
"""The error codes that mean a wrong password or a wrong mailed code."""
WRONG = "WRONG"  # the same in `fields[].code`


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One wrong field: its path (`input.distanceMeters`), the reason, and the allowed range where there is one."""

    path: str
    code: str
    message: str
    min: float | str | None = None
    max: float | str | None = None

    def wire(self) -> dict[str, object]:
        """Return the fault as clients see it under `extensions.fields`."""
        body: dict[str, object] = {"path": self.path, "code": self.code, "message": self.message}
        if self.min is not None:
            body["min"] = self.min
        if self.max is not None:
            body["max"] = self.max
        return body


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal as data: input accepted with doubt, or a failed item of a batch. `field` is a path of the input."""

    code: ErrorCode
    message: str
    field: str | None = None


class QuestError(Exception):
    """A refusal with a stable code. `details` are further public keys of `extensions` (`existingId`, `legIndex`, …)."""

    def __init__(self, code: ErrorCode, message: str, **details: object) -> None:
        super().__init__(message)
        assert not details.get("retryable") or code in MAY_PASS, f"{code} is never retryable"
        self.code = code
        self.message = message
        self.details = details

    def extensions(self) -> dict[str, object]:
        """Return the error's `extensions`, without the request id."""
        return {"code": self.code.value, **self.details}


class Refused(QuestError):
    """A rule of the product forbids it."""


class ValidationError(QuestError):
    """The input itself is wrong, for every caller at any time."""

    def __init__(self, *fields: FieldFault) -> None:
        super().__init__(ErrorCode.VALIDATION_ERROR, "; ".join(f"{f.path}: {f.message}" for f in fields))
        self.fields: Sequence[FieldFault] = fields

    def extensions(self) -> dict[str, object]:
        return {**super().extensions(), "fields": [field.wire() for field in self.fields]}


class RateLimited(QuestError):
    """Too many in a window; the caller may retry after `retry_after_seconds`."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(ErrorCode.RATE_LIMITED, message, retryable=True, retryAfterSeconds=max(1, retry_after_seconds))


def invalid(
    path: str, code: str, message: str, *, low: float | str | None = None, high: float | str | None = None
) -> ValidationError:
    """Return a ValidationError of one field. `code` is a short reason such as TOO_LONG, OUT_OF_RANGE or MALFORMED."""
    return ValidationError(FieldFault(path, code, message, low, high))


def not_found(what: str) -> Refused:
    """Return the refusal for an object that does not exist or is hidden from the caller; the two must look the same."""
    return Refused(ErrorCode.NOT_FOUND, f"No such {what}.")


def forbidden(message: str) -> Refused:
    """Return the refusal for a caller who sees the object but may not do this to it."""
    return Refused(ErrorCode.FORBIDDEN, message)


def unauthenticated(message: str = "Sign in first.") -> Refused:
    """Return the refusal for a caller who is not signed in, or whose credentials are no longer valid."""
    return Refused(ErrorCode.UNAUTHENTICATED, message)


def wrong_password(path: str) -> ValidationError:
    """Return the refusal of a signed-in user's wrong current password. The session stays valid."""
    return invalid(path, WRONG, "is not the account's password")


def is_final_refusal(error: BaseException) -> bool:
    """Return whether an error is a final refusal: neither a fault of the service nor retryable."""
    return isinstance(error, QuestError) and error.code not in MAY_PASS


def is_wrong_guess(error: BaseException) -> bool:
    """Return whether a refusal means a wrong password or a wrong mailed code."""
    if isinstance(error, ValidationError):
        return any(fault.code == WRONG for fault in error.fields)
    return isinstance(error, QuestError) and error.code in WRONG_GUESSES


def require(value: T | None, what: str) -> T:
    """Return `value`. Raises NOT_FOUND for None."""
    if value is None:
        raise not_found(what)
    return value


def refuse_stale(expected: int | None, current: int, what: str) -> None:
    """Raise STALE_VERSION with `currentVersion` unless the caller changes the current version."""
    if expected is not None and expected != current:
        raise Refused(ErrorCode.STALE_VERSION, f"The {what} has changed since.", currentVersion=current)
