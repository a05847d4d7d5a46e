"""The data of the bench: teams and goals by the product's own actions, people and walks in bulk, by SQL.

`check` compares the bulk's totals with the product's own counting, so a bench never runs on impossible data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from uuid import UUID

import asyncpg

from milequest.actions.goals import create_goal
from milequest.actions.teams import create_team
from milequest.providers.identity.builtin import BuiltinIdentity
from milequest.rules.access import Viewer
from milequest.rules.credentials import ISSUER
from milequest.rules.enums import RouteSource
from milequest.rules.geo import LatLng
from milequest.rules.goals import new_terms
from milequest.rules.ids import new_id
from milequest.rules.routes import RoutePlan, Waypoint
from milequest.rules.teams import new_team
from milequest.runtime import Runtime
from milequest.store.sql import entries
from milequest.store.sql.routes import NewRoute
from milequest.store.sql.transaction import Connection, Tx, transact

TEAMS, MEMBERS, LARGEST = 200, 20, 120  # the first team is the largest: its board has more than a hundred rows
USERS = (TEAMS - 1) * MEMBERS + LARGEST
WALKS, DAYS = 100_000, 60
# So far that no goal is completed in any bench.
STOPS = tuple(
    Waypoint(LatLng(lat, lng), f"At {lat}, {lng}") for lat, lng in ((52, 13), (40, 100), (38, -122), (41, -74))
)


@dataclass(frozen=True, slots=True)
class Member:
    """A person with a token, and their team."""

    user_id: UUID
    team_id: UUID
    token: str


# User n is in team n / 20; the last hundred are in the first team too, and in no other.
_USERS = """
INSERT INTO app_user (id, email, email_key, name, created_at, updated_at)
SELECT md5('user' || n)::uuid, 'user' || n || '@bench.invalid', 'user' || n || '@bench.invalid', 'Walker ' || n, $2, $2
FROM generate_series(0, $1 - 1) AS n"""
_CREDENTIALS = """
INSERT INTO credential
    (subject, email, email_key, password_hash, name, timezone, preferred_units, created_at, updated_at)
SELECT id, email, email_key, 'none', name, timezone, preferred_units, created_at, created_at FROM app_user"""
_IDENTITIES = """
INSERT INTO user_identity (issuer, subject, user_id, created_at) SELECT $1, id::text, id, created_at FROM app_user"""
_MEMBERS = """
INSERT INTO team_member (id, team_id, user_id, role, joined_at, counts_from)
SELECT md5('member' || n)::uuid, team.id, md5('user' || n)::uuid, 'MEMBER', $3, $3
FROM generate_series(0, $1 - 1) AS n JOIN team ON team.name = 'Team ' || CASE WHEN n / $2 < $4 THEN n / $2 ELSE 0 END
WHERE team.created_by <> md5('user' || n)::uuid"""
_COUNT_MEMBERS = """
UPDATE team SET member_count = (SELECT count(*) FROM team_member WHERE team_id = team.id AND left_at IS NULL)"""
# Each day someone walks at most once, a few in private, and ids are of version 7, as the product's are.
_WALKS = """
INSERT INTO activity (id, user_id, type, distance_mm, duration_s, started_at, timezone, utc_offset_min, local_date,
                      source, privacy, counted_at, created_at, updated_at)
SELECT (lpad(to_hex((extract(epoch FROM began) * 1000)::bigint), 12, '0') || '7' || left(md5('walk' || n), 3) || '8'
        || right(md5('walk' || n), 15))::uuid,
    md5('user' || n % $2)::uuid, 'WALK', 1000 * (1500 + n * 7919 % 5000), 2400 + n * 7919 % 1800, began, 'UTC', 0,
    began::date, 'MANUAL', CASE WHEN n % 17 = 0 THEN 'PRIVATE' ELSE 'PUBLIC' END, ended, ended, ended
FROM generate_series(0, $1 - 1) AS n
CROSS JOIN LATERAL (SELECT $3::timestamptz + n / $2 * interval '2 days' + n % 600 * interval '1 minute' AS began) AS a
CROSS JOIN LATERAL (SELECT began + interval '75 minutes' AS ended) AS b"""
_COUNTED = """
INSERT INTO contribution
SELECT m.team_id, a.id, a.user_id, a.privacy = 'PUBLIC', a.distance_mm, a.duration_s, 0, a.local_date, a.started_at,
       a.counted_at
FROM activity a JOIN team_member m ON m.user_id = a.user_id"""
_COUNTED_FOR_GOALS = """
INSERT INTO goal_contribution (goal_id, activity_id, user_id, is_public, distance_mm, duration_s, steps, local_date,
                               started_at, counted_at, team_id)
SELECT g.id, activity_id, user_id, is_public, distance_mm, duration_s, steps, local_date, started_at, counted_at,
       c.team_id
FROM contribution c JOIN goal g ON g.team_id = c.team_id AND c.local_date BETWEEN g.starts_on AND g.ends_on"""
_SUMS = """sum(distance_mm), sum(duration_s), sum(steps), count(*), count(DISTINCT local_date), max(counted_at),
    max(started_at)"""
_COLUMNS = "distance_mm, duration_s, steps, activity_count, active_days, attained_at, last_activity_at"
_WINDOWS = """LATERAL (VALUES ('DAY', local_date), ('WEEK', date_trunc('week', local_date)::date),
    ('MONTH', date_trunc('month', local_date)::date), ('ALL_TIME', date '-infinity')) AS w (period, starts_on)"""
_BOARDS = f"""
INSERT INTO board_entry (team_id, user_id, period, starts_on, {_COLUMNS})
SELECT team_id, user_id, period, starts_on, {_SUMS} FROM contribution, {_WINDOWS} WHERE is_public
GROUP BY team_id, user_id, period, starts_on"""
_BOARD_OF_TEAMS = f"""
INSERT INTO team_entry (period, starts_on, team_id, active_members, {_COLUMNS})
SELECT period, starts_on, team_id, count(*), sum(distance_mm), sum(duration_s), sum(steps), sum(activity_count),
       sum(active_days), max(attained_at), max(last_activity_at)
FROM board_entry GROUP BY period, starts_on, team_id"""
_GOAL_BOARDS = f"""
INSERT INTO goal_entry (goal_id, user_id, {_COLUMNS})
SELECT goal_id, user_id, {_SUMS} FROM goal_contribution WHERE is_public GROUP BY goal_id, user_id"""
_PROGRESS = """
UPDATE goal_progress p SET total_mm = c.mm, version = c.walks
FROM (SELECT goal_id, sum(distance_mm) AS mm, count(*) AS walks FROM goal_contribution GROUP BY goal_id) c
WHERE c.goal_id = p.goal_id"""
_REACHED = """
UPDATE milestone m SET reached_at = $1 FROM goal_progress p WHERE p.goal_id = m.goal_id AND m.at_mm <= p.total_mm"""
_BULK = (_COUNTED, _COUNTED_FOR_GOALS, _BOARDS, _BOARD_OF_TEAMS, _GOAL_BOARDS, _PROGRESS)
_CALLERS = """
SELECT u.id, m.team_id, g.id, u.email_key, t.name = 'Team 0' AS is_largest
FROM app_user u JOIN team_member m ON m.user_id = u.id JOIN team t ON t.id = m.team_id
JOIN goal g ON g.team_id = m.team_id ORDER BY is_largest DESC, md5(u.id::text)"""


async def make(runtime: Runtime, now: datetime) -> None:
    """Fill an empty database."""
    began = datetime.combine(now.date() - timedelta(days=DAYS), time(6), UTC)
    db = runtime.writer
    await db.execute(_USERS, USERS, began)
    await db.execute(_CREDENTIALS)
    await db.execute(_IDENTITIES, ISSUER)
    plan = await runtime.providers.router.route(STOPS)
    founders = await db.fetch("SELECT md5('user' || n)::uuid FROM generate_series(0, $1 - 1, $2) n", USERS, MEMBERS)
    for number, (founder,) in enumerate(founders[:TEAMS]):
        await transact(db, partial(_found, founder_id=founder, name=f"Team {number}", plan=plan, began=began))
    await db.execute(_MEMBERS, USERS, MEMBERS, began, TEAMS)
    await db.execute(_COUNT_MEMBERS)
    async with db.acquire() as connection:
        await connection.execute("SET session_replication_role = replica")  # without checks of foreign keys, row by row
        await connection.execute(_WALKS, WALKS, USERS, began)
        for statement in _BULK:
            await connection.execute(statement)
        await connection.execute("RESET session_replication_role")
    await db.execute(_REACHED, now)
    await db.execute("VACUUM ANALYZE")


async def _found(tx: Tx, founder_id: UUID, name: str, plan: RoutePlan, began: datetime) -> None:
    """Found a team of one, with a goal that runs since `began`."""
    today = began.date()
    route = NewRoute(new_id(began), STOPS, plan.legs, RouteSource.WAYPOINTS)
    terms = new_terms("Around the world", today, ends_on=today + timedelta(days=2 * DAYS), today=today)
    made = await create_team(tx, founder_id, began, new_team(name, is_public=True, max_members=500))
    await create_goal(tx, Viewer(founder_id), began, made.team_id, terms, route, activate=True)


async def check(runtime: Runtime) -> None:
    """Let the product compute totals anew for some of the people. Raises AssertionError if they differ."""
    rows = await runtime.writer.fetch(_CALLERS)
    for user_id, team_id, goal_id, _, _ in rows[:: len(rows) // 20]:
        async with runtime.writer.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            before = await _totals(connection, user_id, team_id, goal_id)
            await _recompute(Tx(connection), user_id, team_id, goal_id)
            after = await _totals(connection, user_id, team_id, goal_id)
            await transaction.rollback()
        assert before == after, f"the bulk's totals differ from the product's for user {user_id}"


async def _recompute(tx: Tx, user_id: UUID, team_id: UUID, goal_id: UUID) -> None:
    walks = "SELECT DISTINCT local_date FROM contribution WHERE team_id = $1 AND user_id = $2"
    days: Sequence[date] = [row[0] for row in await tx.fetch(walks, team_id, user_id)]
    await entries.refresh(tx, user_id, [team_id], days, [goal_id])


async def _totals(db: Connection, user_id: UUID, team_id: UUID, goal_id: UUID) -> list[list[asyncpg.Record]]:
    """Return a person's totals, from all tables."""
    return [
        await db.fetch("SELECT b FROM board_entry b WHERE user_id = $1 ORDER BY 1", user_id),
        await db.fetch("SELECT e FROM team_entry e WHERE team_id = $1 ORDER BY 1", team_id),
        await db.fetch("SELECT e FROM goal_entry e WHERE goal_id = $1 ORDER BY 1", goal_id),
    ]


async def members(runtime: Runtime, now: datetime, count: int) -> list[Member]:
    """Return `count` people with tokens; those of the largest team first."""
    assert isinstance(runtime.identity, BuiltinIdentity)
    found = []
    for user_id, team_id, _, email, _ in (await runtime.writer.fetch(_CALLERS))[:count]:
        signed = await runtime.identity.token_for(email, now)
        assert signed is not None, "everybody has a credential"
        found.append(Member(user_id, team_id, signed[1]))
    return found
