"""How much the service was used, as far as the database knows it."""

from dataclasses import dataclass
from datetime import datetime

from milequest.rules.ids import first_id
from milequest.store.transaction import Reader


@dataclass(frozen=True, slots=True)
class Used:
    """What there was in a stretch of time: people with an account, those of them who logged walks, and these walks."""

    people: int
    walkers: int
    walks: int


_USED = """
SELECT (SELECT count(*) FROM app_user WHERE id < $2 AND deleted_at IS NULL), count(DISTINCT user_id), count(*)
FROM activity
WHERE id >= $1 AND id < $2
"""


async def used(db: Reader, begins: datetime, ends: datetime) -> Used:
    """What was logged in between, by the age of ids: whenever people walked, and also what was deleted since."""
    (row,) = await db.fetch(_USED, first_id(begins), first_id(ends))
    return Used(*row)
