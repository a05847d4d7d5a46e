"""Users of ours by an issuer's subject."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from milequest.rules.credentials import ISSUER, email_key
from milequest.rules.identity import IssuerAccount
from milequest.store.sql.transaction import Reader, Tx


@dataclass(frozen=True, slots=True)
class Owner:
    """The user of an identity; not `is_live` if suspended or deleted.

    `leaving_since` is when they asked for the account's deletion, if they did.
    """

    user_id: UUID
    is_live: bool
    email: str = field(repr=False)
    leaving_since: datetime | None = None


_OWNERS = """
SELECT i.issuer, i.subject, u.id, u.suspended_at IS NULL AND u.deleted_at IS NULL, u.email, d.requested_at
FROM unnest($1::text[], $2::text[]) AS asked (issuer, subject)
JOIN user_identity i ON i.issuer = asked.issuer AND i.subject = asked.subject JOIN app_user u ON u.id = i.user_id
LEFT JOIN account_deletion d ON d.user_id = u.id
"""
_PUT_USER = """
INSERT INTO app_user (id, email, email_key, name, timezone, preferred_units, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
ON CONFLICT (email_key) DO NOTHING
"""
# A user whose own credential has another address is somebody else, although the user's row still has this one.
_LINK_IDENTITY = """
INSERT INTO user_identity (issuer, subject, user_id, created_at)
SELECT $1, $2, u.id, $4 FROM app_user u WHERE u.email_key = $3 AND NOT EXISTS (
    SELECT FROM user_identity i JOIN credential c ON c.subject = CASE WHEN i.issuer = $5 THEN i.subject::uuid END
    WHERE i.user_id = u.id AND c.email_key <> $3)
ON CONFLICT (issuer, subject) DO NOTHING
"""
_SET_ADDRESS = """
UPDATE app_user SET email = $2, email_key = $3, version = version + 1, updated_at = $4
WHERE id = $1 AND NOT EXISTS (SELECT FROM app_user other WHERE other.email_key = $3 AND other.id <> $1)
"""
_SET_ADDRESS_OF_IDENTITY = """
UPDATE app_user SET email = $3, email_key = $4, version = version + 1, updated_at = $5
WHERE id = (SELECT user_id FROM user_identity WHERE issuer = $1 AND subject = $2)
"""
_CURRENT = "SELECT email FROM credential WHERE subject = $1 FOR SHARE"
# Finds the user of the built-in provider who still has the address, although their credential has another one.
_RELEASE_ADDRESS = """
UPDATE app_user u SET email = c.email, email_key = c.email_key, version = u.version + 1, updated_at = $3
FROM user_identity i JOIN credential c ON c.subject = CASE WHEN i.issuer = $2 THEN i.subject::uuid END
WHERE u.email_key = $1 AND i.user_id = u.id AND c.email_key <> $1
  AND NOT EXISTS (SELECT FROM app_user other WHERE other.email_key = c.email_key)
"""
_ZONES = """
SELECT DISTINCT u.timezone FROM user_identity i JOIN app_user u ON u.id = i.user_id
WHERE i.issuer = $1 AND i.subject = ANY($2) AND EXISTS (SELECT FROM activity a WHERE a.user_id = u.id)
"""


async def owners(db: Reader, asked: Collection[tuple[str, str]]) -> dict[tuple[str, str], Owner]:
    """Return the user of each (issuer, subject) that is known."""
    rows = await db.fetch(_OWNERS, [issuer for issuer, _ in asked], [subject for _, subject in asked])
    return {(row[0], row[1]): Owner(*row[2:]) for row in rows}


async def owner(db: Reader, issuer: str, subject: str) -> Owner | None:
    """Return the user of (issuer, subject), None if unknown."""
    return (await owners(db, [(issuer, subject)])).get((issuer, subject))


async def put_user(tx: Tx, user_id: UUID, account: IssuerAccount, now: datetime) -> None:
    """Create a user for the account's address, unless the address has one."""
    zone, units = account.timezone, account.preferred_units
    await tx.execute(_PUT_USER, user_id, account.email, email_key(account.email), account.name, zone, units, now)


async def link_identity(tx: Tx, account: IssuerAccount, now: datetime) -> None:
    """Link (issuer, subject) to the user with the account's address.

    Does nothing if it is linked already, or if that user's own credential has another address.
    """
    await tx.execute(_LINK_IDENTITY, account.issuer, account.subject, email_key(account.email), now, ISSUER)


async def with_current_address(tx: Tx, account: IssuerAccount) -> IssuerAccount:
    """Return an account of ours with its current address, which is locked, as the one in a token may be outdated."""
    if account.issuer != ISSUER:
        return account
    email = await tx.fetchval(_CURRENT, UUID(account.subject))
    return account if email is None else replace(account, email=email)


async def release_address(tx: Tx, email: str, now: datetime) -> None:
    """Set the user who has this address to the address of their own credential, if that is another one by now."""
    await tx.execute(_RELEASE_ADDRESS, email_key(email), ISSUER, now)


async def set_address(tx: Tx, user_id: UUID, email: str, now: datetime) -> None:
    """Set a user's address, unless another user has it."""
    await tx.execute(_SET_ADDRESS, user_id, email, email_key(email), now)


async def set_address_of_identity(tx: Tx, issuer: str, subject: str, email: str, now: datetime) -> None:
    """Set the address of the user of (issuer, subject), if there is one.

    Raises UniqueViolationError for a taken address.
    """
    await tx.execute(_SET_ADDRESS_OF_IDENTITY, issuer, subject, email, email_key(email), now)


async def zones(db: Reader, issuer: str, subjects: Collection[str]) -> set[str]:
    """Return the time zones of an issuer's users, given by subject, who have walks."""
    return {row[0] for row in await db.fetch(_ZONES, issuer, list(subjects))}
