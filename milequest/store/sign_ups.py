"""Sign-ups that wait for their code. Each attempt has its own password and code, and ends by itself."""

import hmac
from datetime import datetime
from uuid import UUID

from milequest.rules.credentials import CODE_LIFE, CODE_TRIES, PENDING_SIGN_UPS, SIGN_UP_LIFE, SignUp
from milequest.store.transaction import Tx

_PUT = """
INSERT INTO pending_sign_up (subject, email, email_key, password_hash, name, timezone, preferred_units, code_hash,
                             created_at, code_expires_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_TRIM = """
DELETE FROM pending_sign_up WHERE expires_at <= $2 OR subject IN (
    SELECT subject FROM pending_sign_up WHERE email_key = $1 ORDER BY created_at DESC, subject DESC OFFSET $3)
"""
_RENEW = """
UPDATE pending_sign_up SET code_hash = $2, code_expires_at = $4, wrong_codes = 0 WHERE subject = (
    SELECT subject FROM pending_sign_up WHERE email_key = $1 AND expires_at > $3
    ORDER BY created_at DESC, subject DESC LIMIT 1)
RETURNING email
"""
# Locked, so that of many codes tried at once each counts.
_LOCK = """
SELECT subject, code_hash FROM pending_sign_up
WHERE email_key = $1 AND code_expires_at > $2 AND wrong_codes < $3 ORDER BY subject FOR UPDATE
"""
_COUNT_WRONG = "UPDATE pending_sign_up SET wrong_codes = wrong_codes + 1 WHERE email_key = $1"
_MAKE_CREDENTIAL = """
INSERT INTO credential (subject, email, email_key, password_hash, name, timezone, preferred_units,
                        created_at, updated_at)
SELECT subject, email, email_key, password_hash, name, timezone, preferred_units, $2, $2
FROM pending_sign_up WHERE subject = $1
ON CONFLICT (email_key) DO NOTHING
RETURNING true
"""
_DROP = "DELETE FROM pending_sign_up WHERE email_key = $1"


async def put(tx: Tx, subject: UUID, request: SignUp, password_hash: str, code_hash: bytes, now: datetime) -> None:
    """Store an attempt. Of one address the newest PENDING_SIGN_UPS are kept, of the rest what has not ended."""
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
    )
    await tx.execute(_TRIM, request.email_key, now, PENDING_SIGN_UPS)


async def renew_code(tx: Tx, email_key: str, code_hash: bytes, now: datetime) -> str | None:
    """Give the address's newest attempt another code; the address to send it to, None without an attempt."""
    email: str | None = await tx.fetchval(_RENEW, email_key, code_hash, now, now + CODE_LIFE)
    return email


async def confirm(tx: Tx, email_key: str, code_hash: bytes, now: datetime) -> bool:
    """Make the attempt with this code a credential and drop the others; a wrong code is counted against them all."""
    for row in await tx.fetch(_LOCK, email_key, now, CODE_TRIES):
        if hmac.compare_digest(row["code_hash"], code_hash):
            made = await tx.fetchval(_MAKE_CREDENTIAL, row["subject"], now)
            await tx.execute(_DROP, email_key)
            return made is not None
    await tx.execute(_COUNT_WRONG, email_key)
    return False
