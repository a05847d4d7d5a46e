"""The first schema."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geography
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    for extension in ("postgis", "pg_trgm", "btree_gist"):
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    op.create_table(
        "app_user",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False, comment="the address as compared: trimmed, lower case"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("preferred_units", sa.Text(), server_default="MILES", nullable=False),
        sa.Column("timezone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("stride_mm", sa.Integer(), nullable=True),
        sa.Column("default_activity_privacy", sa.Text(), server_default="PUBLIC", nullable=False),
        sa.Column("show_on_leaderboards", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("share_stats_with_team", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "default_activity_privacy IN ('PUBLIC', 'PRIVATE')", name=op.f("ck_app_user_default_activity_privacy")
        ),
        sa.CheckConstraint("preferred_units IN ('MILES', 'KILOMETERS')", name=op.f("ck_app_user_preferred_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_user")),
        sa.UniqueConstraint("email_key", name=op.f("uq_app_user_email_key")),
    )
    op.create_table(
        "channel",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
    )
    op.create_table(
        "credential",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False, comment="the address as it is compared: trimmed, lower case"),
        sa.Column("password_hash", sa.Text(), nullable=False, comment="argon2id"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("preferred_units", sa.Text(), nullable=False),
        sa.Column(
            "groups", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False, comment="as `cognito:groups`"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("preferred_units IN ('MILES', 'KILOMETERS')", name=op.f("ck_credential_preferred_units")),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_credential")),
        sa.UniqueConstraint("email_key", name=op.f("uq_credential_email_key")),
    )
    op.create_table(
        "log_epoch",
        sa.Column("id", sa.SmallInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_epoch")),
    )
    op.create_table(
        "pending_sign_up",
        sa.Column("subject", sa.Uuid(), nullable=False, comment="becomes the credential's, once the code arrives"),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column(
            "email_key", sa.Text(), nullable=False, comment="not unique: each attempt has its own password and code"
        ),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("preferred_units", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("wrong_codes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("code_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "preferred_units IN ('MILES', 'KILOMETERS')", name=op.f("ck_pending_sign_up_preferred_units")
        ),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_pending_sign_up")),
    )
    op.create_index(op.f("ix_pending_sign_up_email_key"), "pending_sign_up", ["email_key"], unique=False)
    op.create_table(
        "route",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("length_mm", sa.BigInteger(), nullable=False),
        sa.Column("south", sa.Double(), nullable=False),
        sa.Column("west", sa.Double(), nullable=False),
        sa.Column("north", sa.Double(), nullable=False),
        sa.Column("east", sa.Double(), nullable=False),
        sa.Column("overview", sa.Text(), nullable=False),
        sa.Column("elevation_gain_m", sa.Double(), nullable=True),
        sa.Column("attribution", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("source IN ('WAYPOINTS', 'TEMPLATE', 'GPX')", name=op.f("ck_route_source")),
        sa.CheckConstraint("length_mm > 0", name=op.f("ck_route_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_route")),
    )
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.Text(), nullable=False, comment="the public key's JWK thumbprint (RFC 7638)"),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False, comment="PKCS #8, DER"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_key")),
    )
    op.create_index(
        "uq_signing_key_in_use",
        "signing_key",
        ["algorithm"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "teams_board_shard",
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_teams_board_shard")),
    )
    op.create_table(
        "activity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("distance_mm", sa.BigInteger(), nullable=False),
        sa.Column("duration_s", sa.Integer(), nullable=True),
        sa.Column("steps", sa.Integer(), nullable=True),
        sa.Column(
            "stride_mm", sa.Integer(), nullable=True, comment="the factor, where the distance was made from steps"
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("utc_offset_min", sa.SmallInteger(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False, comment="frozen at write time: all windows use it"),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("privacy", sa.Text(), nullable=False),
        sa.Column("count_status", sa.Text(), server_default="COUNTED", nullable=False),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("request_hash", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "count_status IN ('COUNTED', 'SUPERSEDED', 'FLAGGED', 'REJECTED')", name=op.f("ck_activity_count_status")
        ),
        sa.CheckConstraint("privacy IN ('PUBLIC', 'PRIVATE')", name=op.f("ck_activity_privacy")),
        sa.CheckConstraint(
            "source IN ('MANUAL', 'GOOGLE_HEALTH', 'FITBIT', 'HEALTH_CONNECT', 'APPLE_HEALTH', 'GPX', 'ADMIN_ADJUSTMENT')",
            name=op.f("ck_activity_source"),
        ),
        sa.CheckConstraint(
            "type IN ('WALK', 'RUN', 'HIKE', 'WHEELCHAIR', 'OTHER_CONVERTED')", name=op.f("ck_activity_type")
        ),
        sa.ForeignKeyConstraint(["superseded_by"], ["activity.id"], name=op.f("fk_activity_superseded_by")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_activity_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
    )
    op.create_index(
        "ix_activity_day",
        "activity",
        ["user_id", "local_date"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_activity_own",
        "activity",
        ["user_id", "started_at", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "uq_activity_external",
        "activity",
        ["user_id", "source", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.create_index("uq_activity_idempotency", "activity", ["user_id", "idempotency_key"], unique=True)
    op.create_table(
        "event",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "subject_id", sa.Uuid(), nullable=False, comment="the activity, member, goal or milestone it is about"
        ),
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="further ids and versions",
        ),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('ACTIVITY_ADDED', 'ACTIVITY_CHANGED', 'ACTIVITY_REMOVED', 'PROGRESS_MOVED', 'MILESTONE_REACHED', 'GOAL_CHANGED', 'MEMBER_ADDED', 'MEMBER_CHANGED', 'MEMBER_REMOVED', 'TEAM_CHANGED')",
            name=op.f("ck_event_kind"),
        ),
        sa.ForeignKeyConstraint(["channel"], ["channel.id"], name=op.f("fk_event_channel")),
        sa.PrimaryKeyConstraint("channel", "sequence", name=op.f("pk_event")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "outcome",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="what the action returned: ids, from which the answer is read again",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_idempotency_key_user_id")),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_geospatial_table(
        "route_leg",
        sa.Column("route_id", sa.Uuid(), nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("starts_at_mm", sa.BigInteger(), nullable=False),
        sa.Column("length_mm", sa.BigInteger(), nullable=False),
        sa.Column("duration_s", sa.Integer(), nullable=True),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column(
            "line",
            Geography(
                geometry_type="LINESTRING",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeogFromText",
                name="geography",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("crosses_antimeridian", sa.Boolean(), nullable=False),
        sa.Column("overview", sa.Text(), nullable=False),
        sa.CheckConstraint("quality IN ('ROUTED', 'ESTIMATED')", name=op.f("ck_route_leg_quality")),
        sa.CheckConstraint("length_mm >= 0", name=op.f("ck_route_leg_length")),
        sa.ForeignKeyConstraint(["route_id"], ["route.id"], name=op.f("fk_route_leg_route_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("route_id", "index", name=op.f("pk_route_leg")),
    )
    op.create_geospatial_table(
        "route_waypoint",
        sa.Column("route_id", sa.Uuid(), nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column(
            "position",
            Geography(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeogFromText",
                name="geography",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at_mm", sa.BigInteger(), nullable=False),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('START', 'STOP', 'END')", name=op.f("ck_route_waypoint_kind")),
        sa.ForeignKeyConstraint(
            ["route_id"], ["route.id"], name=op.f("fk_route_waypoint_route_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("route_id", "index", name=op.f("pk_route_waypoint")),
    )
    op.create_table(
        "sign_in_session",
        sa.Column("id", sa.Uuid(), nullable=False, comment="the family of one sign-in's refresh tokens"),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["subject"], ["credential.subject"], name=op.f("fk_sign_in_session_subject"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_session")),
    )
    op.create_index(op.f("ix_sign_in_session_subject"), "sign_in_session", ["subject"], unique=False)
    op.create_table(
        "team",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "name_key", sa.Text(collation="C"), nullable=False, comment="the name as it is compared and searched"
        ),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("is_public", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("join_policy", sa.Text(), server_default="INVITE_ONLY", nullable=False),
        sa.Column("max_members", sa.Integer(), server_default=sa.text("50"), nullable=False),
        sa.Column("timezone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("member_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("join_policy IN ('OPEN', 'REQUEST', 'INVITE_ONLY')", name=op.f("ck_team_join_policy")),
        sa.ForeignKeyConstraint(["created_by"], ["app_user.id"], name=op.f("fk_team_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
    )
    op.create_index("ix_team_founder", "team", ["created_by", "created_at"], unique=False)
    op.create_index(
        "ix_team_public_name",
        "team",
        ["name_key"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name_key": "gin_trgm_ops"},
        postgresql_where=sa.text("deleted_at IS NULL AND is_public"),
    )
    op.create_index(
        "uq_team_live_name",
        "team",
        ["name_key"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "user_identity",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_user_identity_user_id")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_user_identity")),
    )
    op.create_index(op.f("ix_user_identity_user_id"), "user_identity", ["user_id"], unique=False)
    op.create_table(
        "board_entry",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("distance_mm", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("duration_s", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("steps", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("activity_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("active_days", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attained_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "period IN ('DAY', 'WEEK', 'MONTH', 'ALL_TIME', 'GOAL')", name=op.f("ck_board_entry_period")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_board_entry_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_board_entry_user_id")),
        sa.PrimaryKeyConstraint("team_id", "user_id", "period", "starts_on", name=op.f("pk_board_entry")),
    )
    op.create_index(
        "ix_board_entry_active_days",
        "board_entry",
        ["team_id", "period", "starts_on", sa.literal_column("active_days DESC"), "attained_at", "user_id"],
        unique=False,
    )
    op.create_index(
        "ix_board_entry_distance_mm",
        "board_entry",
        ["team_id", "period", "starts_on", sa.literal_column("distance_mm DESC"), "attained_at", "user_id"],
        unique=False,
    )
    op.create_index(
        "ix_board_entry_duration_s",
        "board_entry",
        ["team_id", "period", "starts_on", sa.literal_column("duration_s DESC"), "attained_at", "user_id"],
        unique=False,
    )
    op.create_index(
        "ix_board_entry_steps",
        "board_entry",
        ["team_id", "period", "starts_on", sa.literal_column("steps DESC"), "attained_at", "user_id"],
        unique=False,
    )
    op.create_index("ix_board_entry_user", "board_entry", ["user_id"], unique=False)
    op.create_table(
        "contribution",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("distance_mm", sa.BigInteger(), nullable=False),
        sa.Column("duration_s", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_contribution_activity_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_contribution_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_contribution_user_id")),
        sa.PrimaryKeyConstraint("team_id", "activity_id", name=op.f("pk_contribution")),
    )
    op.create_index("ix_contribution_activity", "contribution", ["activity_id"], unique=False)
    op.create_index(
        "ix_contribution_feed",
        "contribution",
        ["team_id", "started_at", "activity_id"],
        unique=False,
        postgresql_where=sa.text("is_public"),
    )
    op.create_index("ix_contribution_member", "contribution", ["team_id", "user_id", "local_date"], unique=False)
    op.create_table(
        "goal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("route_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="DRAFT", nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("grace_hours", sa.Integer(), server_default=sa.text("72"), nullable=False),
        sa.Column("target_mm", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_on", sa.Date(), nullable=True),
        sa.Column("finalized_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("corrected", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'ACTIVE', 'COMPLETED', 'FAILED', 'CANCELLED')", name=op.f("ck_goal_status")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["app_user.id"], name=op.f("fk_goal_created_by")),
        sa.ForeignKeyConstraint(["route_id"], ["route.id"], name=op.f("fk_goal_route_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_goal_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goal")),
    )
    op.create_index("ix_goal_page", "goal", ["team_id", "created_at", "id"], unique=False)
    op.create_index("ix_goal_route", "goal", ["route_id"], unique=False)
    op.create_index(
        "ix_goal_unsettled",
        "goal",
        ["id"],
        unique=False,
        postgresql_where=sa.text("finalized_at IS NULL AND status IN ('ACTIVE', 'COMPLETED')"),
    )
    op.create_index("uq_goal_active", "goal", ["team_id"], unique=True, postgresql_where=sa.text("status = 'ACTIVE'"))
    op.create_table(
        "refresh_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of 256 random bits"),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sign_in_session.id"], name=op.f("fk_refresh_token_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_token")),
    )
    op.create_index(op.f("ix_refresh_token_session_id"), "refresh_token", ["session_id"], unique=False)
    op.create_geospatial_table(
        "route_stretch",
        sa.Column("route_id", sa.Uuid(), nullable=False),
        sa.Column("leg_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("starts_at_m", sa.Double(), nullable=False),
        sa.Column(
            "line",
            Geography(
                geometry_type="LINESTRING",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeogFromText",
                name="geography",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("measures", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.ForeignKeyConstraint(
            ["route_id", "leg_index"],
            ["route_leg.route_id", "route_leg.index"],
            name=op.f("fk_route_stretch_route_id_leg_index"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("route_id", "leg_index", "index", name=op.f("pk_route_stretch")),
    )
    op.create_index("ix_route_stretch_place", "route_stretch", ["route_id", "leg_index", "starts_at_m"], unique=False)
    op.create_table(
        "team_board",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_board_team_id")),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_team_board")),
    )
    op.create_table(
        "team_entry",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("active_members", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("distance_mm", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("duration_s", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("steps", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("activity_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("active_days", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attained_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "average_mm",
            sa.BigInteger(),
            sa.Computed("CASE WHEN active_members >= 3 THEN distance_mm / active_members END", persisted=True),
            nullable=True,
            comment="null for too few: an average of one is somebody's own distance",
        ),
        sa.CheckConstraint("period IN ('DAY', 'WEEK', 'MONTH', 'ALL_TIME', 'GOAL')", name=op.f("ck_team_entry_period")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_entry_team_id")),
        sa.PrimaryKeyConstraint("team_id", "period", "starts_on", name=op.f("pk_team_entry")),
    )
    op.create_index(
        "ix_team_entry_average",
        "team_entry",
        ["period", "starts_on", sa.literal_column("average_mm DESC"), "attained_at", "team_id"],
        unique=False,
        postgresql_where=sa.text("average_mm IS NOT NULL"),
    )
    op.create_index(
        "ix_team_entry_total",
        "team_entry",
        ["period", "starts_on", sa.literal_column("distance_mm DESC"), "attained_at", "team_id"],
        unique=False,
    )
    op.create_table(
        "team_invite",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_key", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), server_default="MEMBER", nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=False),
        sa.Column("use_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('ADMIN', 'MEMBER')", name=op.f("ck_team_invite_role")),
        sa.CheckConstraint(
            "state IN ('PENDING', 'ACCEPTED', 'DECLINED', 'EXPIRED', 'REVOKED')", name=op.f("ck_team_invite_state")
        ),
        sa.ForeignKeyConstraint(["invited_by"], ["app_user.id"], name=op.f("fk_team_invite_invited_by")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_invite_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_invite")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_team_invite_code_hash")),
    )
    op.create_index("ix_team_invite_page", "team_invite", ["team_id", "created_at", "id"], unique=False)
    op.create_index(
        "uq_team_invite_email",
        "team_invite",
        ["team_id", "email_key"],
        unique=True,
        postgresql_where=sa.text("state = 'PENDING' AND email_key IS NOT NULL"),
    )
    op.create_table(
        "team_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_reason", sa.Text(), nullable=True),
        sa.Column("invited_by", sa.Uuid(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("user_id"), "="),
            (sa.column("team_id"), "="),
            (sa.text("tstzrange(counts_from, left_at)"), "&&"),
            using="gist",
            name="ex_team_member_intervals",
        ),
        sa.CheckConstraint(
            "left_reason IN ('LEFT', 'REMOVED', 'TEAM_DELETED', 'ACCOUNT_DELETED')",
            name=op.f("ck_team_member_left_reason"),
        ),
        sa.CheckConstraint("role IN ('ADMIN', 'MEMBER')", name=op.f("ck_team_member_role")),
        sa.ForeignKeyConstraint(["invited_by"], ["app_user.id"], name=op.f("fk_team_member_invited_by")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_member_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_team_member_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_member")),
    )
    op.create_index(
        "ix_team_member_page",
        "team_member",
        ["team_id", "joined_at", "id"],
        unique=False,
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_index("ix_team_member_user", "team_member", ["user_id", "team_id"], unique=False)
    op.create_index(
        "uq_team_member_open",
        "team_member",
        ["team_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_table(
        "goal_contribution",
        sa.Column("goal_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("distance_mm", sa.BigInteger(), nullable=False),
        sa.Column("duration_s", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_goal_contribution_activity_id")),
        sa.ForeignKeyConstraint(["goal_id"], ["goal.id"], name=op.f("fk_goal_contribution_goal_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_goal_contribution_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_goal_contribution_user_id")),
        sa.PrimaryKeyConstraint("goal_id", "activity_id", name=op.f("pk_goal_contribution")),
        sa.UniqueConstraint("activity_id", "team_id", name=op.f("uq_goal_contribution_activity_id_team_id")),
    )
    op.create_index("ix_goal_contribution_member", "goal_contribution", ["goal_id", "user_id"], unique=False)
    op.create_table(
        "goal_entry",
        sa.Column("goal_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("distance_mm", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("duration_s", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("steps", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("activity_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("active_days", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attained_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["goal_id"], ["goal.id"], name=op.f("fk_goal_entry_goal_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_goal_entry_user_id")),
        sa.PrimaryKeyConstraint("goal_id", "user_id", name=op.f("pk_goal_entry")),
    )
    op.create_index(
        "ix_goal_entry_active_days",
        "goal_entry",
        ["goal_id", sa.literal_column("active_days DESC"), "attained_at", "user_id"],
        unique=False,
    )
    op.create_index(
        "ix_goal_entry_distance_mm",
        "goal_entry",
        ["goal_id", sa.literal_column("distance_mm DESC"), "attained_at", "user_id"],
        unique=False,
    )
    op.create_index(
        "ix_goal_entry_duration_s",
        "goal_entry",
        ["goal_id", sa.literal_column("duration_s DESC"), "attained_at", "user_id"],
        unique=False,
    )
    op.create_index(
        "ix_goal_entry_steps",
        "goal_entry",
        ["goal_id", sa.literal_column("steps DESC"), "attained_at", "user_id"],
        unique=False,
    )
    op.create_table(
        "goal_progress",
        sa.Column("goal_id", sa.Uuid(), nullable=False),
        sa.Column("total_mm", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["goal_id"], ["goal.id"], name=op.f("fk_goal_progress_goal_id")),
        sa.PrimaryKeyConstraint("goal_id", name=op.f("pk_goal_progress")),
    )
    op.create_table(
        "milestone",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("goal_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="the percent, or the waypoint's index"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column("at_mm", sa.BigInteger(), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_by_activity_id", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('PERCENT', 'WAYPOINT', 'CUSTOM')", name=op.f("ck_milestone_kind")),
        sa.ForeignKeyConstraint(["goal_id"], ["goal.id"], name=op.f("fk_milestone_goal_id")),
        sa.ForeignKeyConstraint(
            ["reached_by_activity_id"], ["activity.id"], name=op.f("fk_milestone_reached_by_activity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone")),
        sa.UniqueConstraint("goal_id", "kind", "key", name=op.f("uq_milestone_goal_id_kind_key")),
    )
    op.execute("INSERT INTO log_epoch (id, epoch) VALUES (1, 1)")
    op.execute("INSERT INTO teams_board_shard (shard) SELECT generate_series(0, 31)")
