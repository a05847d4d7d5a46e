"""A day's walks so far, and whether one of them is probably the one that is about to be logged."""

from uuid import UUID

from milequest.rules.activities import Walk
from milequest.store.sql.transaction import Tx

# One statement for both checks: the day's distance so far, and a probable duplicate.
_DAY = """
SELECT coalesce((SELECT sum(distance_mm) FROM activity
                 WHERE user_id = $1 AND local_date = $2 AND source = 'MANUAL' AND deleted_at IS NULL AND id <> $7
                     AND count_status = 'COUNTED'),
                0)::bigint,
    (SELECT id FROM activity
     WHERE user_id = $1 AND deleted_at IS NULL AND duration_s IS NOT NULL AND id <> $7
       AND started_at < $3::timestamptz + make_interval(secs => $4)
       AND started_at > $3::timestamptz - interval '24 hours'
       AND extract(epoch FROM least(started_at + make_interval(secs => duration_s),
                                    $3::timestamptz + make_interval(secs => $4))
                              - greatest(started_at, $3::timestamptz)) >= 0.5 * least(duration_s, $4)
       AND abs(distance_mm - $5::bigint) <= 0.2 * greatest(distance_mm, $5::bigint)
       AND (type IN ('WALK', 'RUN', 'HIKE')) = ($6::text IN ('WALK', 'RUN', 'HIKE'))
     ORDER BY started_at LIMIT 1)
"""


async def so_far(tx: Tx, user_id: UUID, walk: Walk, but: UUID) -> tuple[int, UUID | None]:
    """Return the millimetres logged by hand on the walk's day, and a probable duplicate; `but` is left out."""
    row = await tx.fetchrow(
        _DAY, user_id, walk.local_date, walk.started_at, float(walk.duration_s or 0), walk.distance_mm, walk.type, but
    )
    assert row is not None, "an aggregate gives a row"
    return row[0], row[1]
