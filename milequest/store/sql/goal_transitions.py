"""Statements that apply a goal's new total to its milestones and its status."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from milequest.store.sql.transaction import Tx

_REACH = "UPDATE milestone SET reached_at = $2, reached_by_activity_id = $3 WHERE id = ANY($1)"
_RESTORE = "UPDATE milestone SET revoked_at = NULL WHERE id = ANY($1)"
_REVOKE = "UPDATE milestone SET revoked_at = $2 WHERE id = ANY($1)"
_COMPLETE = """
UPDATE goal SET status = 'COMPLETED', completed_at = $2, completed_on = $3, corrected = false, version = version + 1,
    updated_at = $2 WHERE id = $1
"""
_REOPEN = """
UPDATE goal SET status = 'ACTIVE', completed_at = NULL, completed_on = NULL, corrected = false, version = version + 1,
    updated_at = $2
WHERE id = $1 AND NOT EXISTS (
    SELECT FROM goal other WHERE other.team_id = goal.team_id AND other.status = 'ACTIVE' AND NOT other.is_replaced)
RETURNING true
"""
_CORRECT = "UPDATE goal SET corrected = $3, version = version + 1, updated_at = $2 WHERE id = $1"
_COUNT_EARLIER_WALKS = """
INSERT INTO goal_contribution (goal_id, team_id, activity_id, user_id, is_public, distance_mm, duration_s, steps,
                               local_date, started_at, counted_at)
SELECT g.id, c.team_id, c.activity_id, c.user_id, c.is_public, c.distance_mm, c.duration_s, c.steps, c.local_date,
       c.started_at, c.counted_at
FROM goal g JOIN contribution c ON c.team_id = g.team_id AND c.local_date BETWEEN g.starts_on AND g.ends_on
WHERE g.id = $1
ON CONFLICT (activity_id, team_id) DO NOTHING
RETURNING user_id, distance_mm
"""


# goal_entry holds public walkers of a goal: a private walk is in no share, whatever its owner shares.
_RAISE = """
WITH shown AS (
    SELECT g.id, g.team_id FROM goal g JOIN goal_entry e ON e.goal_id = g.id AND e.user_id = $1
    WHERE g.team_id = ANY($2) ORDER BY g.id FOR NO KEY UPDATE OF g
)
UPDATE goal_progress p SET version = p.version + 1 FROM shown WHERE p.goal_id = shown.id
RETURNING p.goal_id, shown.team_id
"""


@dataclass(frozen=True, slots=True)
class MilestoneMark:
    """A milestone's position and state."""

    id: UUID
    at_mm: int
    reached_at: datetime | None
    revoked_at: datetime | None


async def mark_reached(tx: Tx, milestone_ids: list[UUID], now: datetime, activity_id: UUID | None) -> None:
    """Mark milestones as reached for the first time, by this walk."""
    if milestone_ids:
        await tx.execute(_REACH, milestone_ids, now, activity_id)


async def restore(tx: Tx, milestone_ids: list[UUID]) -> None:
    """Mark milestones as reached again; this is not announced twice."""
    if milestone_ids:
        await tx.execute(_RESTORE, milestone_ids)


async def revoke(tx: Tx, milestone_ids: list[UUID], now: datetime) -> None:
    """Mark milestones as no longer reached, because the total fell."""
    if milestone_ids:
        await tx.execute(_REVOKE, milestone_ids, now)


async def complete(tx: Tx, goal_id: UUID, now: datetime, day: date) -> None:
    """Complete the goal; `day` is that of the walk that reached the target."""
    await tx.execute(_COMPLETE, goal_id, now, day)


async def reopen(tx: Tx, goal_id: UUID, now: datetime) -> bool:
    """Reopen the goal because the total fell; return False, with nothing changed, if another goal runs."""
    return bool(await tx.fetchval(_REOPEN, goal_id, now))


async def correct(tx: Tx, goal_id: UUID, now: datetime, *, corrected: bool) -> None:
    """Mark a COMPLETED goal as short of its target again, or no longer so."""
    await tx.execute(_CORRECT, goal_id, now, corrected)


async def count_earlier_walks(tx: Tx, goal_id: UUID) -> tuple[set[UUID], int]:
    """Count for the goal its team's walks in its window that no goal has counted; return walkers and millimetres."""
    rows = await tx.fetch(_COUNT_EARLIER_WALKS, goal_id)
    return {row[0] for row in rows}, sum(row[1] for row in rows)


async def reached_by(tx: Tx, activity_id: UUID) -> list[UUID]:
    """Return the milestones a walk was the first to reach."""
    rows = await tx.fetch(
        "SELECT id FROM milestone WHERE reached_by_activity_id = $1 ORDER BY at_mm, kind, key", activity_id
    )
    return [row[0] for row in rows]


async def bump_progress_version(tx: Tx, user_id: UUID, team_ids: list[UUID]) -> dict[UUID, UUID]:
    """Bump the progress version of these teams' goals that show the user's share; return the team of each goal."""
    return {row[0]: row[1] for row in await tx.fetch(_RAISE, user_id, team_ids)}
