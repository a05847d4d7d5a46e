"""Usage of the service, as known to the database."""

from dataclasses import dataclass
from datetime import datetime

from milequest.rules.ids import first_id
from milequest.store.sql.transaction import Reader


@dataclass(frozen=True, slots=True)
class Used:
    """Numbers of a span of time: people with an account, those of them who logged walks, and these walks."""

    people: int
    walkers: int
    walks: int


_USED = """
SELECT (SELECT count(*) FROM app_user WHERE id < $2 AND deleted_at IS NULL), count(DISTINCT user_id), count(*)
FROM activity
WHERE id >= $1 AND id < $2
"""


async def used(db: Reader, begins: datetime, ends: datetime) -> Used:
    """Return what was logged in between, by the age of ids: whatever the walks' dates, and including deleted ones."""
    (row,) = await db.fetch(_USED, first_id(begins), first_id(ends))
    return Used(*row)
