"""The cost of GraphQL operations, in points, and the points an hour of each kind of caller.

A budget is a bucket: it holds the points of `BURST_SECONDS`, fills evenly, and may be overdrawn by the request that
empties it. It is stored as one instant, the one at which it will be full again.
"""

from dataclasses import dataclass
from enum import StrEnum

from milequest.rules.errors import RateLimited
from milequest.rules.identity import Identity, IdentityKind
from milequest.rules.rate_limits import network

REQUEST = 1  # point for each operation, besides one for each object that its answer may hold
INTROSPECTION = 250  # points for `__schema` or `__type`, which hold no objects of ours but take as long as many
BAD_CREDENTIAL = 1  # points charged to the network for a bad credential
REFUSED_CREDENTIAL = 20  # points for one that the operator's authorizer had to reject
CHARACTERS_PER_POINT = 16  # characters of a document per point, unless its parsed form is cached
BYTES_PER_POINT = 1_024  # of a route as GeoJSON
FREE_CHARACTERS = 1_024  # characters of variables that cost nothing; more cost as a document does

HOUR = 3_600_000_000  # microseconds, as all times here
SECOND = 1_000_000
BURST_SECONDS = 360
BURST = BURST_SECONDS * SECOND
MAX_OWED = 2 * BURST  # longest time until a budget is full again, however far it is overdrawn


class Payer(StrEnum):
    """Kinds of callers with a budget."""

    NETWORK = "network"  # anonymous callers
    USER = "user"
    MACHINE = "machine"  # a role of AWS, or an identity admitted by an operator's authorizer


@dataclass(frozen=True, slots=True)
class Caller:
    """The payer of a request. `who` identifies it among payers of the same kind."""

    kind: Payer
    who: str


def caller(identity: Identity, address: str) -> Caller:
    """Return the payer of a request of `identity` from `address`.

    An authorizer distinguishes its machines by their `resolverContext`; those without one are counted by network.
    """
    if identity.user_id is not None:
        return Caller(Payer.USER, identity.user_id.hex)
    if identity.kind is IdentityKind.IAM:
        return Caller(Payer.MACHINE, identity.arn or "")
    if identity.kind is IdentityKind.LAMBDA:
        context = identity.resolver_context
        return Caller(Payer.MACHINE, repr(sorted(context.items())) if context else network(address))
    return Caller(Payer.NETWORK, network(address))


def variables_points(characters: int) -> int:
    """Return the points that variables of so many characters cost."""
    return max(0, characters - FREE_CHARACTERS) // CHARACTERS_PER_POINT


def price(points_per_hour: int) -> int:
    """Return the microseconds in which one point is refilled."""
    return max(1, HOUR // points_per_hour)


def later(full_at: int, now: int, owed: int) -> int:
    """Return when a budget that would be full at `full_at` is full after `owed` more."""
    return min(max(full_at, now) + owed, now + MAX_OWED)


def refuse_spent(full_at: int, now: int) -> None:
    """Raise RATE_LIMITED while nothing is left."""
    short = full_at - now - BURST
    if short >= 0:
        raise RateLimited("Too many requests, or too large ones; try again later.", short // SECOND + 1)
