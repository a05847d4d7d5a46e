"""attempts of sign-ups, password resets, changes of address."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "address_change",
        sa.Column("subject", sa.Uuid(), nullable=False, comment="the latest alone"),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the request's id"),
        sa.Column("email", sa.Text(), nullable=False, comment="the new address"),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column(
            "old_code_hash", sa.LargeBinary(), nullable=False, comment="keyed by the request's id, which is not stored"
        ),
        sa.Column("new_code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("wrong_codes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject"], ["credential.subject"], name=op.f("fk_address_change_subject"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_address_change")),
    )
    op.create_table(
        "password_reset",
        sa.Column("request_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the request's id"),
        sa.Column("subject", sa.Uuid(), nullable=True, comment="null: nobody's"),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column(
            "code_hash", sa.LargeBinary(), nullable=False, comment="keyed by the request's id, which is not stored"
        ),
        sa.Column("wrong_codes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject"], ["credential.subject"], name=op.f("fk_password_reset_subject"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("request_hash", name=op.f("pk_password_reset")),
    )
    op.create_index(op.f("ix_password_reset_subject"), "password_reset", ["subject"], unique=False)
    op.add_column(
        "pending_sign_up",
        sa.Column("wrong_codes_without_attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "pending_sign_up",
        sa.Column("attempt_hash", sa.LargeBinary(), nullable=True, comment="SHA-256 of the attempt's id"),
    )
    op.add_column(
        "pending_sign_up",
        sa.Column(
            "is_contested",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="whether another password was given for this address meanwhile: then a code needs the attempt's id",
        ),
    )
    op.create_unique_constraint(op.f("uq_pending_sign_up_attempt_hash"), "pending_sign_up", ["attempt_hash"])
