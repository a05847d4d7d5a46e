"""The authorizer of both APIs: checks tokens by their issuer's public keys alone. It uses no database.

Behind an edge it denies what did not come through it, and hands the viewer's address on to the functions.
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
from milequest.rules.edge_headers import SECRET_HEADER, viewer_of
from milequest.rules.errors import ErrorCode, QuestError, unauthenticated
from milequest.settings import Settings
from milequest.store.aws.client import open_aws
from milequest.store.aws.edge_secret import EdgeSecret
from milequest.store.aws.secrets import Secret
from subscriptions.handshakes import agreed


@dataclass(frozen=True, slots=True)
class TokenAuthorizer:
    """Verifier of the issuer's tokens, which knows whether an operator's authorizer decides about all others.

    `edge` checks what came through the edge; None where there is none.
    """

    identity: OutsideIdentity
    is_not_alone: bool
    edge: EdgeSecret | None = None


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[TokenAuthorizer]:
    identity = OutsideIdentity(settings.jwks_url, settings.jwt_issuer, settings.jwt_client_id)
    async with open_aws(settings) as aws:
        edge = EdgeSecret(Secret(aws, settings.edge_secret)) if settings.edge_secret else None
        yield TokenAuthorizer(identity, bool(settings.authorizer), edge)


container = Container(_opened)


def handler(event: Event, context: Any) -> Any:
    """Allow or deny one request or handshake."""
    return container.run(lambda judge: decided(judge, event, datetime.now(UTC)))


async def decided(judge: TokenAuthorizer, event: Event, now: datetime) -> Mapping[str, Any]:
    """Return the policy for a request. Raises UNAVAILABLE or Away while undecidable: API Gateway answers with 500."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    try:
        address = await _viewer(judge.edge, headers)
        principal = await _principal(judge, _authorization(event, headers), now)
    except QuestError as refusal:
        if refusal.code is not ErrorCode.UNAUTHENTICATED:
            raise
        return _policy("Deny", "unknown", event)
    return _policy("Allow", principal, event, address)


async def _viewer(edge: EdgeSecret | None, headers: Mapping[str, str]) -> str | None:
    """Return the viewer's address, if the edge says it. Raises UNAUTHENTICATED for a request that came around it."""
    if edge is None:
        return None
    if not await edge.admits(headers.get(SECRET_HEADER)):
        raise unauthenticated("The request did not come through the edge.")
    return viewer_of(headers)


async def _principal(judge: TokenAuthorizer, authorization: str | None, now: datetime) -> str:
    """Return who calls. Raises UNAUTHENTICATED for a token that is not good."""
    if not authorization:
        return "anonymous"
    if judge.is_not_alone and not any(map(judge.identity.is_meant, authorization.split())):
        return "unknown"
    return (await judge.identity.verify(bearer(authorization), now)).subject


def _authorization(event: Event, headers: Mapping[str, str]) -> str | None:
    """Return a request's token: from its header, or of a handshake where browsers can set none.

    Raises UNAUTHENTICATED.
    """
    if "connectionId" not in event["requestContext"]:
        return headers.get("authorization")
    offered = [name.strip() for name in headers.get("sec-websocket-protocol", "").split(",")]
    handshake = agreed("", offered, event.get("queryStringParameters") or {})
    if handshake is None:
        return None  # which $connect will report
    if handshake.fault is not None:
        raise handshake.fault
    return handshake.authorization


def _policy(effect: str, principal: str, event: Event, address: str | None = None) -> Mapping[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"principal": principal, **({"address": address} if address else {})},
    }
