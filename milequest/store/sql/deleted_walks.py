"""Rows of walks that were deleted. They stay, so that no sync restores them, but those of the operator's own client."""

from datetime import datetime

from milequest.store.sql.transaction import Tx

_FORGET = """
WITH gone AS (
    DELETE FROM activity WHERE id IN (
        SELECT a.id FROM activity a JOIN app_user u ON u.id = a.user_id
        WHERE u.email_key = $1 AND a.deleted_at < $2
        LIMIT $3
    ) RETURNING id
) SELECT count(*) FROM gone
"""


async def forget(tx: Tx, email: str, before: datetime, most: int) -> int:
    """Delete up to `most` rows of an account's walks that were deleted before an instant; return how many.

    The account is the client's, whose walks come from no source and count for no goal.
    """
    count: int = await tx.fetchval(_FORGET, email, before, most)
    return count
