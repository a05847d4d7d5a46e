"""Walks whose privacy a user changes all at once."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from milequest.rules.activities import BACKDATE_DAYS
from milequest.rules.enums import ActivityPrivacy, ActivityType
from milequest.store.sql.transaction import Reader

# A walk of more than BACKDATE_DAYS ago can be hidden, but no longer be shown: boards of its day are final.
_TO_CHANGE = f"""
SELECT id FROM activity
WHERE user_id = $1 AND deleted_at IS NULL AND privacy <> $2
  AND ($2 = 'PRIVATE' OR $3 - started_at <= interval '{BACKDATE_DAYS} days')
  AND ($4::date IS NULL OR local_date >= $4) AND ($5::date IS NULL OR local_date <= $5)
  AND ($6::text[] IS NULL OR type = ANY($6))
ORDER BY started_at DESC, id DESC LIMIT $7
"""


async def to_change(
    db: Reader,
    user_id: UUID,
    privacy: ActivityPrivacy,
    now: datetime,
    days: tuple[date | None, date | None],
    types: Sequence[ActivityType] | None,
    limit: int,
) -> list[UUID]:
    """Return up to `limit` of the user's walks of these days and types that have another privacy, the newest first."""
    of_types = None if types is None else list(types)
    rows = await db.fetch(_TO_CHANGE, user_id, privacy, now, *days, of_types, limit)
    return [row[0] for row in rows]
