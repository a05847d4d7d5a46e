"""sessions: what each was begun with, what makes its next refresh token, and which have ended."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("sign_in_session", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "sign_in_session",
        sa.Column("device", sa.Text(), nullable=True, comment="what it was begun with, as its owner knows it again"),
    )
    op.add_column("sign_in_session", sa.Column("network", sa.Text(), nullable=True, comment="where from, coarsely"))
    op.add_column(
        "sign_in_session",
        sa.Column(
            "secret",
            sa.LargeBinary(),
            nullable=False,
            server_default=sa.text("uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())"),
            comment="with a refresh token it makes the next one: of a database alone nobody can",
        ),
    )
    op.create_table(
        "revocation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="none where the account has not come with a token yet"),
        sa.Column(
            "session_id", sa.Text(), nullable=True, comment="the claim `origin_jti` of its tokens; none: every session"
        ),
        sa.Column(
            "before",
            sa.BigInteger(),
            nullable=True,
            comment="of every session: those that began earlier, in seconds since 1970",
        ),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(session_id IS NULL) <> (before IS NULL)", name=op.f("ck_revocation_one_or_all")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocation")),
    )
    for column in ("session_id", "noted_at", "expires_at"):
        op.create_index(f"ix_revocation_{column}", "revocation", [column], unique=False)
