"""Credentials of the built-in identity provider: who may sign in."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from milequest.rules.credentials import SignUp
from milequest.rules.enums import Units
from milequest.store.transaction import Reader, Tx


@dataclass(frozen=True, slots=True)
class Credential:
    """Someone who may sign in, or could once his address is confirmed."""

    subject: UUID
    email: str = field(repr=False)
    password_hash: str = field(repr=False)
    name: str = field(repr=False)
    timezone: str
    preferred_units: Units
    groups: tuple[str, ...]
    is_confirmed: bool


CONFIRMED = """
SELECT subject, email, password_hash, name, timezone, preferred_units, groups, true AS is_confirmed FROM credential
"""
_FIND = f"""
({CONFIRMED} WHERE email_key = $1)
UNION ALL
(SELECT subject, email, password_hash, name, timezone, preferred_units, '{{}}', false FROM pending_sign_up
 WHERE email_key = $1 AND expires_at > $2 ORDER BY created_at DESC, subject DESC LIMIT 1)
ORDER BY is_confirmed DESC LIMIT 1
"""
_IS_TAKEN = "SELECT EXISTS (SELECT FROM credential WHERE email_key = $1)"
_PUT = """
INSERT INTO credential (subject, email, email_key, password_hash, name, timezone, preferred_units,
                        created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
ON CONFLICT (email_key) DO NOTHING
"""


async def find(db: Reader, email_key: str, now: datetime) -> Credential | None:
    """Who has this address: the credential, or else the newest sign-up that waits for its code."""
    row = await db.fetchrow(_FIND, email_key, now)
    return None if row is None else read(row)


async def is_taken(db: Reader, email_key: str) -> bool:
    """Whether the address has a credential."""
    taken: bool = await db.fetchval(_IS_TAKEN, email_key)
    return taken


async def put(tx: Tx, subject: UUID, request: SignUp, password_hash: str, now: datetime) -> None:
    """Store a credential that needs no code, unless the address has one."""
    await tx.execute(
        _PUT,
        subject,
        request.email,
        request.email_key,
        password_hash,
        request.name,
        request.timezone,
        request.preferred_units,
        now,
    )


def read(row: asyncpg.Record) -> Credential:
    """The credential of a row with the columns of CONFIRMED."""
    return Credential(
        row["subject"],
        row["email"],
        row["password_hash"],
        row["name"],
        row["timezone"],
        Units(row["preferred_units"]),
        tuple(row["groups"]),
        row["is_confirmed"],
    )
