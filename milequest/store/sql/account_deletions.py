"""Accounts whose owners have asked for their deletion, and what is shown of them again if they stay."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from milequest.store.sql.transaction import Reader, Tx
from milequest.store.sql.users import Profile

_PUT = """
INSERT INTO account_deletion
    (user_id, name, avatar_url, show_on_leaderboards, share_stats_with_team, requested_at, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_KEPT = "name, avatar_url, show_on_leaderboards, share_stats_with_team"
_TAKE = f"DELETE FROM account_deletion WHERE user_id = $1 AND due_at > $2 RETURNING {_KEPT}"
_IS_LEAVING = "SELECT EXISTS (SELECT FROM account_deletion WHERE user_id = $1)"
_LOCK_DUE = "SELECT avatar_url FROM account_deletion WHERE user_id = $1 AND due_at <= $2 FOR UPDATE"
_DUE = "SELECT user_id FROM account_deletion WHERE due_at <= $1 AND user_id > $2 ORDER BY user_id LIMIT $3"


async def put(tx: Tx, profile: Profile, now: datetime, due_at: datetime) -> None:
    """Record the request, with the user's profile as it was. The caller has locked the user."""
    kept = (profile.name, profile.avatar_url, profile.show_on_leaderboards, profile.share_stats_with_team)
    await tx.execute(_PUT, profile.id, *kept, now, due_at)


async def take(tx: Tx, user_id: UUID, now: datetime) -> Mapping[str, Any] | None:
    """Remove a request that is not due yet; return the profile's fields as they were, None if there is no request."""
    row = await tx.fetchrow(_TAKE, user_id, now)
    return None if row is None else dict(row)


async def is_leaving(db: Reader, user_id: UUID) -> bool:
    """Return whether the user has asked for the account's deletion."""
    leaving: bool = await db.fetchval(_IS_LEAVING, user_id)
    return leaving


async def lock_due(tx: Tx, user_id: UUID, now: datetime) -> tuple[str | None] | None:
    """Return, locked, the address of the user's former picture; None unless the deletion is due."""
    row = await tx.fetchrow(_LOCK_DUE, user_id, now)
    return None if row is None else (row[0],)


async def due(db: Reader, now: datetime, after: UUID, limit: int) -> list[UUID]:
    """Return users whose deletion is due, the first `limit` of those after an id."""
    return [row[0] for row in await db.fetch(_DUE, now, after, limit)]
