"""Sessions that have ended while access tokens of theirs may still be valid."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Table, Text, Uuid

from milequest.store.sql.tables.base import metadata, primary_key

revocation = Table(
    "revocation",
    metadata,
    primary_key(),
    Column("user_id", Uuid, comment="none where the account has not come with a token yet"),
    Column("session_id", Text, index=True, comment="the claim `origin_jti` of its tokens; none: every session"),
    Column("before", BigInteger, comment="of every session: those that began earlier, in seconds since 1970"),
    Column("noted_at", DateTime(timezone=True), nullable=False, index=True),  # by the database's own clock
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
    CheckConstraint("(session_id IS NULL) <> (before IS NULL)", name="one_or_all"),
)
