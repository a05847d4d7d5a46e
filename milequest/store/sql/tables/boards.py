"""Leaderboards: public, counted sums per window, kept by the transaction that changes them, indexed in rank order."""

from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)

from milequest.rules.enums import LeaderboardPeriod
from milequest.store.sql.tables.base import instant, metadata, one_of, zero


def _sums() -> list[Column[object]]:
    return [
        zero("distance_mm", BigInteger),
        zero("duration_s", BigInteger),
        zero("steps", BigInteger),
        zero("activity_count", Integer),
        zero("active_days", Integer),
        instant("attained_at"),
        instant("last_activity_at"),
    ]


# ALL_TIME starts at -infinity, which asyncpg writes for date.min; a goal's board is `goal_entry`.
board_entry = Table(
    "board_entry",
    metadata,
    Column("team_id", Uuid, ForeignKey("team.id"), primary_key=True),
    Column("user_id", Uuid, ForeignKey("app_user.id"), primary_key=True),
    Column("period", Text, primary_key=True),
    Column("starts_on", Date, primary_key=True),
    *_sums(),
    one_of("period", LeaderboardPeriod),
)
Index("ix_board_entry_user", board_entry.c.user_id)

# `owner_id` is a team, with period GOAL a goal, and zero for the board of teams. A goal's row starts at -infinity.
board_correction = Table(
    "board_correction",
    metadata,
    Column("owner_id", Uuid, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("starts_on", Date, primary_key=True),
    instant("corrected_at"),
    one_of("period", LeaderboardPeriod),
)

goal_entry = Table(
    "goal_entry",
    metadata,
    Column("goal_id", Uuid, ForeignKey("goal.id"), primary_key=True),
    Column("user_id", Uuid, ForeignKey("app_user.id"), primary_key=True),
    *_sums(),
)

# The board of teams: a public, live team's row is the total of its board_entry rows, and no other team has one.
team_entry = Table(
    "team_entry",
    metadata,
    Column("team_id", Uuid, ForeignKey("team.id"), primary_key=True),
    Column("period", Text, primary_key=True),
    Column("starts_on", Date, primary_key=True),
    zero("active_members", Integer),
    *_sums(),
    Column(
        "average_mm",
        BigInteger,
        Computed("CASE WHEN active_members >= 3 THEN distance_mm / active_members END", persisted=True),
        comment="null for too few: an average of one is somebody's own distance",
    ),
    one_of("period", LeaderboardPeriod),
)

# A single version of the boards of teams would be one lock for all writers: it is the sum of these shards.
teams_board_shard = Table(
    "teams_board_shard",
    metadata,
    Column("shard", SmallInteger, primary_key=True),
    zero("version", BigInteger),
)

for _table, _window in ((board_entry, ("team_id", "period", "starts_on")), (goal_entry, ("goal_id",))):
    for _metric in ("distance_mm", "duration_s", "steps", "active_days"):
        Index(
            f"ix_{_table.name}_{_metric}",
            *(_table.c[column] for column in _window),
            _table.c[_metric].desc(),
            _table.c.attained_at,
            _table.c.user_id,
        )
Index(
    "ix_team_entry_total",
    team_entry.c.period,
    team_entry.c.starts_on,
    team_entry.c.distance_mm.desc(),
    team_entry.c.attained_at,
    team_entry.c.team_id,
)
Index(
    "ix_team_entry_average",
    team_entry.c.period,
    team_entry.c.starts_on,
    team_entry.c.average_mm.desc(),
    team_entry.c.attained_at,
    team_entry.c.team_id,
    postgresql_where=text("average_mm IS NOT NULL"),
)
