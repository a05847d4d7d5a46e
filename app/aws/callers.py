"""Callers that AWS has already authenticated: by a signature of IAM's, or by AppSync's Lambda authorizer.

Only values that AWS itself wrote into an event are trusted, and only in events whose source shows that.
"""

from collections.abc import Mapping
from typing import Any

from milequest.rules.iam import iam_identity, pool_subject
from milequest.rules.identity import Identity, IdentityKind
from resolvers.identity import Identify


async def signed(identify: Identify, told: Mapping[str, Any], issuer: str) -> Identity:
    """Return the signer: one of our users with a role of the identity pool, or another role. Raises UNAUTHENTICATED."""
    role = iam_identity(told)
    subject = pool_subject(told, issuer)
    return role if subject is None else await identify.known(issuer, subject)


async def of_appsync(identify: Identify, told: Mapping[str, Any], issuer: str) -> Identity:
    """Return the caller AppSync admitted by IAM or its authorizer; AppSync itself applies that one's denied fields."""
    if "resolverContext" in told:
        return Identity(IdentityKind.LAMBDA, resolver_context=told["resolverContext"] or {})
    return await signed(identify, told, issuer)


def is_checked(told: Mapping[str, Any] | None) -> bool:
    """Return whether AppSync's `identity` is of a mode without a token of ours, which would be checked again."""
    return told is not None and ("userArn" in told or "resolverContext" in told)
