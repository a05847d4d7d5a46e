"""Key pairs with which the built-in identity provider signs tokens: one in use, retired ones for a while.

A row's `algorithm` also tells how its private key is stored. The previous release knows only keys in the clear, by the
name RS256: it ignores sealed ones, and makes a key of its own if there is no other.
"""

from dataclasses import dataclass, field
from datetime import datetime

from milequest.store.sql.transaction import Reader, Tx

CLEAR, SEALED = "RS256", "RS256+A256GCM"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key (PKCS #8, DER), sealed or in the clear, and its id in tokens."""

    kid: str
    private_key: bytes = field(repr=False)
    is_sealed: bool


_COLUMNS = f"kid, private_key, algorithm = '{SEALED}'"
_OURS = f"algorithm IN ('{CLEAR}', '{SEALED}')"
_IN_USE = f"SELECT {_COLUMNS} FROM signing_key WHERE {_OURS} AND retired_at IS NULL ORDER BY 3 DESC LIMIT 1"
_PUBLISHED = f"""
SELECT {_COLUMNS} FROM signing_key WHERE {_OURS} AND (retired_at IS NULL OR retired_at > $1) ORDER BY created_at DESC
"""
# Of several processes that start at once one wins, and the others then read its key.
_PUT = """
INSERT INTO signing_key (kid, algorithm, private_key, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (algorithm) WHERE retired_at IS NULL DO NOTHING
"""
_RETIRE = f"UPDATE signing_key SET retired_at = $1 WHERE {_OURS} AND retired_at IS NULL"
# A key in the clear that is in use beside a sealed one was made by the previous release: it signs no more.
_SEAL = f"""
UPDATE signing_key SET algorithm = '{SEALED}', private_key = $3, retired_at = CASE
    WHEN algorithm = '{CLEAR}' AND retired_at IS NULL
        AND EXISTS (SELECT FROM signing_key WHERE algorithm = '{SEALED}' AND retired_at IS NULL) THEN $4
    ELSE retired_at END
WHERE kid = $1 AND private_key = $2
"""
_PURGE = f"DELETE FROM signing_key WHERE {_OURS} AND retired_at <= $1"


async def in_use(db: Reader) -> SigningKey | None:
    """Return the key to sign with; None before the first."""
    row = await db.fetchrow(_IN_USE)
    return None if row is None else SigningKey(*row)


async def published(db: Reader, since: datetime) -> list[SigningKey]:
    """Return the key in use and those retired after `since`, newest first."""
    return [SigningKey(*row) for row in await db.fetch(_PUBLISHED, since)]


async def put(tx: Tx, key: SigningKey, now: datetime) -> None:
    """Put `key` into use, unless there is one."""
    await tx.execute(_PUT, key.kid, SEALED if key.is_sealed else CLEAR, key.private_key, now)


async def retire(tx: Tx, now: datetime) -> None:
    """Retire the key in use."""
    await tx.execute(_RETIRE, now)


async def seal(tx: Tx, before: SigningKey, sealed: bytes, now: datetime) -> None:
    """Store a key sealed, unless another process has done so meanwhile."""
    await tx.execute(_SEAL, before.kid, before.private_key, sealed, now)


async def purge(tx: Tx, until: datetime) -> int:
    """Delete the keys that were retired by then; return how many."""
    return int((await tx.execute(_PURGE, until)).split()[-1])
