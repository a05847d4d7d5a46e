"""The teams and goals for which a walk counts, and the totals of goals: the statements, in their order of execution."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from milequest.rules.contributions import Amounts, Stay
from milequest.rules.enums import Verdict
from milequest.store.sql.goal_transitions import MilestoneMark
from milequest.store.sql.transaction import Tx
from milequest.store.sql.walk_scopes import DECIDES

_LOCK_BOARDS = """
SELECT FROM team_board WHERE team_id IN (
    SELECT team_id FROM team_member WHERE user_id = $1 AND tstzrange(counts_from, left_at) @> $2::timestamptz
    UNION SELECT team_id FROM contribution WHERE activity_id = $3)
ORDER BY team_id FOR NO KEY UPDATE
"""
_RAISE_BOARDS = """
WITH locked AS (SELECT team_id FROM team_board WHERE team_id = ANY($1) ORDER BY team_id FOR NO KEY UPDATE)
UPDATE team_board b SET version = b.version + 1 FROM locked WHERE b.team_id = locked.team_id
"""
# Of `team_member m`, rules/contributions.py: it ended by removal.
CLOSED = "coalesce(m.left_reason = 'REMOVED', false)"
# Of `goal_contribution c`: the walk was counted in a membership that has been closed since.
IS_CLOSED = f"""EXISTS (SELECT FROM team_member m WHERE m.team_id = c.team_id AND m.user_id = c.user_id
        AND tstzrange(m.counts_from, m.left_at) @> c.started_at AND {CLOSED})"""
_LATEST = """
SELECT activity_id FROM contribution WHERE team_id = $1 AND user_id = $2 AND is_public
ORDER BY local_date DESC, started_at DESC, activity_id DESC LIMIT $3
"""
AMOUNTS = "activity_id, user_id, is_public, distance_mm, duration_s, steps, local_date, started_at, counted_at"
_COUNTED_TEAMS = f"SELECT team_id, {AMOUNTS} FROM contribution WHERE activity_id = $1"
_COUNTED_GOALS = f"""
SELECT c.goal_id, c.team_id, c.distance_mm, c.is_public, c.local_date, g.finalized_at IS NOT NULL, g.starts_on,
    g.ends_on, {IS_CLOSED}
FROM goal_contribution c JOIN goal g ON g.id = c.goal_id WHERE c.activity_id = $1
"""
# Teams the walk's owner was a member of when it began, and whether that membership is closed, with the goal the walk
# would count for, if it isn't: the running one first, else the latest that is completed and not yet finalised, of
# equally late ones that with the higher id. Beside them the goals that have counted it so far.
LOCKED_GOAL = """id, team_id, status, target_mm, finalized_at IS NOT NULL, corrected,
    (ends_on + 1)::timestamp AT TIME ZONE 'UTC' + make_interval(hours => 12 + grace_hours)"""  # rules/progress.py
_LOCK_GOALS = f"""
WITH takes AS (
    SELECT m.team_id, {CLOSED} AS is_closed, (
        SELECT verdict FROM walk_ruling r
        WHERE r.activity_id = $4 AND r.team_id = m.team_id AND {DECIDES}) AS verdict, (
        SELECT g.id FROM goal g
        WHERE g.team_id = m.team_id AND NOT {CLOSED} AND g.status IN ('ACTIVE', 'COMPLETED') AND g.finalized_at IS NULL
          AND $3 BETWEEN g.starts_on AND g.ends_on
        ORDER BY g.status, g.activated_at DESC, g.id DESC LIMIT 1) AS goal_id
    FROM team_member m JOIN team t ON t.id = m.team_id AND t.deleted_at IS NULL
    WHERE m.user_id = $1 AND tstzrange(m.counts_from, m.left_at) @> $2::timestamptz
), locked AS (
    SELECT {LOCKED_GOAL} FROM goal
    WHERE id IN (SELECT goal_id FROM takes UNION SELECT goal_id FROM goal_contribution WHERE activity_id = $4)
    ORDER BY id FOR NO KEY UPDATE
)
SELECT takes.team_id, takes.is_closed, takes.verdict, locked.* FROM takes FULL JOIN locked ON locked.id = takes.goal_id
"""
_LOCK_GOAL = f"SELECT {LOCKED_GOAL} FROM goal WHERE id = $1 FOR NO KEY UPDATE"

_DROP = "DELETE FROM contribution WHERE activity_id = $1 AND team_id = ANY($2)"
_DROP_GOALS = "DELETE FROM goal_contribution WHERE activity_id = $1 AND goal_id = ANY($2)"
_HIDE_GOALS = "UPDATE goal_contribution SET is_public = $3 WHERE activity_id = $1 AND goal_id = ANY($2)"
OVERWRITE = """DO UPDATE SET (is_public, distance_mm, duration_s, steps, local_date, started_at, counted_at)
        = (excluded.is_public, excluded.distance_mm, excluded.duration_s, excluded.steps, excluded.local_date,
           excluded.started_at, excluded.counted_at)"""
# Adds $2 (millimetres) to the totals of the goals $1; rows are these goals with each of their milestones.
_MOVED = """
moved AS (
    UPDATE goal_progress p SET total_mm = p.total_mm + move.by_mm, version = p.version + 1
    FROM unnest($1::uuid[], $2::bigint[]) AS move (goal_id, by_mm) WHERE p.goal_id = move.goal_id
    RETURNING p.goal_id, p.total_mm
)
SELECT moved.goal_id, moved.total_mm, m.id, m.at_mm, m.reached_at, m.revoked_at
FROM moved LEFT JOIN milestone m ON m.goal_id = moved.goal_id ORDER BY moved.goal_id, m.at_mm, m.kind, m.key
"""
_ADD_TO_TOTALS = f"WITH {_MOVED}"
_PUT = f"""
WITH for_team AS (
    INSERT INTO contribution (team_id, {AMOUNTS})
    SELECT team_id, $6, $7, $8, $9, $10, $11, $12, $13, $14 FROM unnest($3::uuid[]) AS team (team_id)
    ON CONFLICT (team_id, activity_id) {OVERWRITE}
), for_goal AS (
    INSERT INTO goal_contribution (goal_id, team_id, {AMOUNTS})
    SELECT goal_id, team_id, $6, $7, $8, $9, $10, $11, $12, $13, $14
    FROM unnest($4::uuid[], $5::uuid[]) AS goal (goal_id, team_id)
    ON CONFLICT (goal_id, activity_id) {OVERWRITE}
), {_MOVED}"""


@dataclass(frozen=True, slots=True)
class CountedForGoal:
    """A goal's count of a walk so far."""

    goal_id: UUID
    team_id: UUID
    distance_mm: int
    is_public: bool
    local_date: date
    is_final: bool
    starts_on: date
    ends_on: date
    is_closed: bool


@dataclass(frozen=True, slots=True)
class Taker:
    """A team whose member began a walk: the membership, and the goal the walk would count for."""

    stay: Stay
    goal_id: UUID | None


@dataclass(frozen=True, slots=True)
class LockedGoal:
    """A goal whose totals are about to change."""

    id: UUID
    team_id: UUID
    status: str
    target_mm: int
    is_final: bool
    corrected: bool
    closes_at: datetime


@dataclass(slots=True)
class GoalTotal:
    """A goal's total in millimetres, and its milestones in the order of the route."""

    total_mm: int
    marks: list[MilestoneMark]


async def lock_boards(tx: Tx, user_id: UUID, started_at: datetime | None, activity_id: UUID) -> None:
    """Lock the boards of all teams a walk counts or counted for, so that no goal of theirs begins or ends meanwhile."""
    await tx.execute(_LOCK_BOARDS, user_id, started_at, activity_id)


async def bump_board_versions(tx: Tx, team_ids: Iterable[UUID]) -> None:
    """Raise the version of all boards of these teams, which locks them in order."""
    await tx.execute(_RAISE_BOARDS, list(team_ids))


async def counted_teams(tx: Tx, activity_id: UUID) -> dict[UUID, Amounts]:
    """Return what each team has counted of a walk so far."""
    return {team_id: Amounts(*amounts) for team_id, *amounts in await tx.fetch(_COUNTED_TEAMS, activity_id)}


async def latest_walks(tx: Tx, team_id: UUID, user_id: UUID, limit: int) -> list[UUID]:
    """Return the latest public walks of a user that the team counts, whether or not it shows them."""
    return [row[0] for row in await tx.fetch(_LATEST, team_id, user_id, limit)]


async def counted_goals(tx: Tx, activity_id: UUID) -> list[CountedForGoal]:
    """Return the goals a walk has counted for so far."""
    return [CountedForGoal(*row) for row in await tx.fetch(_COUNTED_GOALS, activity_id)]


async def lock_goals(
    tx: Tx, user_id: UUID, started_at: datetime | None, day: date | None, activity_id: UUID
) -> tuple[dict[UUID, Taker], dict[UUID, LockedGoal]]:
    """Return the teams a walk may count for, each with the goal it would count for now; none without `started_at`.

    Also returns those goals and the ones that have counted it so far, locked in their order, so that none is finalised
    or cancelled while its total changes.
    """
    rows = await tx.fetch(_LOCK_GOALS, user_id, started_at, day, activity_id)
    teams = {
        team_id: Taker(Stay(is_closed, verdict and Verdict(verdict)), goal[0])
        for team_id, is_closed, verdict, *goal in rows
        if team_id is not None
    }
    goals = {goal[0]: LockedGoal(*goal) for _, _, _, *goal in rows if goal[0] is not None}
    return dict(sorted(teams.items())), goals


async def lock_goal(tx: Tx, goal_id: UUID) -> LockedGoal:
    """Return a goal that exists, locked."""
    row = await tx.fetchrow(_LOCK_GOAL, goal_id)
    assert row is not None, "the caller has seen it"
    return LockedGoal(*row)


async def drop(tx: Tx, activity_id: UUID, team_ids: Sequence[UUID]) -> None:
    """Stop counting a walk for these teams."""
    if team_ids:
        await tx.execute(_DROP, activity_id, team_ids)


async def drop_goals(tx: Tx, activity_id: UUID, goal_ids: Sequence[UUID]) -> None:
    """Stop counting a walk for these goals."""
    if goal_ids:
        await tx.execute(_DROP_GOALS, activity_id, goal_ids)


async def show_in_goals(tx: Tx, activity_id: UUID, goal_ids: Sequence[UUID], is_public: bool) -> None:
    """Show or hide a walk in finalised goals: their totals stay, privacy always holds."""
    if goal_ids:
        await tx.execute(_HIDE_GOALS, activity_id, goal_ids, is_public)


async def put(
    tx: Tx, teams: Sequence[UUID], goals: Sequence[tuple[UUID, UUID]], amounts: Amounts, deltas_mm: Mapping[UUID, int]
) -> dict[UUID, GoalTotal]:
    """Count a walk for these teams and (goal, team) pairs, or update its amounts, and add to goals' totals."""
    goal_ids, team_ids = [goal for goal, _ in goals], [team for _, team in goals]
    given = list(deltas_mm), list(deltas_mm.values()), teams, goal_ids, team_ids, *amounts.columns
    return _totals(await tx.fetch(_PUT, *given)) if teams or deltas_mm else {}


async def add_to_totals(tx: Tx, deltas_mm: Mapping[UUID, int]) -> dict[UUID, GoalTotal]:
    """Add these millimetres to goals' totals, which are locked."""
    return _totals(await tx.fetch(_ADD_TO_TOTALS, list(deltas_mm), list(deltas_mm.values()))) if deltas_mm else {}


def _totals(rows: Iterable[asyncpg.Record]) -> dict[UUID, GoalTotal]:
    totals: dict[UUID, GoalTotal] = {}
    for goal_id, total_mm, *mark in rows:
        marks = totals.setdefault(goal_id, GoalTotal(total_mm, [])).marks
        if mark[0] is not None:
            marks.append(MilestoneMark(*mark))
    return totals
