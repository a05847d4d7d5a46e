"""The log of each channel, a transactional outbox that is also replayed.

Sequences have no gaps; a reader sees a prefix.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from milequest.rules.enums import EventKind
from milequest.rules.events import Event
from milequest.rules.live import WINDOW, WINDOW_EVENTS, LogEnd
from milequest.telemetry import spans

if TYPE_CHECKING:
    from milequest.store.sql.transaction import Connection, Pool, Reader, Tx

TRACEPARENT = "traceparent"  # key in an event's details of the trace context of its write

# Rows are inserted in the channels' order, so two transactions never deadlock.
_APPEND = """
WITH counted AS (
    INSERT INTO channel AS c (id, sequence)
    SELECT id, added FROM unnest($1::text[], $2::bigint[]) AS new (id, added) ORDER BY id
    ON CONFLICT (id) DO UPDATE SET sequence = c.sequence + excluded.sequence
    RETURNING c.id, c.sequence
), written AS (
    INSERT INTO event (channel, sequence, kind, subject_id, details, occurred_at)
    SELECT counted.id, counted.sequence - new.behind, new.kind, new.subject_id, new.details, new.occurred_at
    FROM unnest($3::text[], $4::bigint[], $5::text[], $6::uuid[], $7::jsonb[], $8::timestamptz[])
         AS new (channel, behind, kind, subject_id, details, occurred_at)
    JOIN counted ON counted.id = new.channel
)
SELECT id, sequence FROM counted
"""


async def append(connection: "Connection", events: Sequence[Event]) -> dict[str, int]:
    """Store `events` in their order, at the end of their channels' logs. Returns each channel's new position."""
    if not events:
        return {}
    added = Counter(event.channel for event in events)
    left = dict(added)
    behind = []
    for event in events:
        left[event.channel] -= 1
        behind.append(left[event.channel])
    traceparent = spans.traceparent()
    cause = {} if traceparent is None else {TRACEPARENT: traceparent}
    rows = await connection.fetch(
        _APPEND,
        list(added),
        list(added.values()),
        [event.channel for event in events],
        behind,
        [event.kind.value for event in events],
        [event.subject_id for event in events],
        [{**event.details, **cause} for event in events],
        [event.occurred_at for event in events],
    )
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An event in its channel's log."""

    sequence: int
    kind: EventKind
    subject_id: UUID
    occurred_at: datetime
    traceparent: str | None = None  # of the write, where it is traced


@dataclass(frozen=True, slots=True)
class Reached:
    """Ends of the logs of some channels, in an epoch: in another one, the same sequences are other events."""

    epoch: int
    positions: Mapping[str, int]


_READ = """
SELECT sequence, kind, subject_id, occurred_at, details->>'traceparent' FROM event
WHERE channel = $1 AND sequence > $2 ORDER BY sequence LIMIT $3
"""
# Events outside the window cannot be replayed, pruned or not.
_END = """
SELECT e.epoch, coalesce(c.sequence, 0), greatest(c.floor, c.sequence - $3::bigint, coalesce(
    (SELECT sequence - 1 FROM event WHERE channel = $1 AND occurred_at >= $2 ORDER BY sequence LIMIT 1), c.sequence, 0))
FROM log_epoch e LEFT JOIN channel c ON c.id = $1
"""
_ENDS = "SELECT id, sequence FROM channel WHERE id = ANY($1)"
_LONG = """
SELECT c.id, greatest(c.sequence - $2::bigint, c.floor, old.sequence) FROM channel c
LEFT JOIN (SELECT channel, max(sequence) AS sequence FROM event WHERE occurred_at < $1 GROUP BY channel) AS old
    ON old.channel = c.id
WHERE c.floor < greatest(c.sequence - $2::bigint, old.sequence) ORDER BY c.id LIMIT $3
"""
_RAISE_FLOOR = "UPDATE channel SET floor = $2 WHERE id = $1 AND floor < $2"
_DROP = "DELETE FROM event WHERE channel = $1 AND sequence <= $2"
_AHEAD = """
SELECT e.epoch, c.id, c.sequence FROM log_epoch e
LEFT JOIN channel c ON c.id = ANY($1) AND c.sequence > c.relayed
"""
_ANY_AHEAD = """
SELECT e.epoch, c.id, c.sequence FROM log_epoch e
LEFT JOIN (SELECT id, sequence FROM channel WHERE sequence > relayed LIMIT $1) AS c ON true
"""
_UNRELAYED = """
SELECT e.channel, e.sequence, e.kind, e.subject_id, e.occurred_at
FROM unnest($1::text[], $2::bigint[]) AS reached (id, sequence)
JOIN log_epoch ON log_epoch.epoch = $4
JOIN channel c ON c.id = reached.id
JOIN event e ON e.channel = c.id AND e.sequence > c.relayed AND e.sequence <= reached.sequence
ORDER BY e.channel, e.sequence LIMIT $3
"""
_OLDEST_UNRELAYED = """
SELECT min(e.occurred_at) FROM channel c
JOIN event e ON e.channel = c.id AND e.sequence = greatest(c.relayed, c.floor) + 1
WHERE c.sequence > c.relayed
"""
_RELAYED = """
WITH locked AS (SELECT id FROM channel WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE)
UPDATE channel SET relayed = done.sequence
FROM locked, unnest($1::text[], $2::bigint[]) AS done (id, sequence), log_epoch
WHERE channel.id = locked.id AND channel.id = done.id AND channel.relayed < done.sequence AND log_epoch.epoch = $3
"""


async def read(db: "Reader", channel: str, after: int, limit: int) -> list[LogEntry]:
    """Return the events that follow the sequence `after`, in their order."""
    rows = await db.fetch(_READ, channel, after, limit)
    return [LogEntry(row[0], EventKind(row[1]), row[2], row[3], row[4]) for row in rows]


async def end(db: "Reader", channel: str, now: datetime) -> LogEnd:
    """Return the readable extent of the channel's log."""
    row = await db.fetchrow(_END, channel, now - WINDOW, WINDOW_EVENTS)
    assert row is not None, "the migrations put the epoch there"
    return LogEnd(row[0], channel, row[2], row[1])


async def ends(db: "Reader", channels: Sequence[str]) -> dict[str, int]:
    """Return the newest sequence of each channel that has a log."""
    return {row[0]: row[1] for row in await db.fetch(_ENDS, channels)}


async def ahead(db: "Reader", channels: Sequence[str]) -> Reached:
    """Return those of these channels whose logs reach further than was relayed, and how far."""
    return _reached(await db.fetch(_AHEAD, channels))


async def any_ahead(db: "Reader", limit: int) -> Reached:
    """Return some channels whose logs reach further than was relayed, and how far. Scans all channels."""
    return _reached(await db.fetch(_ANY_AHEAD, limit))


def _reached(rows: Sequence[Any]) -> Reached:
    """Return the ends in rows of epoch, channel and sequence; the channel is null if there is none."""
    return Reached(rows[0][0], {channel: sequence for _, channel, sequence in rows if channel is not None})


async def unrelayed(db: "Reader", reached: Reached, limit: int) -> list[tuple[str, LogEntry]]:
    """Return events of these channels, up to their ends, that were not relayed yet: the oldest of each first.

    None once the epoch has changed.
    """
    positions = reached.positions
    rows = await db.fetch(_UNRELAYED, list(positions), list(positions.values()), limit, reached.epoch)
    return [(row[0], LogEntry(row[1], EventKind(row[2]), row[3], row[4])) for row in rows]


async def oldest_unrelayed(db: "Reader") -> datetime | None:
    """Return when the oldest event happened that was not relayed yet. Scans all channels."""
    moment: datetime | None = await db.fetchval(_OLDEST_UNRELAYED)
    return moment


async def mark_relayed(db: "Pool", reached: Reached) -> None:
    """Note that these channels were relayed, up to their ends; not once the epoch has changed."""
    await db.execute(_RELAYED, list(reached.positions), list(reached.positions.values()), reached.epoch)


async def epoch(db: "Reader") -> int:
    """Return the log's epoch, which promotion and restore raise."""
    value: int = await db.fetchval("SELECT epoch FROM log_epoch")
    return value


async def overlong(db: "Reader", now: datetime, limit: int) -> list[tuple[str, int]]:
    """Return channels whose logs reach back beyond the window, and the newest sequence outside of it."""
    return [(row[0], row[1]) for row in await db.fetch(_LONG, now - WINDOW, WINDOW_EVENTS, limit)]


async def prune(tx: "Tx", channel: str, floor: int) -> None:
    """Delete the channel's events up to `floor`."""
    await tx.execute(_RAISE_FLOOR, channel, floor)
    await tx.execute(_DROP, channel, floor)
