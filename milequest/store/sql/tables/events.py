"""The log: outbox and replay in one. Its key is (channel, sequence), and a sequence without gaps is its order."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from milequest.rules.enums import EventKind
from milequest.store.sql.tables.base import instant, metadata, one_of, zero

# The counter is locked until commit, so every reader sees a prefix of the log.
channel = Table(
    "channel",
    metadata,
    Column("id", Text, primary_key=True),
    zero("sequence", BigInteger),
    Column("floor", BigInteger, nullable=False, server_default=text("0"), comment="events up to here are forgotten"),
    Column("relayed", BigInteger, nullable=False, server_default=text("0"), comment="listeners were woken up to here"),
)

event = Table(
    "event",
    metadata,
    Column("channel", Text, ForeignKey("channel.id"), primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject_id", Uuid, nullable=False, comment="the activity, member, goal or milestone it is about"),
    Column("details", JSONB, nullable=False, server_default=text("'{}'"), comment="further ids and versions"),
    instant("occurred_at"),
    one_of("kind", EventKind),
    Index("ix_event_occurred_at", "occurred_at", postgresql_using="brin"),
)

# Raised by promotion and restore: a cursor of another epoch is answered with a reset.
log_epoch = Table(
    "log_epoch", metadata, Column("id", SmallInteger, primary_key=True), Column("epoch", Integer, nullable=False)
)
