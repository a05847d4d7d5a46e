"""Sign-ups that wait for their code. Each attempt has its own id, password, code and count, and expires.

Attempts are stored for addresses with an account too, so that they look alike from outside; confirming fails.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from milequest.rules.credentials import (
    CODE_LIFE,
    CODE_TRIES,
    CODE_TRIES_WITHOUT_ATTEMPT,
    SIGN_UP_LIFE,
    SignUp,
)
from milequest.store.sql.transaction import Reader, Tx

# Locks the address, so that of two concurrent sign-ups with it the second sees the first.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('pending_sign_up:' || $1, 0))"
_DROP_ENDED = "DELETE FROM pending_sign_up WHERE expires_at <= $1"
_CONTEST = """
UPDATE pending_sign_up SET is_contested = true WHERE email_key = $1 AND password_hash <> $2 RETURNING true
"""
_PUT = """
INSERT INTO pending_sign_up (subject, email, email_key, password_hash, name, timezone, preferred_units, code_hash,
                             created_at, code_expires_at, expires_at, attempt_hash, is_contested)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
_RENEW = """
UPDATE pending_sign_up SET code_hash = $2, code_expires_at = $3, wrong_codes = 0, wrong_codes_without_attempt = 0
WHERE subject = $1
RETURNING email
"""
# Locked, so that codes tried concurrently are all counted.
_LOCK = """
SELECT subject, email, code_hash, is_contested, code_expires_at > $2 AS is_fresh, wrong_codes,
       wrong_codes_without_attempt, attempt_hash = $3 AS is_asked
FROM pending_sign_up WHERE email_key = $1 AND expires_at > $2 AND ($3::bytea IS NULL OR attempt_hash = $3)
ORDER BY created_at DESC, subject DESC FOR UPDATE
"""
_COUNT_WRONG = "UPDATE pending_sign_up SET wrong_codes = wrong_codes + 1 WHERE subject = $1"
_COUNT_WRONG_WITHOUT_ATTEMPT = """
UPDATE pending_sign_up SET wrong_codes_without_attempt = wrong_codes_without_attempt + 1 WHERE subject = ANY($1)
"""
_MAKE_CREDENTIAL = """
INSERT INTO credential (subject, email, email_key, password_hash, name, timezone, preferred_units,
                        created_at, updated_at)
SELECT subject, email, email_key, password_hash, name, timezone, preferred_units, $2, $2
FROM pending_sign_up WHERE subject = $1
ON CONFLICT (email_key) DO NOTHING
RETURNING true
"""
_DROP = "DELETE FROM pending_sign_up WHERE subject = $1"
_PASSWORDS = """
SELECT password_hash FROM pending_sign_up WHERE email_key = $1 AND expires_at > $2
ORDER BY created_at DESC, subject DESC
"""


async def put(
    tx: Tx,
    subject: UUID,
    request: SignUp,
    password_hash: str,
    code_hash: bytes,
    now: datetime,
    attempt_hash: bytes | None = None,
) -> None:
    """Store an attempt beside the address's others, which are contested from now on unless the password is theirs."""
    await tx.execute(_ONE_AT_A_TIME, request.email_key)
    await tx.execute(_DROP_ENDED, now)
    others = await tx.fetch(_CONTEST, request.email_key, password_hash)
    await tx.execute(
        _PUT,
        subject,
        request.email,
        request.email_key,
        password_hash,
        request.name,
        request.timezone,
        request.preferred_units,
        code_hash,
        now,
        now + CODE_LIFE,
        now + SIGN_UP_LIFE,
        attempt_hash,
        bool(others),
    )


async def renew_code(
    tx: Tx, email_key: str, code_hash: bytes, now: datetime, attempt_hash: bytes | None = None
) -> str | None:
    """Give an attempt another code and return the address to send it to; None where no single attempt is meant."""
    waiting = await _addressed(tx, email_key, attempt_hash, now)
    if not waiting:
        return None
    email: str | None = await tx.fetchval(_RENEW, waiting[0]["subject"], code_hash, now + CODE_LIFE)
    return email


async def confirm(tx: Tx, email_key: str, code_hash: bytes, now: datetime, attempt_hash: bytes | None = None) -> bool:
    """Make the attempt with this code a credential. A wrong code counts against the addressed attempts alone."""
    waiting = await _addressed(tx, email_key, attempt_hash, now)
    for row in waiting:
        if _is_open(row) and hmac.compare_digest(row["code_hash"], code_hash):
            made = await tx.fetchval(_MAKE_CREDENTIAL, row["subject"], now)
            await tx.execute(_DROP, row["subject"])
            return made is not None
    if attempt_hash is None:
        await tx.execute(_COUNT_WRONG_WITHOUT_ATTEMPT, [row["subject"] for row in waiting])
    elif waiting:
        await tx.execute(_COUNT_WRONG, waiting[0]["subject"])
    return False


async def passwords(db: Reader, email_key: str, now: datetime) -> list[str]:
    """Return the password hashes of the address's attempts, the newest first."""
    return [row[0] for row in await db.fetch(_PASSWORDS, email_key, now)]


async def _addressed(tx: Tx, email_key: str, attempt_hash: bytes | None, now: datetime) -> Sequence[asyncpg.Record]:
    """Return the attempt with this id. Without an id those of the address, newest first; none while they are contested.

    The reader of a mail can't tell to which attempt a code belongs. While all have one password it doesn't matter.
    """
    waiting = await tx.fetch(_LOCK, email_key, now, attempt_hash)
    if attempt_hash is None and any(row["is_contested"] for row in waiting):
        return []
    return waiting


def _is_open(row: asyncpg.Record) -> bool:
    tried, most = row["wrong_codes"], CODE_TRIES
    if not row["is_asked"]:
        tried, most = row["wrong_codes_without_attempt"], CODE_TRIES_WITHOUT_ATTEMPT
    return bool(row["is_fresh"]) and tried < most
