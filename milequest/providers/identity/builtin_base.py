"""Base of the parts of the built-in identity provider: database, hasher, mail, and random secrets."""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable
from uuid import UUID

from milequest.providers.identity.passwords import Hasher
from milequest.rules.credentials import CODE_DIGITS, ISSUER, normal_code
from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.identity import Identity
from milequest.rules.mail import Mail, Mailer
from milequest.rules.sessions import Revocation
from milequest.store.sql.revocations import Revocations
from milequest.store.sql.transaction import Pool, Tx, transact

log = logging.getLogger("milequest.identity")

TOKEN_BYTES = 32


class BuiltinBase:
    """Database, hasher, mailer and revocations of the provider's parts."""

    def __init__(self, pool: Pool, mailer: Mailer, revocations: Revocations | None = None) -> None:
        self._pool = pool
        self._revocations = revocations or Revocations(pool)
        self._mailer = mailer
        self._hasher = Hasher()

    async def _send(self, message: Mail) -> None:
        """Send a mail. A failure is only logged: it can be sent again on demand, and an error would show an account."""
        try:
            await self._mailer.send(message)
        except OSError as error:
            log.error("a mail could not be sent: %s", type(error).__name__)

    async def _end(self, work: Callable[[Tx], Awaitable[list[Revocation]]]) -> None:
        """Run a transaction that ends sessions, and announce these revocations."""
        await self._revocations.announce((await transact(self._pool, work)).result)


def own_subject(identity: Identity) -> UUID:
    """Return the subject of an account of ours. Raises UNAVAILABLE for a caller signed in by another issuer."""
    if identity.issuer != ISSUER or identity.subject is None:
        raise Refused(ErrorCode.UNAVAILABLE, "This account is kept by an outside provider: change it there.")
    return UUID(identity.subject)


def session_of(identity: Identity) -> UUID | None:
    """Return the session that a token of ours belongs to."""
    try:
        return UUID(identity.session_id) if identity.session_id else None
    except ValueError:
        return None


def wrong_code() -> Refused:
    """Return the refusal of an invalid code, the same for every reason: a difference would reveal an account."""
    return Refused(ErrorCode.CODE_INVALID, "This code is wrong or too old, or of another request.")


def new_code() -> str:
    """Return a code for a mail."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def new_token() -> str:
    """Return 256 random bits for a client to keep; we store their digest."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> bytes:
    """Return the hash by which a token is stored."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def keyed(token: str, code: str) -> bytes:
    """Return the hash that is stored of a code. The token is not stored, so nobody can try codes on the hash alone."""
    return hmac.digest(token.encode(errors="surrogatepass"), (normal_code(code) or "").encode(), "sha256")
