"""Usage of the service, as known to the database."""

from dataclasses import dataclass
from datetime import datetime

from milequest.rules.ids import first_id
from milequest.store.sql.transaction import Reader


@dataclass(frozen=True, slots=True)
class Used:
    """Usage in a span of time: the number of accounts, of those that logged walks, and of these walks."""

    people: int
    walkers: int
    walks: int


_USED = """
SELECT (SELECT count(*) FROM app_user WHERE id < $2 AND deleted_at IS NULL), count(DISTINCT user_id), count(*)
FROM activity
WHERE id >= $1 AND id < $2
"""


async def used(db: Reader, begins: datetime, ends: datetime) -> Used:
    """Return the usage between two instants.

    Walks count by when they were logged, as their ids say, deleted ones included.
    """
    (row,) = await db.fetch(_USED, first_id(begins), first_id(ends))
    return Used(*row)
