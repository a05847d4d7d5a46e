"""Numbers of a team: sums of its public walks, and counts of members who walk and of goals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from milequest.rules.access import Viewer
from milequest.store.sql.columns import Columns
from milequest.store.sql.scopes import PEOPLE_VISIBLE
from milequest.store.sql.transaction import Reader


@dataclass(frozen=True, slots=True)
class TeamStats:
    """Sums of public, counted walks since the team began, its members who walked this week, and its completed goals."""

    distance_meters: float
    duration_seconds: int
    steps: int
    activity_count: int
    active_member_count: int
    completed_goal_count: int


_COLUMNS = Columns(
    TeamStats,
    distance_meters="sums.distance_mm / 1000.0::float8",
    duration_seconds="sums.duration_s",
    steps="sums.steps",
    activity_count="sums.walks",
    active_member_count="""(SELECT count(*) FROM board_entry w JOIN team_member m
        ON m.team_id = w.team_id AND m.user_id = w.user_id AND m.left_at IS NULL
        WHERE w.team_id = t.id AND w.period = 'WEEK' AND w.starts_on = asked.week AND w.activity_count > 0)""",
    completed_goal_count="""(SELECT count(*) FROM goal g
        WHERE g.team_id = t.id AND g.status = 'COMPLETED' AND g.deleted_at IS NULL)""",
)
# The sums are of one row for each of its members so far.
_STATS = f"""
SELECT t.id, {_COLUMNS}
FROM unnest($2::uuid[], $3::date[]) AS asked (team_id, week) JOIN team t ON t.id = asked.team_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.distance_mm), 0)::bigint AS distance_mm, coalesce(sum(e.duration_s), 0)::bigint AS duration_s,
           coalesce(sum(e.steps), 0)::bigint AS steps, coalesce(sum(e.activity_count), 0)::bigint AS walks
    FROM board_entry e WHERE e.team_id = t.id AND e.period = 'ALL_TIME'
) AS sums
WHERE {PEOPLE_VISIBLE}
"""


async def of_teams(db: Reader, viewer: Viewer, weeks: Mapping[UUID, date]) -> dict[UUID, TeamStats]:
    """Return the numbers of teams, each given with the first day of its present week; none of those hidden."""
    rows = await db.fetch(_STATS, viewer.user_id, list(weeks), list(weeks.values()))
    return {row[0]: _COLUMNS.from_row(row, 1) for row in rows}
