"""Requests for a new password. Each has its own code and count, and expires; stored for unknown addresses too."""

import hmac
from datetime import datetime
from uuid import UUID

from milequest.rules.credentials import CODE_LIFE, CODE_TRIES
from milequest.store.sql.transaction import Reader, Tx

_DROP_ENDED = "DELETE FROM password_reset WHERE expires_at <= $1"
# Locked, so that a request waits for a change of the account's address or password that is under way.
_PUT = """
WITH owner AS (SELECT subject, email FROM credential WHERE email_key = $2 FOR SHARE)
INSERT INTO password_reset (request_hash, subject, email_key, code_hash, created_at, expires_at)
VALUES ($1, (SELECT subject FROM owner), $2, $3, $4, $5)
RETURNING (SELECT email FROM owner)
"""
_OWNER = "SELECT subject FROM password_reset WHERE request_hash = $1"
# Locked, so that codes tried concurrently are all counted.
_LOCK = """
SELECT subject, code_hash FROM password_reset
WHERE request_hash = $1 AND email_key = $2 AND expires_at > $3 AND wrong_codes < $4 FOR UPDATE
"""
_COUNT_WRONG = "UPDATE password_reset SET wrong_codes = wrong_codes + 1 WHERE request_hash = $1"
_DROP_OF = "DELETE FROM password_reset WHERE subject = $1"


async def put(tx: Tx, request_hash: bytes, email_key: str, code_hash: bytes, now: datetime) -> str | None:
    """Store a request, and return the account's address, to mail the code to; None without an account."""
    await tx.execute(_DROP_ENDED, now)
    email: str | None = await tx.fetchval(_PUT, request_hash, email_key, code_hash, now, now + CODE_LIFE)
    return email


async def owner(db: Reader, request_hash: bytes) -> UUID | None:
    """Return the account of a request; None if the request is unknown or has no account."""
    subject: UUID | None = await db.fetchval(_OWNER, request_hash)
    return subject


async def redeem(tx: Tx, request_hash: bytes, email_key: str, code_hash: bytes, now: datetime) -> UUID | None:
    """Return the account whose request has this code, and delete all its requests. A wrong code is counted.

    The caller has locked the account.
    """
    row = await tx.fetchrow(_LOCK, request_hash, email_key, now, CODE_TRIES)
    if row is None:
        return None
    subject: UUID | None = row["subject"]
    if subject is None or not hmac.compare_digest(row["code_hash"], code_hash):
        await tx.execute(_COUNT_WRONG, request_hash)
        return None
    await drop(tx, subject)
    return subject


async def drop(tx: Tx, subject: UUID) -> None:
    """End all requests of an account."""
    await tx.execute(_DROP_OF, subject)
