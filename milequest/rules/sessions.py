"""Sessions: their origin, by which the owner recognises them, and the match of a token with an ended session."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network
from uuid import UUID

from milequest.rules.credentials import ACCESS_TOKEN_LIFE
from milequest.rules.text import presentable

REFRESH_GRACE = timedelta(seconds=30)  # time in which a used refresh token gets the same answer again
MAX_DEVICE = 200
MAX_LISTED = 50
LEEWAY = timedelta(minutes=5)  # clocks differ, and tokens are accepted a little after their end
REVOKED_FOR = ACCESS_TOKEN_LIFE + LEEWAY
OF_USERS = "user:"
ENDED = "This session has ended: sign in again."


@dataclass(frozen=True, slots=True)
class SessionOrigin:
    """Device and network of a sign-in, in as much detail as its owner needs to recognise the session."""

    device: str | None
    network: str | None


UNKNOWN = SessionOrigin(None, None)


@dataclass(frozen=True, slots=True)
class ActiveSession:
    """A session that has not ended."""

    id: UUID
    device: str | None
    network: str | None
    signed_in_at: datetime
    last_used_at: datetime
    is_current: bool = False


def origin(user_agent: str | None, address: str) -> SessionOrigin:
    """Return what is kept of a request that signs in: the name its program gives itself, and its coarse network."""
    return SessionOrigin(presentable(user_agent, MAX_DEVICE) if user_agent else None, coarse_network(address))


def coarse_network(address: str) -> str | None:
    """Return the network of an address: 256 addresses of IPv4, a site's of IPv6. None for what is no address."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    ip = (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip
    return str(ip_network((ip, 24 if ip.version == 4 else 48), strict=False))


class Ending(StrEnum):
    """Sessions to be ended."""

    THIS = "THIS"
    OTHERS = "OTHERS"
    ALL = "ALL"


@dataclass(frozen=True, slots=True)
class Revocation:
    """The end of one session, or of all of a user that began before an instant, in seconds since 1970.

    `user_id` is None if the account has not sent a token yet.
    """

    user_id: UUID | None
    session_id: str | None = None
    before: int | None = None


def user_channel(user_id: UUID) -> str:
    """Return the channel that is woken when sessions of a user have ended. It has no log."""
    return f"{OF_USERS}{user_id.hex}"
