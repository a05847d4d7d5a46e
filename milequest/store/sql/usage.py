"""Usage of the service, as known to the database."""

from dataclasses import dataclass
from datetime import datetime

from milequest.rules.credentials import email_key
from milequest.rules.ids import first_id
from milequest.store.sql.transaction import Reader


@dataclass(frozen=True, slots=True)
class Used:
    """Usage in a span of time: the number of accounts, of those that logged walks, and of these walks."""

    people: int
    walkers: int
    walks: int


_USED = """
SELECT
    (SELECT count(*) FROM app_user WHERE id < $2 AND deleted_at IS NULL AND email_key <> $3),
    count(DISTINCT user_id),
    count(*)
FROM activity
WHERE id >= $1 AND id < $2 AND user_id NOT IN (SELECT id FROM app_user WHERE email_key = $3)
"""


async def used(db: Reader, begins: datetime, ends: datetime, without: str = "") -> Used:
    """Return the usage between two instants, but that of the account with the address `without`.

    Walks count by when they were logged, as their ids say, deleted ones included.
    """
    (row,) = await db.fetch(_USED, first_id(begins), first_id(ends), email_key(without))
    return Used(*row)
