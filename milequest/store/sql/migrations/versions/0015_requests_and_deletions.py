"""requests to join a team, with their events, and accounts that are to be deleted."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KINDS = (
    "ACTIVITY_ADDED",
    "ACTIVITY_CHANGED",
    "ACTIVITY_REMOVED",
    "PROGRESS_MOVED",
    "MILESTONE_REACHED",
    "GOAL_CHANGED",
    "MEMBER_ADDED",
    "MEMBER_CHANGED",
    "MEMBER_REMOVED",
    "TEAM_CHANGED",
)
ADDED = ("JOIN_REQUEST_ADDED", "JOIN_REQUEST_REMOVED")


def upgrade() -> None:
    op.create_table(
        "join_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True, comment="the admin; null where nobody answered it"),
        sa.CheckConstraint(
            "state IN ('PENDING', 'APPROVED', 'REJECTED', 'WITHDRAWN', 'ENDED')", name=op.f("ck_join_request_state")
        ),
        sa.ForeignKeyConstraint(["answered_by"], ["app_user.id"], name=op.f("fk_join_request_answered_by")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_join_request_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_join_request_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_join_request")),
    )
    pending = sa.text("state = 'PENDING'")
    op.create_index("ix_join_request_page", "join_request", ["team_id", "created_at", "id"], postgresql_where=pending)
    op.create_index("ix_join_request_user", "join_request", ["user_id", "created_at", "id"])
    op.create_index(
        "uq_join_request_pending", "join_request", ["team_id", "user_id"], unique=True, postgresql_where=pending
    )
    op.create_table(
        "account_deletion",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("show_on_leaderboards", sa.Boolean(), nullable=False),
        sa.Column("share_stats_with_team", sa.Boolean(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_account_deletion_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_account_deletion")),
    )
    op.create_index("ix_account_deletion_due_at", "account_deletion", ["due_at"])
    _allow((*KINDS, *ADDED))


def downgrade() -> None:
    op.execute(f"DELETE FROM event WHERE kind IN ('{ADDED[0]}', '{ADDED[1]}')")
    _allow(KINDS)
    op.drop_table("account_deletion")
    op.drop_table("join_request")


def _allow(kinds: Sequence[str]) -> None:
    """Let events be of these kinds. Rows that are there are not read again: they are of kinds that were allowed."""
    names = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute("ALTER TABLE event DROP CONSTRAINT ck_event_kind")
    op.execute(f"ALTER TABLE event ADD CONSTRAINT ck_event_kind CHECK (kind IN ({names})) NOT VALID")
