"""Users and their links with outside identities. A user's id is ours, never an issuer's `sub`."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from milequest.rules.enums import ActivityPrivacy, Units
from milequest.store.sql.tables.base import instant, metadata, one_of, primary_key

app_user = Table(
    "app_user",
    metadata,
    primary_key(),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False, unique=True, comment="the address as compared: trimmed, lower case"),
    Column("name", Text, nullable=False),
    Column("avatar_url", Text),
    Column("preferred_units", Text, nullable=False, server_default=Units.MILES),
    Column("timezone", Text, nullable=False, server_default="UTC"),
    Column("locale", Text),
    Column("stride_mm", Integer),
    Column("default_activity_privacy", Text, nullable=False, server_default=ActivityPrivacy.PUBLIC),
    Column("show_on_leaderboards", Boolean, nullable=False, server_default=text("true")),
    Column("share_stats_with_team", Boolean, nullable=False, server_default=text("true")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    instant("created_at"),
    instant("updated_at"),
    instant("suspended_at", nullable=True),
    instant("deleted_at", nullable=True),
    one_of("preferred_units", Units),
    one_of("default_activity_privacy", ActivityPrivacy),
)

for _ended in (app_user.c.suspended_at, app_user.c.deleted_at):  # subscribers learn of it soon: few rows, read often
    Index(f"ix_app_user_{_ended.name}", _ended, postgresql_where=_ended.is_not(None))

# Accounts whose owners have asked for their deletion: what is shown of them again if they stay.
account_deletion = Table(
    "account_deletion",
    metadata,
    Column("user_id", Uuid, ForeignKey("app_user.id"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("avatar_url", Text),
    Column("show_on_leaderboards", Boolean, nullable=False),
    Column("share_stats_with_team", Boolean, nullable=False),
    instant("requested_at"),
    instant("due_at"),
)
Index("ix_account_deletion_due_at", account_deletion.c.due_at)

user_identity = Table(
    "user_identity",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("user_id", Uuid, ForeignKey("app_user.id"), nullable=False, index=True),
    instant("created_at"),
)

avatar_refusal = Table(
    "avatar_refusal",
    metadata,
    Column(
        "user_id", Uuid, ForeignKey("app_user.id"), primary_key=True, comment="who sent it: the latest alone is kept"
    ),
    Column("upload_id", Uuid, nullable=False),
    Column("team_id", Uuid, ForeignKey("team.id"), comment="whose it was to be; null for their own"),
    Column("reason", Text, nullable=False),
    instant("refused_at"),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("user_id", Uuid, ForeignKey("app_user.id"), primary_key=True),
    Column("key", Text, primary_key=True, comment="a hash of it"),
    Column("request_hash", LargeBinary, nullable=False),
    Column("outcome", JSONB, comment="what the action returned: ids, from which the answer is read again"),
    instant("created_at"),
)
Index("ix_idempotency_key_created_at", idempotency_key.c.created_at)
