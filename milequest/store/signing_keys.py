"""Key pairs with which the built-in identity provider signs tokens: one in use, retired ones for a while."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from milequest.store.transaction import Reader, Tx


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key (PKCS #8, DER) and the id by which tokens name it."""

    kid: str
    private_key: bytes = field(repr=False)


_IN_USE = "SELECT kid, private_key FROM signing_key WHERE algorithm = $1 AND retired_at IS NULL"
_PUBLISHED = """
SELECT kid, private_key FROM signing_key WHERE algorithm = $1 AND (retired_at IS NULL OR retired_at > $2)
ORDER BY created_at DESC
"""
# Of several processes that start at once one wins, and the others then read its key.
_PUT = """
INSERT INTO signing_key (kid, algorithm, private_key, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (algorithm) WHERE retired_at IS NULL DO NOTHING
"""
_RETIRE = "UPDATE signing_key SET retired_at = $2 WHERE algorithm = $1 AND retired_at IS NULL"


async def in_use(db: Reader, algorithm: str) -> SigningKey | None:
    """The key to sign with; None before the first."""
    row = await db.fetchrow(_IN_USE, algorithm)
    return None if row is None else SigningKey(*row)


async def published(db: Reader, algorithm: str, now: datetime, kept: timedelta) -> list[SigningKey]:
    """The key in use and those retired less than `kept` ago, newest first."""
    return [SigningKey(*row) for row in await db.fetch(_PUBLISHED, algorithm, now - kept)]


async def put(tx: Tx, key: SigningKey, algorithm: str, now: datetime) -> None:
    """Take `key` into use, unless there is one."""
    await tx.execute(_PUT, key.kid, algorithm, key.private_key, now)


async def retire(tx: Tx, algorithm: str, now: datetime) -> None:
    """Sign no more with the key in use."""
    await tx.execute(_RETIRE, algorithm, now)
