"""The authorizer of both APIs: checks tokens by their issuer's public keys alone. It uses no database.

A caller without a token passes, as nobody could sign in otherwise: the schema defines which fields need a user, and
the functions check for closed accounts. An invalid token does not make its caller anonymous: it is denied. Where the
operator has an authorizer, tokens of other issuers pass too: the functions know the operation, and call it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.aws.container import Container, Event
from milequest.providers.identity.outside import OutsideIdentity
from milequest.rules.bearer import bearer
from milequest.rules.errors import ErrorCode, QuestError
from milequest.settings import Settings
from subscriptions.handshakes import agreed


@dataclass(frozen=True, slots=True)
class TokenAuthorizer:
    """Verifier of the issuer's tokens, which knows whether an operator's authorizer decides about all others."""

    identity: OutsideIdentity
    is_not_alone: bool


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[TokenAuthorizer]:
    yield TokenAuthorizer(
        OutsideIdentity(settings.jwks_url, settings.jwt_issuer, settings.jwt_client_id), bool(settings.authorizer)
    )


container = Container(_opened)


def handler(event: Event, context: Any) -> Any:
    """Allow or deny one request or handshake."""
    return container.run(lambda judge: decided(judge, event, datetime.now(UTC)))


async def decided(judge: TokenAuthorizer, event: Event, now: datetime) -> Mapping[str, Any]:
    """Return the policy for a request. Raises UNAVAILABLE while undecidable, which API Gateway answers with 500."""
    try:
        authorization = _authorization(event)
        if not authorization:
            return _policy("Allow", "anonymous", event)
        if judge.is_not_alone and not any(map(judge.identity.is_meant, authorization.split())):
            return _policy("Allow", "unknown", event)
        verified = await judge.identity.verify(bearer(authorization), now)
    except QuestError as refusal:
        if refusal.code is not ErrorCode.UNAUTHENTICATED:
            raise
        return _policy("Deny", "unknown", event)
    return _policy("Allow", verified.subject, event)


def _authorization(event: Event) -> str | None:
    """Return a request's token: from its header, or of a handshake where browsers can set none.

    Raises UNAUTHENTICATED.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    if "connectionId" not in event["requestContext"]:
        return headers.get("authorization")
    offered = [name.strip() for name in headers.get("sec-websocket-protocol", "").split(",")]
    handshake = agreed("", offered, event.get("queryStringParameters") or {})
    if handshake is None:
        return None  # which $connect will report
    if handshake.fault is not None:
        raise handshake.fault
    return handshake.authorization


def _policy(effect: str, principal: str, event: Event) -> Mapping[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"principal": principal},
    }
