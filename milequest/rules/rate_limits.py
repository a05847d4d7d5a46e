"""How often who may try what: every number in one place."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

MINUTE, HOUR, DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `most` in `seconds`, counted from the first one. `what` completes “Too many …”."""

    name: str
    most: int
    seconds: int
    what: str


SIGN_UPS = RateLimit("sign-up:network", 5, 15 * MINUTE, "sign-ups")
AUTH_CALLS = RateLimit("auth:network", 20, HOUR, "attempts from this network")  # sign-in, codes
REFRESHES = RateLimit("refresh:network", 600, HOUR, "refreshes from this network")  # offices share an address
FAILED_SIGN_INS = RateLimit("sign-in:account", 10, 15 * MINUTE, "failed sign-ins")
CODE_TRIES = RateLimit("confirm:account", 5, 5 * MINUTE, "codes tried")
CODE_TRIES_OF_DAY = RateLimit("confirm-day:account", 20, DAY, "codes tried")
CODE_MAILS = RateLimit("resend:account", 5, HOUR, "codes sent")
INVITE_GUESSES = RateLimit("invite:caller", 10, HOUR, "wrong invite codes")
WALKS_LOGGED = RateLimit("walks:user", 60, HOUR, "walks logged")
AVATARS = RateLimit("avatars:user", 30, HOUR, "pictures")
ROUTES_PLANNED = RateLimit("routes:user", 300, HOUR, "routes planned")  # each asks a service once per leg
PLACES_SEARCHED = RateLimit("places:user", 1_200, HOUR, "searches for places")  # one per letter typed


def network(address: str) -> str:
    """What an IP address counts as: itself, or an IPv6 customer's /64. Anything else is one single network."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped) if ip.ipv4_mapped else f"{ip.exploded[:19]}::/64"
    return str(ip)
