"""Event and response of an operator's own authorizer: AppSync's Lambda authorization, in its shapes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from milequest.rules.errors import unauthenticated
from milequest.rules.identity import Identity, IdentityKind
from milequest.rules.instants import SECOND

CONNECTING = "DeepDish:Connect"  # AppSync's name for the handshake of a WebSocket
SIGNED = "AWS4-HMAC-SHA256"  # prefix of an AWS signature in the Authorization header, which is not a token
MAX_TOKEN = 8_192
# The longest an answer is cached, as in AppSync; also the life of a connection whose answer is not cached.
MAX_KEPT = timedelta(hours=1)
REDACTED_HEADERS = {"authorization", "cookie"}

_FIELD = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*", re.ASCII)
_ARN = re.compile(r"arn:[\w-]+:appsync:[^/]*:apis/[^/]+/types/(\w+)/fields/(\w+)", re.ASCII)


class RequestedOperation(Protocol):
    """The operation that a client wants to run."""

    @property
    def query(self) -> str:
        """The document."""

    @property
    def variables(self) -> Mapping[str, object] | None:
        """Its variables, as sent."""

    @property
    def operation_name(self) -> str | None:
        """Name of the operation to run."""


@dataclass(slots=True)
class AuthorizerRequest:
    """Circumstances of a token. Without an operation it came with a handshake or a plain GET.

    Its `address` is not part of the event.
    """

    request_id: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    operation: RequestedOperation | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Admission:
    """An identity that an authorizer admitted, and how long the answer may be cached for the same token."""

    identity: Identity
    kept: timedelta


def build_event(token: str, auth_request: AuthorizerRequest, account: str) -> dict[str, object]:
    """Return the event of AppSync's Lambda authorizer."""
    wanted = auth_request.operation
    return {
        "authorizationToken": token,
        "requestContext": {
            "apiId": "milequest",
            "accountId": account,
            "requestId": auth_request.request_id,
            "queryString": wanted.query if wanted else "",
            "operationName": wanted.operation_name if wanted else CONNECTING,
            "variables": dict(wanted.variables or {}) if wanted else {},
        },
        "requestHeaders": {
            name: value for name, value in auth_request.headers.items() if name.lower() not in REDACTED_HEADERS
        },
    }


def parse_response(answer: object, now: datetime) -> Admission:
    """Return the admission. Raises UNAUTHENTICATED for a denial, and for anything not of AppSync's shape."""
    if not isinstance(answer, Mapping) or answer.get("isAuthorized") is not True:
        raise unauthenticated("Not authorized.")
    context, ttl = answer.get("resolverContext"), answer.get("ttlOverride")
    denied = answer.get("deniedFields")
    if not _is_flat(context) or not isinstance(denied, list | None) or not _is_ttl(ttl):
        raise unauthenticated("Not authorized.")
    kept = timedelta(seconds=ttl or 0)
    identity = Identity(
        IdentityKind.LAMBDA,
        resolver_context=dict(context or {}),
        denied=frozenset(map(_field, denied or ())),
        expires_at=now + (kept or MAX_KEPT),
    )
    return Admission(identity, kept)


def _field(name: object) -> str:
    """Return a denied field as `Type.field`. One that is not understood cannot be denied, so it denies all access."""
    if isinstance(name, str):
        if _FIELD.fullmatch(name):
            return name
        if found := _ARN.fullmatch(name):
            return f"{found[1]}.{found[2]}"
    raise unauthenticated("Not authorized.")


def _is_flat(context: object) -> bool:
    if context is None:
        return True
    return isinstance(context, Mapping) and all(
        isinstance(name, str) and isinstance(value, str | int | float | None) for name, value in context.items()
    )


def _is_ttl(ttl: object) -> bool:
    return ttl is None or (isinstance(ttl, int) and not isinstance(ttl, bool) and 0 <= ttl <= MAX_KEPT // SECOND)
