"""Idempotent writes: a key names a user's request; the same key and request get the same outcome for a day."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, TypeVar, get_type_hints
from uuid import UUID

import orjson

from milequest.rules.errors import ErrorCode, Refused
from milequest.store.sql.transaction import Reader, Tx

T = TypeVar("T")

KEPT = timedelta(hours=24)

# The previous release, which may still be running, stores keys in the clear, so both forms are looked up.
# Waits for a transaction that holds the same key, so of two equal keys exactly one runs.
_CLAIM = """
INSERT INTO idempotency_key AS k (user_id, key, request_hash, created_at)
SELECT $1, $2, $3, $4
WHERE NOT EXISTS (SELECT FROM idempotency_key WHERE user_id = $1 AND key = $6 AND created_at > $5)
ON CONFLICT (user_id, key) DO UPDATE
  SET (request_hash, created_at, outcome) = (excluded.request_hash, excluded.created_at, NULL)
WHERE k.created_at <= $5
RETURNING true
"""
_FIND = "SELECT request_hash, outcome FROM idempotency_key WHERE user_id = $1 AND key = ANY($2) AND created_at > $3"
_KEEP = "UPDATE idempotency_key SET outcome = $3 WHERE user_id = $1 AND key = $2"
_FORGET = """
WITH old AS (
  SELECT user_id, key FROM idempotency_key WHERE created_at <= $1
  ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED
), gone AS (DELETE FROM idempotency_key AS k USING old WHERE (k.user_id, k.key) = (old.user_id, old.key) RETURNING 1)
SELECT count(*) FROM gone
"""


def _hashed(user_id: UUID, key: str) -> str:
    """Return a key as it is stored: hashed, since an invite's code is derived from the key itself."""
    return hashlib.sha256(f"{user_id.hex}:{key}".encode()).hexdigest()


def request_hash(operation: str, body: Mapping[str, Any]) -> bytes:
    """Return the hash that distinguishes requests: of the operation and its input, in one order of keys."""
    text = orjson.dumps([operation, body], default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(text).digest()


def mismatch() -> Refused:
    """Return the refusal of a key that was used for another request."""
    return Refused(ErrorCode.IDEMPOTENCY_MISMATCH, "This idempotencyKey was used for another request.")


async def claim(tx: Tx, user_id: UUID, key: str, digest: bytes, now: datetime) -> dict[str, Any] | None:
    """Claim a key for this request and return None if it is to be run, else the stored outcome.

    Raises IDEMPOTENCY_MISMATCH.
    """
    if await tx.fetchval(_CLAIM, user_id, _hashed(user_id, key), digest, now, now - KEPT, key):
        return None
    outcome = await find(tx, user_id, key, digest, now)
    assert outcome is not None, "the key that conflicted is there"
    return outcome


async def find(db: Reader, user_id: UUID, key: str, digest: bytes, now: datetime) -> dict[str, Any] | None:
    """Return the stored outcome of a request; None for one that was not made. Raises IDEMPOTENCY_MISMATCH."""
    row = await db.fetchrow(_FIND, user_id, [_hashed(user_id, key), key], now - KEPT)
    if row is None:
        return None
    if row["request_hash"] != digest:
        raise mismatch()
    outcome: dict[str, Any] = row["outcome"]
    return outcome


async def keep(tx: Tx, user_id: UUID, key: str, outcome: Any) -> None:
    """Store the outcome of a request: a dataclass of ids and texts, none of them secret."""
    await tx.execute(_KEEP, user_id, _hashed(user_id, key), asdict(outcome))


async def forget(tx: Tx, now: datetime, most: int) -> int:
    """Delete up to `most` outcomes that are kept no longer; return how many."""
    count: int = await tx.fetchval(_FORGET, now - KEPT, most)
    return count


def revive(kind: type[T], stored: Mapping[str, Any]) -> T:
    """Return a stored outcome as the dataclass `kind`, whose fields are UUIDs, tuples of UUIDs, numbers or texts."""
    hints = get_type_hints(kind)
    return kind(**{name: _revived(hints[name], value) for name, value in stored.items()})


def _revived(hint: Any, value: Any) -> Any:
    if value is not None and hint in (UUID, UUID | None):
        return UUID(value)
    return tuple(UUID(item) for item in value) if hint == tuple[UUID, ...] else value
