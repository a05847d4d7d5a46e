"""Walks: writing them, and reading them as seen by their owner, a team or a team-mate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from milequest.rules.activities import Walk
from milequest.rules.enums import ActivityPrivacy, ActivitySource, ActivityType, CountStatus
from milequest.store.sql.columns import Columns
from milequest.store.sql.scopes import GIVEN, shown
from milequest.store.sql.transaction import Reader, Tx
from milequest.store.sql.users import CARD, User
from milequest.store.sql.walk_scopes import awaits_ruling, is_rejected, notes_for


@dataclass(frozen=True, slots=True)
class Activity:
    """A walk and the user who walked it."""

    user: User
    id: UUID
    type: ActivityType
    distance_mm: int
    duration_seconds: int | None
    steps: int | None
    started_at: datetime
    timezone: str
    local_date: date
    notes: str | None
    source: ActivitySource
    privacy: ActivityPrivacy
    count_status: CountStatus
    created_at: datetime
    version: int
    stride_mm: int | None

    @property
    def distance_meters(self) -> float:
        """Metres, exact to the millimetre."""
        return self.distance_mm / 1000

    @property
    def ended_at(self) -> datetime | None:
        """Its end, if its duration is known."""
        return None if self.duration_seconds is None else self.started_at + timedelta(seconds=self.duration_seconds)


@dataclass(frozen=True, slots=True)
class StoredWalk:
    """A walk as an action changes it, locked."""

    id: UUID
    count_status: CountStatus
    counted_at: datetime
    created_at: datetime
    version: int
    walk: Walk


LAST = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))  # sorts after every key


def _columns(notes: str) -> Columns[Activity]:
    return Columns(
        Activity,
        user=CARD,
        id="a.id",
        type="a.type",
        distance_mm="a.distance_mm",
        duration_seconds="a.duration_s",
        steps="a.steps",
        started_at="a.started_at",
        timezone="a.timezone",
        local_date="a.local_date",
        notes=notes,
        source="a.source",
        privacy="a.privacy",
        count_status="a.count_status",
        created_at="a.created_at",
        version="a.version",
        stride_mm="a.stride_mm",
    )


def columns(viewer: str) -> Columns[Activity]:
    """Return the columns of a walk for a viewer, given as a parameter such as `$1`."""
    return _columns(notes_for(viewer))


_OWN_COLUMNS = _columns("a.notes")
_SEEN_COLUMNS = columns("$1")
STORED = """type, distance_mm, duration_s, steps, stride_mm, started_at, timezone, notes, privacy, source,
       id, count_status, counted_at, created_at, version"""

_INSERT = """
INSERT INTO activity (id, user_id, type, distance_mm, duration_s, steps, stride_mm, started_at, timezone,
    utc_offset_min, local_date, notes, source, external_id, privacy, count_status, idempotency_key, request_hash,
    counted_at, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19, $19)
ON CONFLICT DO NOTHING RETURNING true
"""
_UPDATE = """
UPDATE activity SET type = $2, distance_mm = $3, duration_s = $4, steps = $5, stride_mm = $6, started_at = $7,
    utc_offset_min = $8, local_date = $9, notes = $10, privacy = $11, count_status = $12, counted_at = $13,
    updated_at = $14, version = version + 1
WHERE id = $1
"""
_DELETE = "UPDATE activity SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1"
LOCKED = f"SELECT {STORED} FROM activity WHERE id = $1 AND user_id = $2"
_LOCK = f"{LOCKED} AND deleted_at IS NULL FOR NO KEY UPDATE"
_BY_KEY = "SELECT id, request_hash, deleted_at IS NOT NULL FROM activity WHERE user_id = $1 AND idempotency_key = $2"
_BY_EXTERNAL = "SELECT id FROM activity WHERE user_id = $1 AND source = $2 AND external_id = $3"
_SINCE = f"SELECT {STORED} FROM activity WHERE user_id = $1 AND started_at >= $2 AND deleted_at IS NULL ORDER BY id"

# Members see what their team counts, its admins also what waits for their decision or was rejected.
_SEEN = f"""(a.user_id = $1 OR a.privacy = 'PUBLIC' AND (EXISTS (
    SELECT FROM contribution c JOIN team t ON t.id = c.team_id AND t.deleted_at IS NULL
    JOIN team_member m ON m.team_id = c.team_id AND m.user_id = $1 AND m.left_at IS NULL
    WHERE c.activity_id = a.id AND c.is_public AND {shown("c.team_id", "c.user_id")})
  OR EXISTS (
    SELECT FROM team_member m JOIN team t ON t.id = m.team_id AND t.deleted_at IS NULL
    WHERE m.user_id = $1 AND m.left_at IS NULL AND m.role = 'ADMIN'
        AND ({awaits_ruling("m.team_id")} OR {is_rejected("m.team_id")}))))"""
_BY_IDS = f"""
SELECT {_SEEN_COLUMNS} FROM activity a JOIN app_user u ON u.id = a.user_id
WHERE a.id = ANY {GIVEN} AND a.deleted_at IS NULL AND {_SEEN}
"""
_OWN_WALKS = f"""
SELECT {_OWN_COLUMNS} FROM activity a JOIN app_user u ON u.id = a.user_id WHERE a.user_id = $1 AND a.id = ANY {GIVEN}
"""
_OWN = f"""
SELECT {_OWN_COLUMNS} FROM activity a JOIN app_user u ON u.id = a.user_id
WHERE a.user_id = $1 AND a.deleted_at IS NULL
  AND ($2::timestamptz IS NULL OR (a.started_at, a.id) < ($2, $3))
  AND ($5::date IS NULL OR a.local_date >= $5) AND ($6::date IS NULL OR a.local_date <= $6)
  AND ($7::text[] IS NULL OR a.type = ANY($7)) AND ($8::text IS NULL OR a.privacy = $8)
ORDER BY a.started_at DESC, a.id DESC LIMIT $4
"""


def stored_walk(row: asyncpg.Record | Mapping[str, Any]) -> StoredWalk:
    """Return the walk of a row with the columns STORED."""
    fields = dict(row) | {
        "type": ActivityType(row["type"]),
        "privacy": ActivityPrivacy(row["privacy"]),
        "source": ActivitySource(row["source"]),
    }
    status = CountStatus(fields.pop("count_status"))
    kept = {name: fields.pop(name) for name in ("id", "counted_at", "created_at", "version")}
    return StoredWalk(count_status=status, walk=Walk(**fields), **kept)


async def insert(
    tx: Tx,
    activity_id: UUID,
    user_id: UUID,
    walk: Walk,
    now: datetime,
    key: str | None = None,
    digest: bytes | None = None,
    external_id: str | None = None,
) -> bool:
    """Write a walk. False when the user already has one with this idempotency key or external id.

    Waits for a transaction that is writing the same key, so of two equal ones exactly one counts.
    """
    written = await tx.fetchval(
        _INSERT,
        activity_id,
        user_id,
        walk.type,
        walk.distance_mm,
        walk.duration_s,
        walk.steps,
        walk.stride_mm,
        walk.started_at,
        walk.timezone,
        walk.utc_offset_min,
        walk.local_date,
        walk.notes,
        walk.source,
        external_id,
        walk.privacy,
        walk.count_status,
        key,
        digest,
        now,
    )
    return bool(written)


async def update(
    tx: Tx, activity_id: UUID, walk: Walk, status: CountStatus, counted_at: datetime, now: datetime
) -> None:
    """Overwrite a walk that the caller has locked. Its zone stays."""
    await tx.execute(
        _UPDATE,
        activity_id,
        walk.type,
        walk.distance_mm,
        walk.duration_s,
        walk.steps,
        walk.stride_mm,
        walk.started_at,
        walk.utc_offset_min,
        walk.local_date,
        walk.notes,
        walk.privacy,
        status,
        counted_at,
        now,
    )


async def delete(tx: Tx, activity_id: UUID, now: datetime) -> None:
    """Mark a walk as deleted. The row stays, so that a sync doesn't restore it."""
    await tx.execute(_DELETE, activity_id, now)


async def lock(tx: Tx, activity_id: UUID, owner_id: UUID) -> StoredWalk | None:
    """Return the owner's live walk, locked until the transaction ends."""
    row = await tx.fetchrow(_LOCK, activity_id, owner_id)
    return None if row is None else stored_walk(row)


async def by_key(tx: Tx, user_id: UUID, key: str) -> tuple[UUID, bytes, bool] | None:
    """Return the walk logged under an idempotency key, the hash of its request, and whether it is deleted."""
    row = await tx.fetchrow(_BY_KEY, user_id, key)
    return None if row is None else (row[0], row[1], row[2])


async def by_external(tx: Tx, user_id: UUID, source: ActivitySource, external_id: str) -> UUID | None:
    """Return the walk that has this id at its source, deleted ones too."""
    found: UUID | None = await tx.fetchval(_BY_EXTERNAL, user_id, source, external_id)
    return found


async def since(tx: Tx, user_id: UUID, instant: datetime) -> list[StoredWalk]:
    """Return the user's live walks that began at `instant` or later."""
    return [stored_walk(row) for row in await tx.fetch(_SINCE, user_id, instant)]


async def activities(db: Reader, viewer_id: UUID | None, activity_ids: Sequence[UUID]) -> dict[UUID, Activity]:
    """Return the walks among `activity_ids` that the viewer may see."""
    return {
        walk.id: walk for walk in map(_SEEN_COLUMNS.from_row, await db.fetch(_BY_IDS, viewer_id, list(activity_ids)))
    }


async def own_walks(db: Reader, user_id: UUID, activity_ids: Sequence[UUID]) -> dict[UUID, Activity]:
    """Return one's own walks, by id, even those deleted since: the outcomes of writes."""
    return {
        walk.id: walk for walk in map(_OWN_COLUMNS.from_row, await db.fetch(_OWN_WALKS, user_id, list(activity_ids)))
    }


@dataclass(frozen=True, slots=True)
class ActivityCriteria:
    """Filter of one's own walks; None leaves a field open."""

    from_: date | None = None
    to: date | None = None
    types: Sequence[ActivityType] | None = None
    privacy: ActivityPrivacy | None = None


async def of_user(
    db: Reader, user_id: UUID, after: tuple[object, ...] | None, limit: int, only: ActivityCriteria = ActivityCriteria()
) -> list[Activity]:
    """Return one's own walks, private ones too, newest first."""
    at, last = after or (None, None)
    types = None if only.types is None else list(only.types)
    rows = await db.fetch(_OWN, user_id, at, last, limit, only.from_, only.to, types, only.privacy)
    return [_OWN_COLUMNS.from_row(row) for row in rows]
