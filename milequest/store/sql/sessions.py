"""Sessions: each sign-in starts one with successive refresh tokens, of each of which only the hash is stored."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from milequest.rules.credentials import ISSUER, MAX_SESSIONS, REFRESH_TOKEN_LIFE
from milequest.rules.instants import seconds
from milequest.rules.sessions import MAX_LISTED, UNKNOWN, ActiveSession, Revocation, SessionOrigin
from milequest.store.sql import accounts, credentials, revocations
from milequest.store.sql.credentials import Credential
from milequest.store.sql.transaction import Reader, Tx


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """An issued refresh token: `used_at` once exchanged, `is_live` while neither it nor its session has ended.

    `secret` is its session's, and derives the next token.
    """

    session_id: UUID
    signed_in_at: datetime
    used_at: datetime | None
    is_live: bool
    secret: bytes = field(repr=False)
    credential: Credential


_START = """
WITH session AS (
    INSERT INTO sign_in_session (id, subject, signed_in_at, expires_at, device, network)
    VALUES ($1, $2, $3, $4, $6, $7) RETURNING id)
INSERT INTO refresh_token (token_hash, session_id, issued_at, expires_at) SELECT $5, id, $3, $4 FROM session
"""
# Before another one begins. The oldest are deleted, ended ones before any other.
_KEEP_FEW = """
DELETE FROM sign_in_session WHERE id IN (
    SELECT id FROM sign_in_session WHERE subject = $1
    ORDER BY revoked_at IS NULL DESC, signed_in_at DESC, id DESC OFFSET $2)
RETURNING id, revoked_at
"""
_DROP_ENDED = "DELETE FROM sign_in_session WHERE subject = $1 AND expires_at <= $2"
_FIND = f"""
SELECT s.id AS session_id, s.signed_in_at, s.secret, t.used_at,
       s.revoked_at IS NULL AND t.expires_at > $2 AS is_live, c.*
FROM refresh_token t JOIN sign_in_session s ON s.id = t.session_id JOIN ({credentials.CONFIRMED}) c USING (subject)
WHERE t.token_hash = $1
"""
# The first of several locks the row; the others find it used.
_ROTATE = """
WITH used AS (
    UPDATE refresh_token SET used_at = $3 WHERE token_hash = $1 AND used_at IS NULL RETURNING session_id),
session AS (
    UPDATE sign_in_session s SET expires_at = $4, last_used_at = $3 FROM used
    WHERE s.id = used.session_id AND s.revoked_at IS NULL RETURNING s.id)
INSERT INTO refresh_token (token_hash, session_id, issued_at, expires_at) SELECT $2, id, $3, $4 FROM session
RETURNING session_id
"""
_DROP_EXPIRED = "DELETE FROM refresh_token WHERE session_id = $1 AND expires_at <= $2"
_ACTIVE = """
SELECT id, device, network, signed_in_at, coalesce(last_used_at, signed_in_at) AS last_used_at FROM sign_in_session
WHERE subject = $1 AND revoked_at IS NULL AND expires_at > $2
ORDER BY last_used_at DESC, id DESC LIMIT $3
"""
_REVOKE = "UPDATE sign_in_session SET revoked_at = $3 WHERE id = $2 AND subject = $1 AND revoked_at IS NULL"
_REVOKE_ALL = """
UPDATE sign_in_session SET revoked_at = $2 WHERE subject = $1 AND id IS DISTINCT FROM $3 AND revoked_at IS NULL
RETURNING id
"""


async def start(
    tx: Tx, session_id: UUID, subject: UUID, token_hash: bytes, now: datetime, origin: SessionOrigin = UNKNOWN
) -> list[Revocation]:
    """Start a session with its first refresh token. Deletes ended ones, and beyond MAX_SESSIONS the oldest."""
    await tx.execute(_DROP_ENDED, subject, now)
    dropped = await tx.fetch(_KEEP_FEW, subject, MAX_SESSIONS - 1)
    ended = [Revocation(await _owner(tx, subject), str(row["id"])) for row in dropped if row["revoked_at"] is None]
    await revocations.put(tx, ended, now)
    ends = now + REFRESH_TOKEN_LIFE
    await tx.execute(_START, session_id, subject, now, ends, token_hash, origin.device, origin.network)
    return ended


async def find(db: Reader, token_hash: bytes, now: datetime) -> RefreshToken | None:
    """Return the refresh token with this hash, used or not."""
    row = await db.fetchrow(_FIND, token_hash, now)
    if row is None:
        return None
    return RefreshToken(
        row["session_id"],
        row["signed_in_at"],
        row["used_at"],
        row["is_live"],
        row["secret"],
        credentials.read(row),
    )


async def rotate(tx: Tx, token_hash: bytes, next_hash: bytes, now: datetime) -> bool:
    """Exchange a token for the session's next one; False when it was used meanwhile, or the session revoked."""
    session_id = await tx.fetchval(_ROTATE, token_hash, next_hash, now, now + REFRESH_TOKEN_LIFE)
    if session_id is None:
        return False
    await tx.execute(_DROP_EXPIRED, session_id, now)
    return True


async def active(db: Reader, subject: UUID, now: datetime) -> list[ActiveSession]:
    """Return the subject's sessions that have not ended, the one used last first."""
    return [ActiveSession(*row) for row in await db.fetch(_ACTIVE, subject, now, MAX_LISTED)]


async def revoke(tx: Tx, subject: UUID, session_id: UUID, now: datetime) -> list[Revocation]:
    """End a session of the subject: its refresh tokens now, its access tokens once the result was announced.

    `Revocations.announce` does that. Tokens made by operators name a session that has no row.
    """
    await tx.execute(_REVOKE, subject, session_id, now)
    ended = [Revocation(await _owner(tx, subject), str(session_id))]
    await revocations.put(tx, ended, now)
    return ended


async def revoke_all(tx: Tx, subject: UUID, now: datetime, except_session: UUID | None = None) -> list[Revocation]:
    """End every session of the subject except `except_session`, in the same way. Without it also tokens made by
    operators.
    """
    user_id = await _owner(tx, subject)
    rows = await tx.fetch(_REVOKE_ALL, subject, now, except_session)
    ended = [Revocation(user_id, str(row["id"])) for row in rows]
    if user_id is not None and except_session is None:  # sessions that start in this second stay
        ended.append(Revocation(user_id, before=seconds(now)))
    await revocations.put(tx, ended, now)
    return ended


async def _owner(tx: Tx, subject: UUID) -> UUID | None:
    owner = await accounts.owner(tx, ISSUER, str(subject))
    return owner.user_id if owner else None
