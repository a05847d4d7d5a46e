"""Counting a member's walks for a team and its goals: the statements, each for all walks at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from milequest.rules.contributions import Amounts
from milequest.rules.enums import Verdict
from milequest.store.sql.contributions import (
    AMOUNTS,
    CLOSED,
    IS_CLOSED,
    LOCKED_GOAL,
    OVERWRITE,
    CountedForGoal,
    GoalTotal,
    LockedGoal,
)
from milequest.store.sql.goal_transitions import MilestoneMark
from milequest.store.sql.transaction import Tx
from milequest.store.sql.walk_scopes import DECIDES

_LOCK_BOARD = "SELECT FROM team_board WHERE team_id = $1 FOR NO KEY UPDATE"
_STAYS = f"""
SELECT m.counts_from, m.left_at, {CLOSED} FROM team_member m JOIN team t ON t.id = m.team_id AND t.deleted_at IS NULL
WHERE m.team_id = $1 AND m.user_id = $2
"""
_COUNTED = f"SELECT {AMOUNTS} FROM contribution WHERE team_id = $1 AND activity_id = ANY($2)"
_VERDICTS = f"SELECT activity_id, verdict FROM walk_ruling r WHERE team_id = $1 AND activity_id = ANY($2) AND {DECIDES}"
_COUNTED_GOALS = f"""
SELECT c.activity_id, c.goal_id, c.team_id, c.distance_mm, c.is_public, c.local_date, g.finalized_at IS NOT NULL,
    g.starts_on, g.ends_on, {IS_CLOSED}
FROM goal_contribution c JOIN goal g ON g.id = c.goal_id WHERE c.team_id = $1 AND c.activity_id = ANY($2)
"""
# The goals that may take walks, and those that have counted some of them.
_LOCK_GOALS = f"""
SELECT starts_on, ends_on, activated_at, {LOCKED_GOAL} FROM goal
WHERE team_id = $1 AND (status IN ('ACTIVE', 'COMPLETED') AND finalized_at IS NULL
    OR id IN (SELECT goal_id FROM goal_contribution WHERE team_id = $1 AND activity_id = ANY($2)))
ORDER BY id FOR NO KEY UPDATE
"""
_STANDING = """
SELECT p.goal_id, p.total_mm, m.id, m.at_mm, m.reached_at, m.revoked_at
FROM goal_progress p LEFT JOIN milestone m ON m.goal_id = p.goal_id
WHERE p.goal_id = ANY($1) ORDER BY m.at_mm, m.kind, m.key
"""
_DROP = "DELETE FROM contribution WHERE team_id = $1 AND activity_id = ANY($2)"
_DROP_GOALS = """
DELETE FROM goal_contribution c USING unnest($1::uuid[], $2::uuid[]) AS gone (goal_id, activity_id)
WHERE c.goal_id = gone.goal_id AND c.activity_id = gone.activity_id
"""
_SHOW = """
UPDATE goal_contribution c SET is_public = shown.is_public
FROM unnest($1::uuid[], $2::uuid[], $3::boolean[]) AS shown (goal_id, activity_id, is_public)
WHERE c.goal_id = shown.goal_id AND c.activity_id = shown.activity_id
"""
_WALKS = """unnest($2::uuid[], $3::uuid[], $4::boolean[], $5::bigint[], $6::int[], $7::int[], $8::date[],
    $9::timestamptz[], $10::timestamptz[]"""
_PUT = f"""
INSERT INTO contribution (team_id, {AMOUNTS}) SELECT $1, walk.* FROM {_WALKS}) AS walk ({AMOUNTS})
ON CONFLICT (team_id, activity_id) {OVERWRITE}
"""
_PUT_GOALS = f"""
INSERT INTO goal_contribution (team_id, {AMOUNTS}, goal_id)
SELECT $1, walk.* FROM {_WALKS}, $11::uuid[]) AS walk ({AMOUNTS}, goal_id)
ON CONFLICT (goal_id, activity_id) {OVERWRITE}
"""


@dataclass(frozen=True, slots=True)
class MembershipPeriod:
    """A membership: from when on, and until when, its member's walks count."""

    begins: datetime
    ends: datetime | None
    is_closed: bool

    def holds(self, instant: datetime) -> bool:
        """Return whether a walk that began then counts."""
        return self.begins <= instant and (self.ends is None or instant < self.ends)


@dataclass(slots=True)
class OpenGoal:
    """A goal of the team, locked, with its total and milestones."""

    goal: LockedGoal
    starts_on: date
    ends_on: date
    activated_at: datetime | None
    total: GoalTotal


async def membership_periods(tx: Tx, team_id: UUID, user_id: UUID) -> list[MembershipPeriod]:
    """Return the user's memberships of the team, whose board is locked: no goal of it begins or ends meanwhile."""
    await tx.execute(_LOCK_BOARD, team_id)
    return [MembershipPeriod(*row) for row in await tx.fetch(_STAYS, team_id, user_id)]


async def counted_walks(tx: Tx, team_id: UUID, walks: Sequence[UUID]) -> dict[UUID, Amounts]:
    """Return the team's count of each walk so far."""
    return {row[0]: Amounts(*row) for row in await tx.fetch(_COUNTED, team_id, walks)}


async def verdicts(tx: Tx, team_id: UUID, activity_ids: Sequence[UUID]) -> dict[UUID, Verdict]:
    """Return what the team decided about each of the walks that it decided about."""
    return {row[0]: Verdict(row[1]) for row in await tx.fetch(_VERDICTS, team_id, activity_ids)}


async def counted_goals(tx: Tx, team_id: UUID, walks: Sequence[UUID]) -> dict[UUID, CountedForGoal]:
    """Return the goal of the team that has counted each walk so far; there is one at most."""
    return {row[0]: CountedForGoal(*row[1:]) for row in await tx.fetch(_COUNTED_GOALS, team_id, walks)}


async def lock_goals(tx: Tx, team_id: UUID, walks: Sequence[UUID]) -> dict[UUID, OpenGoal]:
    """Return the team's goals that take walks or have counted some of these, locked in their order."""
    opened = [(LockedGoal(*row[3:]), row) for row in await tx.fetch(_LOCK_GOALS, team_id, walks)]
    totals_by_goal = await totals(tx, [goal.id for goal, _ in opened])
    return {goal.id: OpenGoal(goal, row[0], row[1], row[2], totals_by_goal[goal.id]) for goal, row in opened}


async def totals(tx: Tx, goal_ids: Sequence[UUID]) -> dict[UUID, GoalTotal]:
    """Return goals' totals and milestones."""
    found: dict[UUID, GoalTotal] = {}
    for goal_id, total_mm, *mark in await tx.fetch(_STANDING, goal_ids) if goal_ids else ():
        marks = found.setdefault(goal_id, GoalTotal(total_mm, [])).marks
        if mark[0] is not None:
            marks.append(MilestoneMark(*mark))
    return found


async def put(tx: Tx, team_id: UUID, walks: Sequence[Amounts], goals: Sequence[tuple[UUID, Amounts]]) -> None:
    """Count walks for the team, and pairs of goal and walk for its goals."""
    if walks:
        await tx.execute(_PUT, team_id, *zip(*(walk.columns for walk in walks), strict=True))
    if goals:
        columns = zip(*(walk.columns for _, walk in goals), strict=True)
        await tx.execute(_PUT_GOALS, team_id, *columns, [goal_id for goal_id, _ in goals])


async def drop(tx: Tx, team_id: UUID, walks: Sequence[UUID], goals: Sequence[tuple[UUID, UUID]]) -> None:
    """Stop counting walks for the team, and pairs of goal and walk."""
    if walks:
        await tx.execute(_DROP, team_id, walks)
    if goals:
        await tx.execute(_DROP_GOALS, *zip(*goals, strict=True))


async def set_visibility(tx: Tx, goals: Sequence[tuple[UUID, UUID, bool]]) -> None:
    """Show or hide walks in finalised goals."""
    if goals:
        await tx.execute(_SHOW, *zip(*goals, strict=True))
