"""The identity of a caller, the same for HTTP, WebSocket and jobs, and the token claims it is made from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from milequest.rules.credentials import DEFAULT_TIMEZONE, display_name, email_address
from milequest.rules.enums import Units
from milequest.rules.errors import ValidationError, unauthenticated
from milequest.rules.instants import EPOCH
from milequest.rules.text import zone

SKEW = timedelta(seconds=60)  # an issuer's clock may differ from ours
LAST_INSTANT = 253_402_300_799  # the end of year 9999, the limit of a datetime
MAX_SUBJECT = 255
MAX_SESSION_ID = 255
NAMELESS = "Walker"
OF_TOKEN = frozenset(("iss", "token_use", "client_id", "aud", "scope", "auth_time", "iat", "jti", "origin_jti"))
OF_PERSON = frozenset(("sub", "email", "email_verified", "name", "zoneinfo", "locale"))
KEPT_CLAIMS = OF_TOKEN | OF_PERSON


class IdentityKind(StrEnum):
    """Kind of caller. IAM is a role or user of AWS, LAMBDA one admitted by an operator's own function, SYSTEM our own
    jobs, imports and demo data.
    """

    ANONYMOUS = "ANONYMOUS"
    USER = "USER"
    IAM = "IAM"
    LAMBDA = "LAMBDA"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller. `user_id` is ours; `issuer`, `subject` and the rest are the token's, None without one.

    `arn` is an IAM caller's. A LAMBDA caller's function gave `resolver_context`, and which fields are `denied`.
    """

    kind: IdentityKind
    user_id: UUID | None = None
    issuer: str | None = None
    subject: str | None = None
    username: str | None = None
    groups: frozenset[str] = frozenset()
    claims: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)
    expires_at: datetime | None = None
    arn: str | None = None
    resolver_context: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)
    denied: frozenset[str] = frozenset()  # as `Type.field`

    @property
    def session_id(self) -> str | None:
        """The session of the token: Cognito's claim `origin_jti`, and ours."""
        claim = self.claims.get("origin_jti")
        return claim if isinstance(claim, str) and len(claim) <= MAX_SESSION_ID else None

    @property
    def began_at(self) -> int | None:
        """The start of the session, in seconds since 1970; 0 without such a claim, None without a token."""
        claim = self.claims.get("auth_time", self.claims.get("iat", 0))
        return (int(claim) if isinstance(claim, int | float) else 0) if self.claims else None


ANONYMOUS = Identity(IdentityKind.ANONYMOUS)
SYSTEM = Identity(IdentityKind.SYSTEM)


@dataclass(frozen=True, slots=True)
class IssuerAccount:
    """A person as an issuer describes them: enough to find our user, or to make one."""

    issuer: str
    subject: str
    email: str = field(repr=False)
    email_verified: bool
    name: str = field(repr=False)
    timezone: str = DEFAULT_TIMEZONE
    preferred_units: Units = Units.MILES


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token whose signature and claims were found valid."""

    issuer: str
    subject: str
    username: str
    groups: frozenset[str]
    claims: Mapping[str, object] = field(repr=False)
    expires_at: datetime

    def identity(self, user_id: UUID | None) -> Identity:
        """Return the caller, once it is known which of our users this is."""
        return Identity(
            IdentityKind.USER,
            user_id,
            self.issuer,
            self.subject,
            self.username,
            self.groups,
            self.claims,
            self.expires_at,
        )

    def account(self) -> IssuerAccount | None:
        """Return the account the token describes; None without a usable e-mail, as in access tokens."""
        return described(self.issuer, self.subject, self.claims)


def described(issuer: str, subject: str, claims: Mapping[str, object]) -> IssuerAccount | None:
    """Return the account of an issuer's claims; None without a usable e-mail. An unusable claim counts as absent."""

    def claim(name: str, check: Callable[[str], str]) -> str | None:
        value = claims.get(name)
        try:
            return check(value) if isinstance(value, str) else None
        except ValidationError:
            return None

    address, verified = claim("email", email_address), claims.get("email_verified")
    if address is None:
        return None
    return IssuerAccount(
        issuer,
        subject,
        address,
        verified is True or verified == "true",  # Cognito writes it either way
        claim("name", display_name) or NAMELESS,
        claim("zoneinfo", lambda name: zone("zoneinfo", name).key) or DEFAULT_TIMEZONE,
    )


def accept_claims(
    claims: Mapping[str, object], *, issuer: str, client_ids: frozenset[str], now: datetime
) -> VerifiedToken:
    """Check the claims of a token whose signature is valid. Raises UNAUTHENTICATED.

    As Cognito has them: an access token (`token_use` access) names a client of ours in `client_id`, an id token (id)
    in `aud`.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= MAX_SUBJECT or claims.get("iss") != issuer:
        raise unauthenticated("The token is not one of ours.")
    if not _is_for(client_ids, claims):
        raise unauthenticated("The token was made for another application.")
    expires_at = _expiry(claims, now)
    username = claims.get("username", claims.get("cognito:username"))
    groups = claims.get("cognito:groups")
    return VerifiedToken(
        issuer,
        subject,
        username if isinstance(username, str) else subject,
        frozenset(group for group in groups if isinstance(group, str)) if isinstance(groups, list) else frozenset(),
        {name: claims[name] for name in KEPT_CLAIMS if name in claims},  # our own strings, which all subscribers share
        expires_at,
    )


def _is_for(client_ids: frozenset[str], claims: Mapping[str, object]) -> bool:
    match claims.get("token_use"):
        case "access":
            named = [claims.get("client_id")]
        case "id":
            audience = claims.get("aud")
            named = audience if isinstance(audience, list) else [audience]
        case _:
            return False
    return any(isinstance(one, str) and one in client_ids for one in named)


def _expiry(claims: Mapping[str, object], now: datetime) -> datetime:
    """Return when the token ends. Raises UNAUTHENTICATED when that is past, or it is not valid yet."""
    expires = _instant(claims, "exp", None)
    if expires <= now - SKEW:
        raise unauthenticated("The token has expired.")
    if max(_instant(claims, "nbf", now), _instant(claims, "iat", now)) > now + SKEW:
        raise unauthenticated("The token is not valid yet.")
    return expires


def _instant(claims: Mapping[str, object], name: str, default: datetime | None) -> datetime:
    """Return a claim, which is in seconds since 1970; `default`, if there is one, when it is absent."""
    if default is not None and name not in claims:
        return default
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LAST_INSTANT:
        raise unauthenticated(f"The token has no usable `{name}`.")
    return EPOCH + timedelta(seconds=value)
