"""Goals, their progress and milestones. A goal's target is its route's length."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from milequest.rules.enums import GoalStatus, MilestoneKind
from milequest.store.sql.tables.base import instant, metadata, one_of, primary_key, zero

goal = Table(
    "goal",
    metadata,
    primary_key(),
    Column("team_id", Uuid, ForeignKey("team.id"), nullable=False),
    Column("route_id", Uuid, ForeignKey("route.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("status", Text, nullable=False, server_default=GoalStatus.DRAFT),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("grace_hours", Integer, nullable=False, server_default=text("72")),
    Column("target_mm", BigInteger, nullable=False),
    Column("created_by", Uuid, ForeignKey("app_user.id"), nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    instant("created_at"),
    instant("updated_at"),
    instant("activated_at", nullable=True),
    instant("completed_at", nullable=True),
    Column("completed_on", Date),
    instant("finalized_at", nullable=True),
    Column("corrected", Boolean, nullable=False, server_default=text("false"), comment="COMPLETED, and short again"),
    Column("is_replaced", Boolean, nullable=False, server_default=text("false"), comment="the next began in its grace"),
    instant("deleted_at", nullable=True),
    one_of("status", GoalStatus),
)
Index("uq_goal_running", goal.c.team_id, unique=True, postgresql_where=text("status = 'ACTIVE' AND NOT is_replaced"))
Index("ix_goal_page", goal.c.team_id, goal.c.created_at, goal.c.id)
Index("ix_goal_route", goal.c.route_id)
Index(
    "ix_goal_unsettled",
    goal.c.id,
    postgresql_where=text("finalized_at IS NULL AND status IN ('ACTIVE', 'COMPLETED')"),
)

goal_progress = Table(
    "goal_progress",
    metadata,
    Column("goal_id", Uuid, ForeignKey("goal.id"), primary_key=True),
    zero("total_mm", BigInteger),
    zero("version", BigInteger),
)

milestone = Table(
    "milestone",
    metadata,
    primary_key(),
    Column("goal_id", Uuid, ForeignKey("goal.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False, comment="the percent, or the waypoint's index"),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("image_url", Text),
    Column("at_mm", BigInteger, nullable=False),
    instant("reached_at", nullable=True),
    Column("reached_by_activity_id", Uuid, ForeignKey("activity.id")),
    instant("revoked_at", nullable=True),
    UniqueConstraint("goal_id", "kind", "key"),
    one_of("kind", MilestoneKind),
)
