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
    """The user of an identity; one that is not live was suspended or deleted."""

    user_id: UUID
    is_live: bool
    email: str = field(repr=False)


_OWNERS = """
SELECT i.issuer, i.subject, u.id, u.suspended_at IS NULL AND u.deleted_at IS NULL, u.email
FROM unnest($1::text[], $2::text[]) AS asked (issuer, subject)
JOIN user_identity i ON i.issuer = asked.issuer AND i.subject = asked.subject JOIN app_user u ON u.id = i.user_id
"""
_PUT_USER = """
INSERT INTO app_user (id, email, email_key, name, timezone, preferred_units, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
ON CONFLICT (email_key) DO NOTHING
"""
# A user of ours with a credential of another address is somebody else, whatever is noted of them.
_TIE = """
INSERT INTO user_identity (issuer, subject, user_id, created_at)
SELECT $1, $2, u.id, $4 FROM app_user u WHERE u.email_key = $3 AND NOT EXISTS (
    SELECT FROM user_identity i JOIN credential c ON c.subject = CASE WHEN i.issuer = $5 THEN i.subject::uuid END
    WHERE i.user_id = u.id AND c.email_key <> $3)
ON CONFLICT (issuer, subject) DO NOTHING
"""
_MOVE = """
UPDATE app_user SET email = $2, email_key = $3, version = version + 1, updated_at = $4
WHERE id = $1 AND NOT EXISTS (SELECT FROM app_user other WHERE other.email_key = $3 AND other.id <> $1)
"""
_FOLLOW = """
UPDATE app_user SET email = $3, email_key = $4, version = version + 1, updated_at = $5
WHERE id = (SELECT user_id FROM user_identity WHERE issuer = $1 AND subject = $2)
"""
_CURRENT = "SELECT email FROM credential WHERE subject = $1 FOR SHARE"
# Who had the address before, of our own provider's people.
_PART = """
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


async def tie(tx: Tx, account: IssuerAccount, now: datetime) -> None:
    """Tie (issuer, subject) to the user of the account's address, unless it is tied, or that user has another one."""
    await tx.execute(_TIE, account.issuer, account.subject, email_key(account.email), now, ISSUER)


async def current(tx: Tx, account: IssuerAccount) -> IssuerAccount:
    """The account with its address as it is until the transaction ends, where we keep it: a token's may be older."""
    if account.issuer != ISSUER:
        return account
    email = await tx.fetchval(_CURRENT, UUID(account.subject))
    return account if email is None else replace(account, email=email)


async def part(tx: Tx, email: str, now: datetime) -> None:
    """Take an address from a user whose own credential has another one by now, which becomes theirs."""
    await tx.execute(_PART, email_key(email), ISSUER, now)


async def move(tx: Tx, user_id: UUID, email: str, now: datetime) -> None:
    """Give a user another address, unless another user has it."""
    await tx.execute(_MOVE, user_id, email, email_key(email), now)


async def follow(tx: Tx, issuer: str, subject: str, email: str, now: datetime) -> None:
    """Give the user of (issuer, subject), if there is one, the address. Raises UniqueViolationError for a taken one."""
    await tx.execute(_FOLLOW, issuer, subject, email, email_key(email), now)


async def zones(db: Reader, issuer: str, subjects: Collection[str]) -> set[str]:
    """Return the zones of those of an issuer's people who have walks."""
    return {row[0] for row in await db.fetch(_ZONES, issuer, list(subjects))}
