"""Leaderboards without their rows: the window a board shows and its version. The rows are in `store/sql/rankings.py`.

A version is read before the rows it stands for, so a row may be newer than the version says, never older.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from milequest.rules.access import Viewer
from milequest.rules.boards import BoardKey
from milequest.rules.calendar import Window
from milequest.rules.enums import LeaderboardBasis, LeaderboardMetric, LeaderboardPeriod
from milequest.store.sql.goals import BEGUN, LATEST_FIRST
from milequest.store.sql.scopes import GIVEN, PEOPLE_VISIBLE
from milequest.store.sql.transaction import Reader


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """A board and the window it shows; `version` rises whenever a row of it may have changed.

    From `closes_at` on no walk can be added to it; None for ALL_TIME.
    """

    key: BoardKey
    window: Window
    is_final: bool
    version: int
    closes_at: datetime | None = None

    @property
    def id(self) -> str:
        """A derived id: metric, owner, and the window if one was chosen."""
        return f"board_{self.key.text()}"

    @property
    def period(self) -> LeaderboardPeriod:
        """Length of its windows."""
        return self.key.period

    @property
    def metric(self) -> LeaderboardMetric:
        """The ranked value."""
        return self.key.metric

    @property
    def basis(self) -> LeaderboardBasis:
        """Comparison of teams."""
        return self.key.basis

    @property
    def window_starts_on(self) -> date | None:
        """The window's first day; all time has none."""
        return None if self.period is LeaderboardPeriod.ALL_TIME else self.window.starts_on

    @property
    def window_ends_on(self) -> date | None:
        """The window's last day; all time has none."""
        return None if self.period is LeaderboardPeriod.ALL_TIME else self.window.ends_on


@dataclass(frozen=True, slots=True)
class TeamBoards:
    """Properties shared by all boards of a team."""

    timezone: str
    version: int


@dataclass(frozen=True, slots=True)
class GoalBoard:
    """Properties of a goal's board; its version is that of its team's boards."""

    goal_id: UUID
    starts_on: date
    ends_on: date
    grace_hours: int
    is_final: bool
    version: int


_TEAMS = f"""
SELECT t.id, t.timezone, b.version FROM team t JOIN team_board b ON b.team_id = t.id
WHERE t.id = ANY {GIVEN} AND {PEOPLE_VISIBLE}
"""
_GOAL = "g.id, g.starts_on, g.ends_on, g.grace_hours, g.finalized_at IS NOT NULL, b.version, g.team_id"
_GOALS = f"""
SELECT {_GOAL} FROM goal g JOIN team t ON t.id = g.team_id JOIN team_board b ON b.team_id = t.id
WHERE g.id = ANY {GIVEN} AND g.deleted_at IS NULL AND {PEOPLE_VISIBLE}"""
_CURRENT = f"""
SELECT current.* FROM unnest($2::uuid[]) AS asked (team_id) JOIN team t ON t.id = asked.team_id
JOIN team_board b ON b.team_id = t.id CROSS JOIN LATERAL (
    SELECT {_GOAL} FROM goal g WHERE g.team_id = t.id AND g.deleted_at IS NULL AND g.status = ANY($3)
    ORDER BY {LATEST_FIRST} LIMIT 1
) AS current WHERE {PEOPLE_VISIBLE}"""


async def of_teams(db: Reader, viewer: Viewer, team_ids: list[UUID]) -> dict[UUID, TeamBoards]:
    """Return the boards of those teams whose people the viewer may see, by team."""
    return {row[0]: TeamBoards(row[1], row[2]) for row in await db.fetch(_TEAMS, viewer.user_id, team_ids)}


async def of_goals(db: Reader, viewer: Viewer, goal_ids: list[UUID]) -> dict[UUID, GoalBoard]:
    """Return the boards of those goals whose team's people the viewer may see, by goal."""
    rows = await db.fetch(_GOALS, viewer.user_id, goal_ids)
    return {row[0]: GoalBoard(*row[:6]) for row in rows}


async def of_current_goals(db: Reader, viewer: Viewer, team_ids: list[UUID]) -> dict[UUID, GoalBoard]:
    """Return the boards of those teams' current goals, by team."""
    rows = await db.fetch(_CURRENT, viewer.user_id, team_ids, BEGUN)
    return {row[6]: GoalBoard(*row[:6]) for row in rows}


async def teams_version(db: Reader) -> int:
    """Return the version of all boards of teams."""
    version: int = await db.fetchval("SELECT sum(version)::bigint FROM teams_board_shard")
    return version
