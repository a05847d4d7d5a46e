"""Who calls, where AWS has found that out before us: by a signature of IAM's, or by AppSync's Lambda authorizer.

Only what AWS itself wrote into an event is believed, and only in events that say so by where they come from.
"""

from collections.abc import Mapping
from typing import Any

from milequest.rules.iam import iam_identity, pool_subject
from milequest.rules.identity import Identity, IdentityKind
from resolvers.identity import Identify


async def signed(identify: Identify, told: Mapping[str, Any], issuer: str) -> Identity:
    """Who signed: one of our users with a role of the identity pool, or another role. Raises UNAUTHENTICATED."""
    role = iam_identity(told)
    subject = pool_subject(told, issuer)
    return role if subject is None else await identify.known(issuer, subject)


async def of_appsync(identify: Identify, told: Mapping[str, Any], issuer: str) -> Identity:
    """Whom AppSync let in by IAM or by its authorizer; the fields that this one denies are AppSync's affair."""
    if "resolverContext" in told:
        return Identity(IdentityKind.LAMBDA, resolver_context=told["resolverContext"] or {})
    return await signed(identify, told, issuer)


def is_checked(told: Mapping[str, Any] | None) -> bool:
    """Whether AppSync's `identity` is of a mode that has no token of ours, which would be checked again."""
    return told is not None and ("userArn" in told or "resolverContext" in told)
