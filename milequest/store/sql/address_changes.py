"""Changes of address that wait for the codes of both mailboxes: one per account, the latest."""

import hmac
from datetime import datetime
from uuid import UUID

from milequest.rules import credentials
from milequest.rules.credentials import CODE_LIFE, CODE_TRIES
from milequest.store.sql.transaction import Reader, Tx

_PUT = """
INSERT INTO address_change (subject, request_hash, email, email_key, old_code_hash, new_code_hash,
                            wrong_codes, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)
ON CONFLICT (subject) DO UPDATE SET
    (request_hash, email, email_key, old_code_hash, new_code_hash, wrong_codes, created_at, expires_at)
  = (excluded.request_hash, excluded.email, excluded.email_key, excluded.old_code_hash, excluded.new_code_hash,
     0, excluded.created_at, excluded.expires_at)
"""
# An address is taken by another credential, or by a user of another identity.
_IS_TAKEN = """
SELECT EXISTS (SELECT FROM credential WHERE email_key = $1 AND subject <> $3)
    OR EXISTS (SELECT FROM app_user u WHERE u.email_key = $1 AND NOT EXISTS (
           SELECT FROM user_identity i WHERE i.user_id = u.id AND i.issuer = $2 AND i.subject = $3::text))
"""
# Locked, so that codes tried concurrently are all counted.
_LOCK = """
SELECT email, old_code_hash, new_code_hash FROM address_change
WHERE subject = $1 AND request_hash = $2 AND expires_at > $3 AND wrong_codes < $4 FOR UPDATE
"""
_COUNT_WRONG = "UPDATE address_change SET wrong_codes = wrong_codes + 1 WHERE subject = $1"
_DROP = "DELETE FROM address_change WHERE subject = $1"


async def put(
    tx: Tx, subject: UUID, request_hash: bytes, email: str, code_hashes: tuple[bytes, bytes], now: datetime
) -> None:
    """Store a request in place of the account's earlier one. The codes are of the old address and the new one."""
    key = credentials.email_key(email)
    await tx.execute(_PUT, subject, request_hash, email, key, *code_hashes, now, now + CODE_LIFE)


async def is_taken(db: Reader, email_key: str, issuer: str, subject: UUID) -> bool:
    """Return whether another account has the address."""
    taken: bool = await db.fetchval(_IS_TAKEN, email_key, issuer, subject)
    return taken


async def redeem(
    tx: Tx, subject: UUID, request_hash: bytes, code_hashes: tuple[bytes, bytes], now: datetime
) -> str | None:
    """Use up the request with these codes, and return its new address. Wrong codes count against the request."""
    row = await tx.fetchrow(_LOCK, subject, request_hash, now, CODE_TRIES)
    if row is None:
        return None
    given, stored = b"".join(code_hashes), row["old_code_hash"] + row["new_code_hash"]
    if not hmac.compare_digest(given, stored):
        await tx.execute(_COUNT_WRONG, subject)
        return None
    await drop(tx, subject)
    email: str = row["email"]
    return email


async def drop(tx: Tx, subject: UUID) -> None:
    """End the account's request."""
    await tx.execute(_DROP, subject)
