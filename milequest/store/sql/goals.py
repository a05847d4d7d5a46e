"""Goals as a viewer sees them, and the statements that write them. Drafts are for the team's members."""

from dataclasses import astuple, dataclass
from datetime import date, datetime
from uuid import UUID

from milequest.rules.access import Viewer
from milequest.rules.enums import GoalStatus
from milequest.rules.goals import Terms
from milequest.rules.progress import closes_at
from milequest.store.sql.columns import Columns
from milequest.store.sql.scopes import GIVEN, GOAL_VISIBLE, PEOPLE_VISIBLE, shown
from milequest.store.sql.transaction import Reader, Tx
from milequest.store.sql.users import NAMED_CARD, User


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal of a team. Its target is its route's length, in millimetres. Its creator is None to all but members."""

    created_by: User | None
    id: UUID
    team_id: UUID
    route_id: UUID
    name: str
    description: str | None
    status: GoalStatus
    starts_on: date
    ends_on: date
    grace_hours: int
    target_mm: int
    version: int
    created_at: datetime
    activated_at: datetime | None
    completed_at: datetime | None
    completed_on: date | None
    finalized_at: datetime | None
    corrected: bool
    is_replaced: bool  # the next goal began during its grace
    timezone: str  # of its team

    @property
    def closes_at(self) -> datetime | None:
        """The instant from which nothing counts any more; a cancelled goal has none."""
        return None if self.status == GoalStatus.CANCELLED else closes_at(self.ends_on, self.grace_hours)

    @property
    def terms(self) -> Terms:
        """Its fields besides its route."""
        return Terms(self.name, self.description, self.starts_on, self.ends_on, self.grace_hours)


def _columns(created_by: Columns[User]) -> Columns[Goal]:
    return Columns(
        Goal,
        created_by=created_by,
        id="g.id",
        team_id="g.team_id",
        route_id="g.route_id",
        name="g.name",
        description="g.description",
        status="g.status",
        starts_on="g.starts_on",
        ends_on="g.ends_on",
        grace_hours="g.grace_hours",
        target_mm="g.target_mm",
        version="g.version",
        created_at="g.created_at",
        activated_at="g.activated_at",
        completed_at="g.completed_at",
        completed_on="g.completed_on",
        finalized_at="g.finalized_at",
        corrected="g.corrected",
        is_replaced="g.is_replaced",
        timezone="t.timezone",
    )


BEGUN = [GoalStatus.ACTIVE, GoalStatus.COMPLETED, GoalStatus.FAILED]
# Of `goal g`: the running one, else the latest.
LATEST_FIRST = "(g.status = 'ACTIVE' AND NOT g.is_replaced) DESC, g.activated_at DESC, g.id DESC"

_COLUMNS = _columns(NAMED_CARD)
_WITHOUT_MAKER = _columns(Columns(User, optional=True, id="NULL::uuid", name="NULL", avatar_url="NULL"))
_MAKER = f"LEFT JOIN app_user u ON u.id = g.created_by AND {PEOPLE_VISIBLE} AND {shown('t.id', 'u.id')}"
_SELECT = f"SELECT {_COLUMNS} FROM goal g JOIN team t ON t.id = g.team_id {_MAKER}"
_BY_IDS = f"{_SELECT} WHERE g.id = ANY {GIVEN} AND g.deleted_at IS NULL AND {GOAL_VISIBLE}"
_LATEST = f"""
SELECT latest.* FROM unnest($2::uuid[]) AS asked (team_id) JOIN team t ON t.id = asked.team_id CROSS JOIN LATERAL (
    SELECT {_COLUMNS} FROM goal g {_MAKER}
    WHERE g.team_id = t.id AND g.deleted_at IS NULL AND g.status = ANY($3) AND {GOAL_VISIBLE}
    ORDER BY {LATEST_FIRST} LIMIT 1
) AS latest"""
_PAGES = f"""
SELECT page.* FROM unnest($2::uuid[]) AS asked (team_id) JOIN team t ON t.id = asked.team_id CROSS JOIN LATERAL (
    SELECT {_COLUMNS} FROM goal g {_MAKER}
    WHERE g.team_id = t.id AND g.deleted_at IS NULL AND ($3::text IS NULL OR g.status = $3) AND {GOAL_VISIBLE}
      AND ($4::timestamptz IS NULL OR (g.created_at, g.id) < ($4, $5::uuid))
    ORDER BY g.created_at DESC, g.id DESC LIMIT $6
) AS page ORDER BY page.created_at DESC, page.id DESC"""
_VISIBLE_ROUTES = f"""
SELECT DISTINCT g.route_id FROM goal g JOIN team t ON t.id = g.team_id
WHERE g.route_id = ANY {GIVEN} AND g.deleted_at IS NULL AND {GOAL_VISIBLE}"""
_LOCK = f"""
SELECT {_WITHOUT_MAKER} FROM goal g JOIN team t ON t.id = g.team_id
WHERE g.id = $1 AND g.deleted_at IS NULL FOR NO KEY UPDATE OF g"""

_INSERT = """
INSERT INTO goal (id, team_id, route_id, target_mm, created_by, created_at, updated_at,
                  name, description, starts_on, ends_on, grace_hours)
VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10, $11)
"""
_CHANGE = """
UPDATE goal SET updated_at = $2, version = version + 1, route_id = $3, target_mm = $4,
    name = $5, description = $6, starts_on = $7, ends_on = $8, grace_hours = $9
WHERE id = $1
"""
_ACTIVATE = """
UPDATE goal SET status = 'ACTIVE', activated_at = $2, updated_at = $2, version = version + 1 WHERE id = $1
"""
_REPLACE = "UPDATE goal SET is_replaced = true WHERE team_id = $1 AND status = 'ACTIVE' AND ends_on < $2"
_CANCEL = "UPDATE goal SET status = 'CANCELLED', updated_at = $2, version = version + 1 WHERE id = $1"
_DELETE = "UPDATE goal SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1"
_FINALIZE = """
UPDATE goal SET status = $2, finalized_at = $3, updated_at = $3, version = version + 1 WHERE id = $1
"""
# The same instant as `rules/progress.py: closes_at`.
_DUE = """
SELECT id FROM goal
WHERE finalized_at IS NULL AND status IN ('ACTIVE', 'COMPLETED') AND id > $2
  AND (ends_on + 1)::timestamp AT TIME ZONE 'UTC' + make_interval(hours => 12 + grace_hours) <= $1
ORDER BY id LIMIT $3
"""


async def by_ids(db: Reader, viewer: Viewer, goal_ids: list[UUID]) -> dict[UUID, Goal]:
    """Return the goals among `goal_ids` that the viewer may see, by id."""
    return {goal.id: goal for goal in map(_COLUMNS.from_row, await db.fetch(_BY_IDS, viewer.user_id, goal_ids))}


async def goal(db: Reader, viewer: Viewer, goal_id: UUID) -> Goal | None:
    """Return the goal, None when there is none that the viewer may see."""
    return (await by_ids(db, viewer, [goal_id])).get(goal_id)


async def active_of(db: Reader, viewer: Viewer, team_ids: list[UUID]) -> dict[UUID, Goal]:
    """Return the active goal of each team that has one the viewer may see, by the team's id."""
    return await _latest_of(db, viewer, team_ids, [GoalStatus.ACTIVE])


async def current_of(db: Reader, viewer: Viewer, team_ids: list[UUID]) -> dict[UUID, Goal]:
    """Return the running goal of each team, else its latest one that was not cancelled, by the team's id."""
    return await _latest_of(db, viewer, team_ids, BEGUN)


async def _latest_of(db: Reader, viewer: Viewer, team_ids: list[UUID], statuses: list[GoalStatus]) -> dict[UUID, Goal]:
    rows = await db.fetch(_LATEST, viewer.user_id, team_ids, statuses)
    return {goal.team_id: goal for goal in map(_COLUMNS.from_row, rows)}


async def pages_of(
    db: Reader,
    viewer: Viewer,
    team_ids: list[UUID],
    status: GoalStatus | None,
    after: tuple[object, ...] | None,
    limit: int,
) -> dict[UUID, list[Goal]]:
    """Return up to `limit` goals of each team, newest first, that follow the key `after`; hidden teams have none."""
    found: dict[UUID, list[Goal]] = {}
    created_at, goal_id = after or (None, None)
    for row in await db.fetch(_PAGES, viewer.user_id, team_ids, status, created_at, goal_id, limit):
        found.setdefault(row["team_id"], []).append(_COLUMNS.from_row(row))
    return found


async def visible_routes(db: Reader, viewer: Viewer, route_ids: list[UUID]) -> list[UUID]:
    """Return those of the routes that belong to a goal the viewer may see."""
    return [row[0] for row in await db.fetch(_VISIBLE_ROUTES, viewer.user_id, route_ids)]


async def team_of(tx: Tx, goal_id: UUID) -> UUID | None:
    """Return the team of a goal, which never changes: its lock precedes the goal's."""
    team_id: UUID | None = await tx.fetchval("SELECT team_id FROM goal WHERE id = $1 AND deleted_at IS NULL", goal_id)
    return team_id


async def lock(tx: Tx, goal_id: UUID) -> Goal | None:
    """Return the goal, locked until the transaction ends, without its creator. The caller asks the policy."""
    row = await tx.fetchrow(_LOCK, goal_id)
    return None if row is None else _COLUMNS.from_row(row)


async def insert(
    tx: Tx, goal_id: UUID, team_id: UUID, terms: Terms, route_id: UUID, target_mm: int, creator_id: UUID, now: datetime
) -> None:
    """Insert a new DRAFT with nothing walked yet."""
    await tx.execute(_INSERT, goal_id, team_id, route_id, target_mm, creator_id, now, *astuple(terms))
    await tx.execute("INSERT INTO goal_progress (goal_id) VALUES ($1)", goal_id)


async def change(tx: Tx, goal_id: UUID, terms: Terms, route_id: UUID, target_mm: int, now: datetime) -> None:
    """Set new terms and, if it is another one, a new route."""
    await tx.execute(_CHANGE, goal_id, now, route_id, target_mm, *astuple(terms))


async def drafts(tx: Tx, team_id: UUID) -> int:
    """Return how many drafts the team has, which the caller has locked."""
    count: int = await tx.fetchval(
        "SELECT count(*) FROM goal WHERE team_id = $1 AND status = 'DRAFT' AND deleted_at IS NULL", team_id
    )
    return count


async def replace_past(tx: Tx, team_id: UUID, today: date) -> None:
    """Let the next goal begin beside an active one whose days are over on `today`, the team's day."""
    await tx.execute(_REPLACE, team_id, today)


async def activate(tx: Tx, goal_id: UUID, now: datetime) -> None:
    """Activate the goal. Raises asyncpg.UniqueViolationError while another goal of the team runs."""
    await tx.execute(_ACTIVATE, goal_id, now)


async def cancel(tx: Tx, goal_id: UUID, now: datetime) -> None:
    """Cancel the goal; walks counted for it stay counted."""
    await tx.execute(_CANCEL, goal_id, now)


async def delete(tx: Tx, goal_id: UUID, now: datetime) -> None:
    """Delete the goal."""
    await tx.execute(_DELETE, goal_id, now)


async def finalize(tx: Tx, goal_id: UUID, status: GoalStatus, now: datetime) -> None:
    """Fix the goal's outcome: nothing counts for it any more."""
    await tx.execute(_FINALIZE, goal_id, status.value, now)


async def has_counted(tx: Tx, goal_id: UUID) -> bool:
    """Return whether any walk counts for the goal, which the caller has locked."""
    counted: bool = await tx.fetchval("SELECT EXISTS (SELECT FROM goal_contribution WHERE goal_id = $1)", goal_id)
    return counted


async def due(db: Reader, now: datetime, after: UUID, limit: int) -> list[UUID]:
    """Return goals that have closed by `now` without a fixed outcome, the first `limit` of those after an id."""
    return [row[0] for row in await db.fetch(_DUE, now, after, limit)]
