"""Teams, their members, invites and requests to join."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from milequest.rules.enums import InviteState, JoinPolicy, JoinRequestState, LeftReason, TeamRole
from milequest.store.sql.tables.base import instant, metadata, one_of, primary_key, zero

team = Table(
    "team",
    metadata,
    primary_key(),
    Column("name", Text, nullable=False),
    Column("name_key", Text(collation="C"), nullable=False, comment="the name as it is compared and searched"),
    Column(
        "name_skeleton",
        Text(collation="C"),
        comment="what the name looks like; null where an older team looks so",
    ),
    Column("description", Text),
    Column("avatar_url", Text),
    Column("is_public", Boolean, nullable=False, server_default=text("false")),
    Column("join_policy", Text, nullable=False, server_default=JoinPolicy.INVITE_ONLY),
    Column("max_members", Integer, nullable=False, server_default=text("50")),
    Column("timezone", Text, nullable=False, server_default="UTC"),
    zero("member_count", Integer),
    Column("created_by", Uuid, ForeignKey("app_user.id"), nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    instant("created_at"),
    instant("updated_at"),
    instant("deleted_at", nullable=True),
    one_of("join_policy", JoinPolicy),
)
Index("uq_team_live_name", team.c.name_key, unique=True, postgresql_where=text("deleted_at IS NULL"))
Index("uq_team_live_name_skeleton", team.c.name_skeleton, unique=True, postgresql_where=text("deleted_at IS NULL"))
Index("ix_team_founder", team.c.created_by, team.c.created_at)
Index(
    "ix_team_public_name",
    team.c.name_key,
    postgresql_using="gin",
    postgresql_ops={"name_key": "gin_trgm_ops"},
    postgresql_where=text("deleted_at IS NULL AND is_public"),
)

# One narrow row per team that every counted walk touches: its lock is the team's in the order of locks.
team_board = Table(
    "team_board",
    metadata,
    Column("team_id", Uuid, ForeignKey("team.id"), primary_key=True),
    zero("version", BigInteger),
)

team_member = Table(
    "team_member",
    metadata,
    primary_key(),
    Column("team_id", Uuid, ForeignKey("team.id"), nullable=False),
    Column("user_id", Uuid, ForeignKey("app_user.id"), nullable=False),
    Column("role", Text, nullable=False),
    instant("joined_at"),
    instant("counts_from"),
    instant("left_at", nullable=True),
    Column("left_reason", Text),
    Column("invited_by", Uuid, ForeignKey("app_user.id")),
    one_of("role", TeamRole),
    one_of("left_reason", LeftReason),
    ExcludeConstraint(
        (Column("user_id", Uuid), "="),  # first, since the planner takes this index for a user's teams as well
        (Column("team_id", Uuid), "="),
        (text("tstzrange(counts_from, left_at)"), "&&"),
        name="ex_team_member_intervals",
        using="gist",
    ),
)
Index(
    "uq_team_member_open",
    team_member.c.team_id,
    team_member.c.user_id,
    unique=True,
    postgresql_where=text("left_at IS NULL"),
)
Index("ix_team_member_user", team_member.c.user_id, team_member.c.team_id)
Index(
    "ix_team_member_page",
    team_member.c.team_id,
    team_member.c.joined_at,
    team_member.c.id,
    postgresql_where=text("left_at IS NULL"),
)
Index(
    "ix_team_member_removed",
    team_member.c.team_id,
    team_member.c.user_id,
    postgresql_where=text("left_reason = 'REMOVED'"),
)

# Rows stay when a ban is lifted: they say who did what when.
team_ban = Table(
    "team_ban",
    metadata,
    primary_key(),
    Column("team_id", Uuid, ForeignKey("team.id"), nullable=False),
    Column("user_id", Uuid, ForeignKey("app_user.id"), nullable=False),
    Column("banned_by", Uuid, ForeignKey("app_user.id"), nullable=False),
    instant("created_at"),
    instant("lifted_at", nullable=True),
    Column("lifted_by", Uuid, ForeignKey("app_user.id")),
)
Index(
    "uq_team_ban_standing",
    team_ban.c.team_id,
    team_ban.c.user_id,
    unique=True,
    postgresql_where=text("lifted_at IS NULL"),
)
Index(
    "ix_team_ban_page",
    team_ban.c.team_id,
    team_ban.c.created_at,
    team_ban.c.id,
    postgresql_where=text("lifted_at IS NULL"),
)

team_invite = Table(
    "team_invite",
    metadata,
    primary_key(),
    Column("team_id", Uuid, ForeignKey("team.id"), nullable=False),
    Column("code_hash", LargeBinary, nullable=False, unique=True),
    Column("email", Text),
    Column("email_key", Text),
    Column("role", Text, nullable=False, server_default=TeamRole.MEMBER),
    Column("invited_by", Uuid, ForeignKey("app_user.id"), nullable=False),
    Column("max_uses", Integer, nullable=False),
    zero("use_count", Integer),
    Column("state", Text, nullable=False, server_default=InviteState.PENDING),
    Column("message", Text),
    instant("created_at"),
    Column("issued_at", DateTime(timezone=True), comment="when its present code was made, if it was renewed"),
    instant("expires_at"),
    instant("mailed_at", nullable=True),
    one_of("role", TeamRole),
    one_of("state", InviteState),
)
Index("ix_team_invite_page", team_invite.c.team_id, team_invite.c.created_at, team_invite.c.id)
Index(
    "uq_team_invite_email",
    team_invite.c.team_id,
    team_invite.c.email_key,
    unique=True,
    postgresql_where=text("state = 'PENDING' AND email_key IS NOT NULL"),
)
Index(  # the invites for a user's address, and whether an address declined one
    "ix_team_invite_address",
    team_invite.c.email_key,
    team_invite.c.created_at,
    team_invite.c.id,
    postgresql_where=text("email_key IS NOT NULL"),
)

join_request = Table(
    "join_request",
    metadata,
    primary_key(),
    Column("team_id", Uuid, ForeignKey("team.id"), nullable=False),
    Column("user_id", Uuid, ForeignKey("app_user.id"), nullable=False),
    Column("state", Text, nullable=False, server_default=JoinRequestState.PENDING),
    Column("message", Text),
    instant("created_at"),
    instant("answered_at", nullable=True),
    Column("answered_by", Uuid, ForeignKey("app_user.id"), comment="the admin; null where nobody answered it"),
    one_of("state", JoinRequestState),
)
Index(
    "uq_join_request_pending",
    join_request.c.team_id,
    join_request.c.user_id,
    unique=True,
    postgresql_where=text("state = 'PENDING'"),
)
Index(
    "ix_join_request_page",
    join_request.c.team_id,
    join_request.c.created_at,
    join_request.c.id,
    postgresql_where=text("state = 'PENDING'"),
)
Index("ix_join_request_user", join_request.c.user_id, join_request.c.created_at, join_request.c.id)
