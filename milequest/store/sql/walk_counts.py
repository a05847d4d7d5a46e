"""The teams for which a walk counts or does not, and why, as its walker sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from milequest.rules.access import Viewer
from milequest.rules.activities import BACKDATE_DAYS
from milequest.rules.count_reasons import MESSAGES, Standing, reason_of
from milequest.rules.enums import NotCounted
from milequest.store.sql.columns import Columns
from milequest.store.sql.contributions import CLOSED
from milequest.store.sql.scopes import GIVEN, TEAM_VISIBLE
from milequest.store.sql.teams import COLUMNS as TEAM_COLUMNS
from milequest.store.sql.teams import MINE, Team
from milequest.store.sql.transaction import Reader
from milequest.store.sql.walk_scopes import DECIDES

TEAMS_MAX = 20


@dataclass(frozen=True, slots=True)
class WalkCount:
    """A team, and whether it counts a walk, for which goal, and why not."""

    team: Team
    goal_id: UUID | None
    counts: bool
    reason: NotCounted | None
    message: str | None


_STANDING = Columns(
    Standing,
    is_counted="EXISTS (SELECT FROM contribution c WHERE c.activity_id = a.id AND c.team_id = t.id)",
    status="a.count_status",
    is_late=f"a.created_at - a.started_at > interval '{BACKDATE_DAYS} days'",
    is_closed="stay.is_closed",
    verdict="r.verdict",
    local_date="a.local_date",
    starts_on="g.starts_on",
    ends_on="g.ends_on",
)
_OF_WALKS = f"""
SELECT a.id, r.reason, gc.goal_id, {_STANDING}, {TEAM_COLUMNS}
FROM activity a CROSS JOIN LATERAL (
    SELECT DISTINCT team_id FROM team_member m
    WHERE m.user_id = $1 AND (m.left_at IS NULL OR tstzrange(m.counts_from, m.left_at) @> a.started_at)
    ORDER BY team_id LIMIT {TEAMS_MAX}
) stood JOIN team t ON t.id = stood.team_id {MINE}
LEFT JOIN LATERAL (
    SELECT {CLOSED} AS is_closed FROM team_member m
    WHERE m.user_id = $1 AND m.team_id = t.id AND tstzrange(m.counts_from, m.left_at) @> a.started_at
    LIMIT 1) stay ON true
LEFT JOIN walk_ruling r ON r.activity_id = a.id AND r.team_id = t.id AND {DECIDES}
LEFT JOIN goal_contribution gc ON gc.activity_id = a.id AND gc.team_id = t.id
LEFT JOIN LATERAL (
    SELECT starts_on, ends_on FROM goal
    WHERE team_id = t.id AND status IN ('ACTIVE', 'COMPLETED') AND finalized_at IS NULL
    ORDER BY status, activated_at DESC, id DESC LIMIT 1) g ON true
WHERE a.id = ANY {GIVEN} AND a.user_id = $1 AND a.deleted_at IS NULL AND {TEAM_VISIBLE}
ORDER BY t.id
"""


async def of_walks(db: Reader, viewer: Viewer, activity_ids: Sequence[UUID]) -> dict[UUID, list[WalkCount]]:
    """Return by walk, for the viewer's own ones, the teams they are in or were in when it began: TEAMS_MAX at most."""
    counts: dict[UUID, list[WalkCount]] = {}
    for row in await db.fetch(_OF_WALKS, viewer.user_id, list(activity_ids)):
        activity_id, said, goal_id = row[:3]
        standing = _STANDING.from_row(row, 3)
        reason = reason_of(standing, has_goal=goal_id is not None)
        message = reason and (said if reason is NotCounted.REJECTED and said else MESSAGES[reason])
        team = TEAM_COLUMNS.from_row(row, 3 + _STANDING.width)
        counts.setdefault(activity_id, []).append(WalkCount(team, goal_id, standing.is_counted, reason, message))
    return counts
