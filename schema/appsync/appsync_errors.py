"""Errors in AppSync's shape, which its clients read beside GraphQL's."""

from collections.abc import Mapping
from typing import Any

from milequest.rules.errors import ErrorCode, http_status

TYPES: Mapping[str, str] = {
    ErrorCode.UNAUTHENTICATED: "UnauthorizedException",
    ErrorCode.FORBIDDEN: "Unauthorized",
    ErrorCode.VALIDATION_ERROR: "BadRequestException",
    ErrorCode.QUERY_TOO_COMPLEX: "BadRequestException",
    ErrorCode.RATE_LIMITED: "LimitExceededError",
    ErrorCode.UNAVAILABLE: "ServiceUnavailable",
    ErrorCode.INTERNAL: "InternalFailure",
}
"""AppSync's `errorType` for our codes; others are their own."""


def in_shape(error: Mapping[str, Any]) -> dict[str, Any]:
    """Return an error with the members that AppSync's clients read, beside GraphQL's."""
    extensions = error.get("extensions", {})
    code = extensions.get("code", ErrorCode.INTERNAL)
    info = {name: value for name, value in extensions.items() if name != "code"}
    kind = {"errorType": TYPES.get(code, code), "errorCode": http_status(code)}
    return {**kind, **({"errorInfo": info} if info else {}), **error}
