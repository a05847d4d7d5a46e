"""Credentials of the built-in identity provider: the accounts that may sign in."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from milequest.rules import credentials
from milequest.rules.credentials import SignUp
from milequest.rules.enums import Units
from milequest.rules.identity import IssuerAccount
from milequest.store.sql import address_changes, password_resets
from milequest.store.sql.transaction import Reader, Tx


@dataclass(frozen=True, slots=True)
class Credential:
    """An account that may sign in."""

    subject: UUID
    email: str = field(repr=False)
    password_hash: str = field(repr=False)
    name: str = field(repr=False)
    timezone: str
    preferred_units: Units
    groups: tuple[str, ...]

    def account(self, issuer: str) -> IssuerAccount:
        """Return the account, as vouched for by `issuer`."""
        return IssuerAccount(
            issuer, str(self.subject), self.email, True, self.name, self.timezone, self.preferred_units
        )


CONFIRMED = """
SELECT subject, email, password_hash, name, timezone, preferred_units, groups FROM credential
"""
_FIND = f"{CONFIRMED} WHERE email_key = $1"
_OF_SUBJECT = f"{CONFIRMED} WHERE subject = $1"
_LOCK = f"{CONFIRMED} WHERE subject = $1 FOR NO KEY UPDATE"
_CHANGE_PASSWORD = "UPDATE credential SET password_hash = $2, updated_at = $3 WHERE subject = $1 RETURNING email"
_CHANGE_EMAIL = "UPDATE credential SET email = $2, email_key = $3, updated_at = $4 WHERE subject = $1"
_IS_TAKEN = "SELECT EXISTS (SELECT FROM credential WHERE email_key = $1)"
_PUT = """
INSERT INTO credential (subject, email, email_key, password_hash, name, timezone, preferred_units,
                        created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
ON CONFLICT (email_key) DO NOTHING
"""


async def find(db: Reader, email_key: str) -> Credential | None:
    """Return the account with this address."""
    row = await db.fetchrow(_FIND, email_key)
    return None if row is None else read(row)


async def of_subject(db: Reader, subject: UUID) -> Credential | None:
    """Return the account with this subject."""
    row = await db.fetchrow(_OF_SUBJECT, subject)
    return None if row is None else read(row)


async def is_taken(db: Reader, email_key: str) -> bool:
    """Return whether the address has a credential."""
    taken: bool = await db.fetchval(_IS_TAKEN, email_key)
    return taken


async def lock(tx: Tx, subject: UUID) -> Credential | None:
    """Return the account with this subject, locked until the transaction ends; the first lock of the account's rows."""
    row = await tx.fetchrow(_LOCK, subject)
    return None if row is None else read(row)


async def lock_unchanged(tx: Tx, found: Credential) -> bool:
    """Return whether the account still has the password and the address of `found`; it is locked then.

    Passwords are checked outside of transactions, which takes long, so either may have changed meanwhile.
    """
    current = await lock(tx, found.subject)
    return current is not None and (current.password_hash, current.email) == (found.password_hash, found.email)


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


async def change_password(tx: Tx, subject: UUID, password_hash: str, now: datetime) -> str | None:
    """Set the password and drop the requests made with the previous one; return the account's address.

    The caller has locked the account, so that no request is added meanwhile.
    """
    await password_resets.drop(tx, subject)
    await address_changes.drop(tx, subject)
    email: str | None = await tx.fetchval(_CHANGE_PASSWORD, subject, password_hash, now)
    return email


async def change_email(tx: Tx, subject: UUID, email: str, now: datetime) -> None:
    """Set the address and drop the requests made with the previous one. The caller has locked the account.

    Raises UniqueViolationError for a taken address.
    """
    await password_resets.drop(tx, subject)
    await tx.execute(_CHANGE_EMAIL, subject, email, credentials.email_key(email), now)


def read(row: asyncpg.Record) -> Credential:
    """Return the credential of a row with the columns of CONFIRMED."""
    return Credential(
        row["subject"],
        row["email"],
        row["password_hash"],
        row["name"],
        row["timezone"],
        Units(row["preferred_units"]),
        tuple(row["groups"]),
    )
