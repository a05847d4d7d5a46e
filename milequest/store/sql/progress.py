"""Progress of goals, their pace and contributors' shares: each in one statement for many goals."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from milequest.rules.access import Viewer
from milequest.rules.calendar import local_date
from milequest.rules.geo import LatLng
from milequest.rules.progress import pace, percent, remaining_mm
from milequest.store.sql.positions import position_of, position_sql
from milequest.store.sql.routes import WaypointRow
from milequest.store.sql.scopes import GOAL_VISIBLE, PEOPLE_VISIBLE, shown
from milequest.store.sql.transaction import Reader
from milequest.store.sql.users import CARD, NAMED_CARD, User


@dataclass(frozen=True, slots=True)
class GoalProgress:
    """Progress of a goal, in wire units. `id` is the goal's; `version` rises with each change of the total."""

    id: UUID
    route_id: UUID
    total_mm: int
    version: int
    total_meters: float
    percent: float
    remaining_meters: float
    unattributed_meters: float
    position: LatLng
    heading_degrees: float | None
    leg_index: int
    leg_fraction: float
    line_fraction: float
    last_waypoint: WaypointRow
    next_waypoint: WaypointRow | None
    meters_to_next_waypoint: float | None
    days_elapsed: int
    days_remaining: int
    average_meters_per_day: float
    required_mm_per_day: float | None
    projected_finish_on: date | None
    is_on_track: bool

    @property
    def required_meters_per_day(self) -> float | None:
        """Metres a day from today on to arrive in time."""
        return None if self.required_mm_per_day is None else self.required_mm_per_day / 1000


@dataclass(frozen=True, slots=True)
class Contribution:
    """A user's share of a goal."""

    user: User
    distance_mm: int
    is_former_member: bool

    @property
    def distance_meters(self) -> float:
        """Metres."""
        return self.distance_mm / 1000


# Of `goal_entry e`, `app_user u` and `team t`: public distance under the walker's name.
_NAMED = f"u.share_stats_with_team AND u.deleted_at IS NULL AND {shown('t.id', 'u.id')}"
_FORMER = """NOT EXISTS (
    SELECT FROM team_member m WHERE m.team_id = t.id AND m.user_id = u.id AND m.left_at IS NULL)"""

# The ids come from a subquery, so that PostgreSQL keeps one plan whatever their number: planning takes longer than
# running.
_ASKED = "FROM (SELECT $2::uuid[] AS ids OFFSET 0) AS given CROSS JOIN unnest(given.ids) AS asked (goal_id)"
_VISIBLE_GOAL = f"""{_ASKED}
JOIN goal g ON g.id = asked.goal_id AND g.deleted_at IS NULL
JOIN team t ON t.id = g.team_id"""

_PROGRESS = f"""
SELECT g.id AS goal_id, g.route_id, p.total_mm, g.target_mm, named.mm AS named_mm, p.version, t.timezone, g.starts_on,
       g.ends_on, g.completed_on, place.*
{_VISIBLE_GOAL}
JOIN goal_progress p ON p.goal_id = g.id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.distance_mm), 0)::bigint AS mm
    FROM goal_entry e JOIN app_user u ON u.id = e.user_id WHERE e.goal_id = g.id AND {_NAMED}
) AS named
CROSS JOIN LATERAL ({position_sql("g.route_id", "p.total_mm")}) AS place
WHERE {GOAL_VISIBLE}"""
_TOP = f"""
SELECT g.id, top.*
{_VISIBLE_GOAL}
CROSS JOIN LATERAL (
    SELECT {NAMED_CARD}, e.distance_mm, {_FORMER} AS is_former
    FROM goal_entry e JOIN app_user u ON u.id = e.user_id WHERE e.goal_id = g.id AND {_NAMED}
    ORDER BY e.distance_mm DESC, e.attained_at, e.user_id LIMIT $3
) AS top
WHERE {PEOPLE_VISIBLE} ORDER BY g.id, top.distance_mm DESC, top.user_id"""
_OWN = f"""
SELECT g.id, {CARD}, own.mm, false
{_VISIBLE_GOAL}
JOIN app_user u ON u.id = $1
CROSS JOIN LATERAL (
    SELECT sum(c.distance_mm)::bigint AS mm FROM goal_contribution c WHERE c.goal_id = g.id AND c.user_id = u.id
) AS own
WHERE own.mm IS NOT NULL AND {PEOPLE_VISIBLE}"""


def _progress(row: asyncpg.Record, now: datetime) -> GoalProgress:
    today = local_date(now, ZoneInfo(row["timezone"]))
    total_mm, target_mm, place = row["total_mm"], row["target_mm"], position_of(row)
    days = pace(row["starts_on"], row["ends_on"], today, total_mm, target_mm, row["completed_on"])
    return GoalProgress(
        id=row["goal_id"],
        route_id=row["route_id"],
        total_mm=total_mm,
        version=row["version"],
        total_meters=total_mm / 1000,
        percent=percent(total_mm, target_mm),
        remaining_meters=remaining_mm(total_mm, target_mm) / 1000,
        unattributed_meters=(total_mm - row["named_mm"]) / 1000,
        position=place.position,
        heading_degrees=place.heading_degrees,
        leg_index=place.leg_index,
        leg_fraction=place.leg_fraction,
        line_fraction=place.line_fraction,
        last_waypoint=place.last_waypoint,
        next_waypoint=place.next_waypoint,
        meters_to_next_waypoint=place.meters_to_next_waypoint,
        days_elapsed=days.days_elapsed,
        days_remaining=days.days_remaining,
        average_meters_per_day=days.average_mm_per_day / 1000,
        required_mm_per_day=days.required_mm_per_day,
        projected_finish_on=days.projected_finish_on,
        is_on_track=days.is_on_track,
    )


async def of_goals(db: Reader, viewer: Viewer, goal_ids: Iterable[UUID], now: datetime) -> dict[UUID, GoalProgress]:
    """Return the progress of the goals the viewer may see, by the goal's id; its days are those at `now`."""
    rows = await db.fetch(_PROGRESS, viewer.user_id, list(goal_ids))
    return {row["goal_id"]: _progress(row, now) for row in rows}


async def top_contributors(
    db: Reader, viewer: Viewer, goal_ids: Iterable[UUID], limit: int
) -> dict[UUID, list[Contribution]]:
    """Return the largest public, shared contributions to each goal, largest first; only for members of its team."""
    found: dict[UUID, list[Contribution]] = {}
    for goal_id, *card, distance_mm, is_former in await db.fetch(_TOP, viewer.user_id, list(goal_ids), limit):
        found.setdefault(goal_id, []).append(Contribution(CARD.from_row(card), distance_mm, is_former))
    return found


async def own_contributions(db: Reader, viewer: Viewer, goal_ids: Iterable[UUID]) -> dict[UUID, Contribution]:
    """Return the viewer's share of each goal, private walks included; none for former members of its team."""
    rows = await db.fetch(_OWN, viewer.user_id, list(goal_ids))
    return {row[0]: Contribution(CARD.from_row(row, 1), row[4], row[5]) for row in rows}
