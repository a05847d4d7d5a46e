"""The entries of boards, in the transaction that changes them.

Entries are not incremented: each is computed from what is below it (a day from its walks, weeks and months from their
days, all time from its months, a team from its members), so an edit, a deletion and a new walk are the same statement
and nothing drifts. Arrays are hidden by OFFSET 0: if it knew their lengths, PostgreSQL would plan each time anew, for
many times the cost.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from milequest.store.sql.transaction import Tx

SHARDS = 32  # of the version of the boards of teams

_COLUMNS = "distance_mm, duration_s, steps, activity_count, active_days, attained_at, last_activity_at"
_SUMS = """sum(distance_mm)::bigint AS distance_mm, sum(duration_s)::bigint AS duration_s, sum(steps)::bigint AS steps,
    sum(activity_count)::int AS activity_count, sum(active_days)::int AS active_days,
    max(attained_at) AS attained_at, max(last_activity_at) AS last_activity_at"""
_OF_WALKS = """coalesce(sum(c.distance_mm), 0)::bigint AS distance_mm,
    coalesce(sum(c.duration_s), 0)::bigint AS duration_s, coalesce(sum(c.steps), 0)::bigint AS steps,
    count(c.activity_id)::int AS activity_count, count(DISTINCT c.local_date)::int AS active_days,
    max(c.counted_at) AS attained_at, max(c.started_at) AS last_activity_at"""
_OVERWRITE = ", ".join(f"{column} = excluded.{column}" for column in _COLUMNS.split(", "))

# Entries of the walker $2, on the boards of the teams $1, for all windows that hold one of the days $3.
_MEMBER = f"""
touched AS (
    SELECT t.team_id, d.day FROM (SELECT $1::uuid[] AS teams, $3::date[] AS days OFFSET 0) AS given
    CROSS JOIN unnest(given.teams) AS t (team_id) CROSS JOIN unnest(given.days) AS d (day)
), day AS (
    SELECT t.team_id, 'DAY' AS period, t.day AS starts_on, {_OF_WALKS}
    FROM touched t LEFT JOIN contribution c
        ON c.team_id = t.team_id AND c.user_id = $2 AND c.local_date = t.day AND c.is_public
    GROUP BY t.team_id, t.day
), windows AS (
    SELECT DISTINCT team_id, period, starts_on, ends_before::date
    FROM touched, CAST(day AS timestamp) AS at, LATERAL (VALUES
        ('WEEK', date_trunc('week', at)::date, date_trunc('week', at) + interval '1 week'),
        ('MONTH', date_trunc('month', at)::date, date_trunc('month', at) + interval '1 month')
    ) AS w (period, starts_on, ends_before)
), wider AS (
    SELECT w.team_id, w.period, w.starts_on, {_SUMS}
    FROM windows w CROSS JOIN LATERAL (
        SELECT {_COLUMNS} FROM day
        WHERE team_id = w.team_id AND starts_on >= w.starts_on AND starts_on < w.ends_before
        UNION ALL
        SELECT {_COLUMNS} FROM board_entry b
        WHERE b.team_id = w.team_id AND b.user_id = $2 AND b.period = 'DAY'
            AND b.starts_on >= w.starts_on AND b.starts_on < w.ends_before
            AND NOT EXISTS (SELECT FROM touched t WHERE t.team_id = w.team_id AND t.day = b.starts_on)
    ) AS parts GROUP BY w.team_id, w.period, w.starts_on
), all_time AS (
    SELECT team_id, 'ALL_TIME', date '-infinity', {_SUMS} FROM (
        SELECT team_id, {_COLUMNS} FROM wider WHERE period = 'MONTH'
        UNION ALL
        SELECT t.team_id, months.* FROM (SELECT DISTINCT team_id FROM touched) AS t CROSS JOIN LATERAL (
            SELECT {_COLUMNS} FROM board_entry b
            WHERE b.team_id = t.team_id AND b.user_id = $2 AND b.period = 'MONTH' AND NOT EXISTS (
                SELECT FROM windows w WHERE w.team_id = t.team_id AND w.period = 'MONTH' AND w.starts_on = b.starts_on)
            OFFSET 0) AS months
    ) AS parts GROUP BY team_id
), entry (team_id, period, starts_on, {_COLUMNS}) AS (
    SELECT * FROM day UNION ALL SELECT * FROM wider UNION ALL SELECT * FROM all_time
), emptied AS (
    DELETE FROM board_entry b USING entry e
    WHERE e.activity_count = 0
      AND (b.team_id, b.user_id, b.period, b.starts_on) = (e.team_id, $2, e.period, e.starts_on)
), stored AS (
    INSERT INTO board_entry (team_id, user_id, period, starts_on, {_COLUMNS})
    SELECT team_id, $2, period, starts_on, {_COLUMNS} FROM entry WHERE activity_count > 0
    ON CONFLICT (team_id, user_id, period, starts_on) DO UPDATE SET {_OVERWRITE}
)"""
# Totals of those teams for the boards of teams, which list public ones only: this member's entries and the others'.
_TEAM = f"""
of_team AS (
    SELECT e.team_id, e.period, e.starts_on, sums.*
    FROM entry e CROSS JOIN LATERAL (
        SELECT count(*)::int AS active_members, {_SUMS} FROM (
            SELECT e.distance_mm, e.duration_s, e.steps, e.activity_count, e.active_days, e.attained_at,
                e.last_activity_at
            WHERE e.activity_count > 0
            UNION ALL
            SELECT {_COLUMNS} FROM board_entry b
            WHERE b.team_id = e.team_id AND b.period = e.period AND b.starts_on = e.starts_on AND b.user_id <> $2
        ) AS members
    ) AS sums
    WHERE (SELECT is_public AND deleted_at IS NULL FROM team WHERE id = e.team_id)
), team_emptied AS (
    DELETE FROM team_entry e USING of_team t
    WHERE t.active_members = 0 AND (e.period, e.starts_on, e.team_id) = (t.period, t.starts_on, t.team_id)
), team_stored AS (
    INSERT INTO team_entry (period, starts_on, team_id, active_members, {_COLUMNS})
    SELECT period, starts_on, team_id, active_members, {_COLUMNS} FROM of_team WHERE active_members > 0
    ON CONFLICT (period, starts_on, team_id) DO UPDATE SET active_members = excluded.active_members, {_OVERWRITE}
)"""


def _of_goals(goals: str, walkers: str) -> str:
    """Return the CTEs for walkers on goals' boards; both are arrays."""
    return f"""
of_goal AS (
    SELECT g.goal_id, u.user_id, sums.*
    FROM (SELECT {goals} AS goals, {walkers} AS walkers OFFSET 0) AS given
    CROSS JOIN unnest(given.goals) AS g (goal_id) CROSS JOIN unnest(given.walkers) AS u (user_id)
    CROSS JOIN LATERAL (
        SELECT {_OF_WALKS} FROM goal_contribution c
        WHERE c.goal_id = g.goal_id AND c.user_id = u.user_id AND c.is_public
    ) AS sums
), goal_emptied AS (
    DELETE FROM goal_entry e USING of_goal g
    WHERE g.activity_count = 0 AND (e.goal_id, e.user_id) = (g.goal_id, g.user_id)
), goal_stored AS (
    INSERT INTO goal_entry (goal_id, user_id, {_COLUMNS})
    SELECT goal_id, user_id, {_COLUMNS} FROM of_goal WHERE activity_count > 0
    ON CONFLICT (goal_id, user_id) DO UPDATE SET {_OVERWRITE}
)"""


_REFRESH = f"""
WITH {_MEMBER}, {_TEAM}, {_of_goals("$4::uuid[]", "ARRAY[$2]")}, raised AS (
    UPDATE team_board SET version = version + 1 WHERE team_id = ANY ((SELECT $1::uuid[])::uuid[])
)
UPDATE teams_board_shard SET version = version + 1 WHERE shard = $5
"""
_REFRESH_GOAL = f"WITH {_of_goals('ARRAY[$1::uuid]', '$2::uuid[]')} SELECT"
_LIST = f"""
INSERT INTO team_entry (team_id, period, starts_on, active_members, {_COLUMNS})
SELECT team_id, period, starts_on, count(*)::int, {_SUMS}
FROM board_entry WHERE team_id = $1 GROUP BY team_id, period, starts_on
"""
_UNLIST = "DELETE FROM team_entry WHERE team_id = $1"
_RAISE_SHARD = "UPDATE teams_board_shard SET version = version + 1 WHERE shard = $1"


async def refresh(tx: Tx, user_id: UUID, team_ids: Sequence[UUID], days: Sequence[date], goals: Sequence[UUID]) -> None:
    """Compute the walker's entries on these teams' boards, for all windows that hold one of `days`, and on these goals'
    boards, then the teams' own entries; raise the versions of all these boards. The teams' boards are locked.
    """
    await tx.execute(_REFRESH, team_ids, user_id, days, goals, _shard(user_id))


async def refresh_goal(tx: Tx, goal_id: UUID, user_ids: Sequence[UUID]) -> None:
    """Compute these walkers' entries on a goal's board."""
    await tx.execute(_REFRESH_GOAL, goal_id, user_ids)


async def list_team(tx: Tx, team_id: UUID, *, is_public: bool) -> None:
    """Add a team, whose boards are locked, to the boards of teams or remove it: only public ones are on them."""
    await tx.execute(_LIST if is_public else _UNLIST, team_id)


async def bump_teams_board_version(tx: Tx, user_id: UUID) -> None:
    """Raise the version of the boards of teams."""
    await tx.execute(_RAISE_SHARD, _shard(user_id))


def _shard(user_id: UUID) -> int:
    """Return the walker's shard: no single lock is shared by all."""
    return user_id.int % SHARDS
