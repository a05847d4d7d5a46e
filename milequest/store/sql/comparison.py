"""Comparison of two databases of the service, such as one and a copy of it that was restored to an earlier moment.

Both are only read, each in one snapshot. Nothing of a row is reported but numbers and ids of teams.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from milequest.settings import Settings
from milequest.store.aws.roles import with_password
from milequest.store.sql.transaction import Reader
from milequest.store.sql.walk_scopes import DECIDES

SECONDS: Final = 60  # for a connection
# Tables of extensions are no data of ours. Hashes of whole rows, so that any difference counts; keys make rows unique.
_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
    AND NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname
"""
_CONTENT = 'SELECT count(*), coalesce(bit_xor(hashtextextended(one::text, 0)), 0) FROM "{table}" one'
_NEWEST = "SELECT max(occurred_at) FROM event"
_TEAMS = """
SELECT t.id, t.member_count, coalesce(w.walks, 0), coalesce(w.distance_mm, 0)::bigint, coalesce(g.total_mm, 0)::bigint,
    coalesce(c.sequence, 0)
FROM team t
LEFT JOIN (SELECT team_id, count(*) AS walks, sum(distance_mm) AS distance_mm FROM contribution GROUP BY team_id) w
    ON w.team_id = t.id
LEFT JOIN (SELECT g.team_id, sum(p.total_mm) AS total_mm FROM goal g JOIN goal_progress p ON p.goal_id = g.id
    GROUP BY g.team_id) g ON g.team_id = t.id
LEFT JOIN channel c ON c.id = 'team:' || replace(t.id::text, '-', '')
WHERE t.deleted_at IS NULL
"""
_LIVE = "team_id IN (SELECT id FROM team WHERE deleted_at IS NULL)"
_SUMS = "distance_mm, duration_s, steps, activity_count, active_days"
# What each total is a sum of: a row of these statements is a team, or a log, whose total is not.
_WRONG: Final[Mapping[str, str]] = {
    "walks": f"""
SELECT DISTINCT c.team_id::text FROM contribution c JOIN activity a ON a.id = c.activity_id
WHERE {_LIVE} AND (a.deleted_at IS NOT NULL OR a.user_id <> c.user_id
    OR (a.distance_mm <> c.distance_mm OR a.local_date <> c.local_date) AND NOT EXISTS (
        SELECT FROM team_member m WHERE m.team_id = c.team_id AND m.user_id = c.user_id AND m.left_reason = 'REMOVED'
            AND tstzrange(m.counts_from, m.left_at) @> a.started_at AND c.distance_mm <= a.distance_mm)
    OR coalesce((SELECT r.verdict FROM walk_ruling r WHERE r.team_id = c.team_id AND r.activity_id = c.activity_id
        AND {DECIDES}), CASE a.count_status WHEN 'COUNTED' THEN 'APPROVED' END, 'REJECTED') <> 'APPROVED')
""",
    "members": """
SELECT t.id::text FROM team t WHERE t.deleted_at IS NULL
    AND t.member_count <> (SELECT count(*) FROM team_member m WHERE m.team_id = t.id AND m.left_at IS NULL)
""",
    "boards": f"""
WITH counted AS (
    SELECT c.team_id, c.user_id, w.period, w.starts_on, sum(c.distance_mm)::bigint, sum(c.duration_s)::bigint,
        sum(c.steps)::bigint, count(*)::int, count(DISTINCT c.local_date)::int
    FROM contribution c, LATERAL (VALUES ('DAY', c.local_date), ('WEEK', date_trunc('week', c.local_date)::date),
        ('MONTH', date_trunc('month', c.local_date)::date), ('ALL_TIME', '-infinity'::date)) w (period, starts_on)
    WHERE c.is_public AND {_LIVE} GROUP BY c.team_id, c.user_id, w.period, w.starts_on
), stored AS (SELECT team_id, user_id, period, starts_on, {_SUMS} FROM board_entry WHERE {_LIVE})
SELECT DISTINCT team_id::text
FROM ((TABLE counted EXCEPT TABLE stored) UNION ALL (TABLE stored EXCEPT TABLE counted)) differs
""",
    "goals": f"""
SELECT DISTINCT g.team_id::text FROM goal g JOIN goal_progress p ON p.goal_id = g.id
WHERE {_LIVE} AND p.total_mm <> coalesce((SELECT sum(c.distance_mm) FROM goal_contribution c WHERE c.goal_id = g.id), 0)
""",
    "logs": """
SELECT c.id FROM channel c
WHERE c.sequence - c.floor <> (SELECT count(*) FROM event e WHERE e.channel = c.id AND e.sequence > c.floor)
""",
}


@dataclass(frozen=True, slots=True)
class TeamSums:
    """A team's number of members and walks, meters walked and counted for goals in mm, and the end of its log."""

    members: int
    walks: int
    distance_mm: int
    goals_mm: int
    sequence: int


@dataclass(frozen=True, slots=True)
class DatabaseContent:
    """A database: number of rows and hash by table, sums by team, time of the newest event, and teams or logs of each
    kind of total that is not the sum of its rows.
    """

    tables: Mapping[str, tuple[int, int]]
    teams: Mapping[UUID, TeamSums]
    newest: datetime | None
    wrong: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two databases."""

    one: DatabaseContent
    other: DatabaseContent

    @property
    def tables(self) -> Iterator[tuple[str, int, int]]:
        """Tables that differ, with their numbers of rows; a table that is missing has none."""
        for name in sorted({*self.one.tables, *self.other.tables}):
            here, there = self.one.tables.get(name, (0, 0)), self.other.tables.get(name, (0, 0))
            if here != there:
                yield name, here[0], there[0]

    @property
    def teams(self) -> Iterator[tuple[UUID, TeamSums | None, TeamSums | None]]:
        """Teams whose sums differ; None where there is no such team."""
        for id in sorted({*self.one.teams, *self.other.teams}):
            here, there = self.one.teams.get(id), self.other.teams.get(id)
            if here != there:
                yield id, here, there

    @property
    def behind(self) -> timedelta | None:
        """Time by which the other's newest event is older; None where a log is empty."""
        if self.one.newest is None or self.other.newest is None:
            return None
        return self.one.newest - self.other.newest

    @property
    def is_same(self) -> bool:
        """True if no row differs."""
        return dict(self.one.tables) == dict(self.other.tables)


async def compare(settings: Settings, other_url: str) -> Comparison:
    """Compare the database of the settings with another one. Raises asyncpg's errors, and OSError."""
    return Comparison(await content(settings, settings.database_url), await content(settings, other_url))


async def content(settings: Settings, url: str) -> DatabaseContent:
    """Read a database's content: each table is read once or a few times, so a large one takes minutes."""
    connection = await asyncpg.connect(await with_password(settings, url), timeout=SECONDS)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute("SET LOCAL TIME ZONE 'UTC'")  # as rows are hashed as text
            tables = {}
            for (table,) in await connection.fetch(_TABLES):
                ((rows, content_hash),) = await connection.fetch(_CONTENT.format(table=table))
                tables[table] = (rows, content_hash)
            teams = {row[0]: TeamSums(*row[1:]) for row in await connection.fetch(_TEAMS)}
            return DatabaseContent(tables, teams, await connection.fetchval(_NEWEST), await wrong_totals(connection))
    finally:
        await connection.close()


async def wrong_totals(db: Reader) -> dict[str, list[str]]:
    """Return by kind the teams, and the logs, whose stored total is not the sum of its rows."""
    found = {kind: [row[0] for row in await db.fetch(statement)] for kind, statement in _WRONG.items()}
    return {kind: sorted(ids) for kind, ids in found.items() if ids}
