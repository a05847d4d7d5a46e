"""A goal's milestones: made with its route, read with the user who reached them. Counting walks changes their state."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.rules.access import Viewer
from milequest.rules.enums import MilestoneKind
from milequest.rules.goals import NewMilestone, RouteStop
from milequest.rules.ids import new_id
from milequest.store.sql.columns import Columns
from milequest.store.sql.scopes import GIVEN, GOAL_VISIBLE, PEOPLE_VISIBLE, shown
from milequest.store.sql.transaction import Reader, Tx
from milequest.store.sql.users import NAMED_CARD, User


@dataclass(frozen=True, slots=True)
class Milestone:
    """A place on a goal's route. No longer reached is not reached; `reached_by` is None if hidden from the viewer."""

    reached_by: User | None
    id: UUID
    goal_id: UUID
    route_id: UUID
    kind: MilestoneKind
    title: str
    description: str | None
    image_url: str | None
    at_mm: int
    reached_at: datetime | None

    @property
    def at_meters(self) -> float:
        """Metres from the start."""
        return self.at_mm / 1000


_COLUMNS = Columns(
    Milestone,
    reached_by=NAMED_CARD,
    id="s.id",
    goal_id="s.goal_id",
    route_id="g.route_id",
    kind="s.kind",
    title="s.title",
    description="s.description",
    image_url="s.image_url",
    at_mm="s.at_mm",
    reached_at="CASE WHEN s.revoked_at IS NULL THEN s.reached_at END",
)
# The user who reached it is shown to members only, and only by a walk they can see.
_SELECT = f"""
SELECT {_COLUMNS}
FROM milestone s
JOIN goal g ON g.id = s.goal_id AND g.deleted_at IS NULL
JOIN team t ON t.id = g.team_id
LEFT JOIN activity a ON a.id = s.reached_by_activity_id AND s.revoked_at IS NULL AND a.privacy = 'PUBLIC'
    AND a.deleted_at IS NULL AND {PEOPLE_VISIBLE}
    AND EXISTS (SELECT FROM goal_contribution c WHERE c.goal_id = g.id AND c.activity_id = a.id)
LEFT JOIN app_user u ON u.id = a.user_id AND u.deleted_at IS NULL AND {shown("t.id", "u.id")}
"""
_BY_IDS = f"{_SELECT} WHERE s.id = ANY {GIVEN} AND {GOAL_VISIBLE}"
_OF_GOALS = f"{_SELECT} WHERE s.goal_id = ANY {GIVEN} AND {GOAL_VISIBLE} ORDER BY s.goal_id, s.at_mm, s.kind, s.key"

_STOPS = "SELECT index, name, kind, at_mm FROM route_waypoint WHERE route_id = $1 ORDER BY index"
_INSERT = """
INSERT INTO milestone (id, goal_id, kind, key, title, at_mm)
SELECT id, $2, kind, key, title, at_mm
FROM unnest($1::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[]) AS new (id, kind, key, title, at_mm)
"""


async def by_ids(db: Reader, viewer: Viewer, milestone_ids: list[UUID]) -> dict[UUID, Milestone]:
    """Return the milestones among `milestone_ids` whose goal the viewer may see, by id."""
    rows = await db.fetch(_BY_IDS, viewer.user_id, milestone_ids)
    return {milestone.id: milestone for milestone in map(_COLUMNS.from_row, rows)}


async def of_goals(db: Reader, viewer: Viewer, goal_ids: Iterable[UUID]) -> dict[UUID, list[Milestone]]:
    """Return each goal's milestones in the order of its route; none for a goal the viewer may not see."""
    found: dict[UUID, list[Milestone]] = {goal_id: [] for goal_id in goal_ids}
    for milestone in map(_COLUMNS.from_row, await db.fetch(_OF_GOALS, viewer.user_id, list(found))):
        found[milestone.goal_id].append(milestone)
    return found


async def stops(tx: Tx, route_id: UUID) -> list[RouteStop]:
    """Return the waypoints of a route, in order."""
    return [RouteStop(*row) for row in await tx.fetch(_STOPS, route_id)]


async def replace(tx: Tx, goal_id: UUID, milestones: Sequence[NewMilestone], now: datetime) -> None:
    """Replace all milestones; the caller has locked the goal, for which nothing has been counted."""
    await tx.execute("DELETE FROM milestone WHERE goal_id = $1", goal_id)
    await tx.execute(
        _INSERT,
        [new_id(now) for _ in milestones],
        goal_id,
        [milestone.kind.value for milestone in milestones],
        [milestone.key for milestone in milestones],
        [milestone.title for milestone in milestones],
        [milestone.at_mm for milestone in milestones],
    )
