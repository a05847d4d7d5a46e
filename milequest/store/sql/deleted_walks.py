"""Rows of walks that were deleted. They stay, so that their owner can take the deletion back and no sync does; those of
the operator's own client are forgotten.
"""

from datetime import datetime
from uuid import UUID

from milequest.store.sql.activities import LOCKED, StoredWalk, stored_walk
from milequest.store.sql.transaction import Tx

_LOCK = f"{LOCKED} AND deleted_at IS NOT NULL FOR NO KEY UPDATE"
_RESTORE = """
UPDATE activity SET deleted_at = NULL, counted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1
"""

_FORGET = """
WITH gone AS (
    DELETE FROM activity WHERE id IN (
        SELECT a.id FROM activity a JOIN app_user u ON u.id = a.user_id
        WHERE u.email_key = $1 AND a.deleted_at < $2
        LIMIT $3
    ) RETURNING id
) SELECT count(*) FROM gone
"""


async def lock(tx: Tx, activity_id: UUID, owner_id: UUID) -> StoredWalk | None:
    """Return the owner's deleted walk, locked until the transaction ends; None for one that is there, or unknown."""
    row = await tx.fetchrow(_LOCK, activity_id, owner_id)
    return None if row is None else stored_walk(row)


async def restore(tx: Tx, activity_id: UUID, now: datetime) -> None:
    """Take back the deletion of a walk that the caller has locked; what it counts is attained just now."""
    await tx.execute(_RESTORE, activity_id, now)


async def forget(tx: Tx, email: str, before: datetime, most: int) -> int:
    """Delete up to `most` rows of an account's walks that were deleted before an instant; return how many.

    The account is the client's, whose walks come from no source and count for no goal.
    """
    count: int = await tx.fetchval(_FORGET, email, before, most)
    return count
