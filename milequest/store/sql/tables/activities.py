"""Walks, and the teams and goals each of them counts for."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from milequest.rules.enums import ActivityPrivacy, ActivitySource, ActivityType, CountStatus, Verdict
from milequest.store.sql.tables.base import instant, metadata, one_of, primary_key


def _amounts() -> list[Column[object]]:
    """Return the columns of a walk's counted amounts."""
    return [
        Column("activity_id", Uuid, ForeignKey("activity.id"), primary_key=True),
        Column("user_id", Uuid, ForeignKey("app_user.id"), nullable=False),
        Column("is_public", Boolean, nullable=False),
        Column("distance_mm", BigInteger, nullable=False),
        Column("duration_s", Integer, nullable=False),
        Column("steps", Integer, nullable=False),
        Column("local_date", Date, nullable=False),
        instant("started_at"),
        instant("counted_at"),
    ]


activity = Table(
    "activity",
    metadata,
    primary_key(),
    Column("user_id", Uuid, ForeignKey("app_user.id"), nullable=False),
    Column("type", Text, nullable=False),
    Column("distance_mm", BigInteger, nullable=False),
    Column("duration_s", Integer),
    Column("steps", Integer),
    Column("stride_mm", Integer, comment="the factor, where the distance was made from steps"),
    instant("started_at"),
    Column("timezone", Text, nullable=False),
    Column("utc_offset_min", SmallInteger, nullable=False),
    Column("local_date", Date, nullable=False, comment="frozen at write time: all windows use it"),
    Column("notes", Text),
    Column("source", Text, nullable=False),
    Column("external_id", Text),
    Column("privacy", Text, nullable=False),
    Column("count_status", Text, nullable=False, server_default=CountStatus.COUNTED),
    Column("superseded_by", Uuid, ForeignKey("activity.id")),
    Column("idempotency_key", Text),
    Column("request_hash", LargeBinary),
    Column("version", Integer, nullable=False, server_default=text("1")),
    instant("counted_at"),
    instant("created_at"),
    instant("updated_at"),
    instant("deleted_at", nullable=True),
    one_of("type", ActivityType),
    one_of("source", ActivitySource),
    one_of("privacy", ActivityPrivacy),
    one_of("count_status", CountStatus),
)
Index("uq_activity_idempotency", activity.c.user_id, activity.c.idempotency_key, unique=True)
Index(
    "uq_activity_external",
    activity.c.user_id,
    activity.c.source,
    activity.c.external_id,
    unique=True,
    postgresql_where=text("external_id IS NOT NULL"),
)
Index(
    "ix_activity_own",
    activity.c.user_id,
    activity.c.started_at,
    activity.c.id,
    postgresql_where=text("deleted_at IS NULL"),
)
Index("ix_activity_day", activity.c.user_id, activity.c.local_date, postgresql_where=text("deleted_at IS NULL"))

Index(
    "ix_activity_flagged",
    activity.c.user_id,
    activity.c.started_at,
    postgresql_where=text("count_status = 'FLAGGED' AND deleted_at IS NULL"),
)

# Decisions of a team's admins about walks. Rows stay when a decision ends: they say who did what when.
walk_ruling = Table(
    "walk_ruling",
    metadata,
    primary_key(),
    Column("team_id", Uuid, ForeignKey("team.id"), nullable=False),
    Column("activity_id", Uuid, ForeignKey("activity.id", ondelete="CASCADE"), nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason", Text),
    Column("ruled_by", Uuid, ForeignKey("app_user.id"), nullable=False),
    instant("created_at"),
    instant("ended_at", nullable=True),
    Column("ended_by", Uuid, ForeignKey("app_user.id"), comment="an admin; null where the walker's edit ended it"),
    one_of("verdict", Verdict),
)
Index(
    "uq_walk_ruling_standing",
    walk_ruling.c.activity_id,
    walk_ruling.c.team_id,
    text("(verdict = 'NOTES_HIDDEN')"),
    unique=True,
    postgresql_where=text("ended_at IS NULL"),
)
Index(
    "ix_walk_ruling_page",
    walk_ruling.c.team_id,
    walk_ruling.c.created_at,
    walk_ruling.c.id,
    postgresql_where=text("ended_at IS NULL"),
)

# The one record that "this walk counts for this team". Every board is a sum of these rows.
contribution = Table(
    "contribution",
    metadata,
    Column("team_id", Uuid, ForeignKey("team.id"), primary_key=True),
    *_amounts(),
)
Index("ix_contribution_activity", contribution.c.activity_id)
Index("ix_contribution_member", contribution.c.team_id, contribution.c.user_id, contribution.c.local_date)
Index(
    "ix_contribution_feed",
    contribution.c.team_id,
    contribution.c.started_at,
    contribution.c.activity_id,
    postgresql_where=text("is_public"),
)

# And the one that "it counts for this goal": every total of a goal is a sum of these. Separate from `contribution`,
# because a finalised goal keeps what it counted, even if the walk changes. In a team a walk counts for one goal.
goal_contribution = Table(
    "goal_contribution",
    metadata,
    Column("goal_id", Uuid, ForeignKey("goal.id"), primary_key=True),
    *_amounts(),
    Column("team_id", Uuid, ForeignKey("team.id"), nullable=False),
    UniqueConstraint("activity_id", "team_id"),
)
Index("ix_goal_contribution_member", goal_contribution.c.goal_id, goal_contribution.c.user_id)
