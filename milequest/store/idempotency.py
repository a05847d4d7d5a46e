"""Writes that happen once: a key names a user's request; the same key and request get the same outcome for a day."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, TypeVar, get_type_hints
from uuid import UUID

import orjson

from milequest.rules.errors import ErrorCode, Refused
from milequest.store.transaction import Tx

T = TypeVar("T")

KEPT = timedelta(hours=24)

# Waits for a transaction that holds the same key, so of two equal keys exactly one runs.
_CLAIM = """
INSERT INTO idempotency_key AS k (user_id, key, request_hash, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id, key) DO UPDATE
  SET (request_hash, created_at, outcome) = (excluded.request_hash, excluded.created_at, NULL)
WHERE k.created_at <= $5
RETURNING true
"""
_FIND = "SELECT request_hash, outcome FROM idempotency_key WHERE user_id = $1 AND key = $2"
_KEEP = "UPDATE idempotency_key SET outcome = $3 WHERE user_id = $1 AND key = $2"


def request_hash(operation: str, body: Mapping[str, Any]) -> bytes:
    """What tells one request from another: the operation and its input, in one order of keys."""
    text = orjson.dumps([operation, body], default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(text).digest()


def mismatch() -> Refused:
    """The refusal of a key that was used for another request."""
    return Refused(ErrorCode.IDEMPOTENCY_MISMATCH, "This idempotencyKey was used for another request.")


async def claim(tx: Tx, user_id: UUID, key: str, digest: bytes, now: datetime) -> dict[str, Any] | None:
    """None when the key is now this request's, to be run; else the stored outcome. Raises IDEMPOTENCY_MISMATCH."""
    if await tx.fetchval(_CLAIM, user_id, key, digest, now, now - KEPT):
        return None
    row = await tx.fetchrow(_FIND, user_id, key)
    assert row is not None, "the key that conflicted is there"
    if row["request_hash"] != digest:
        raise mismatch()
    outcome: dict[str, Any] = row["outcome"]
    return outcome


async def keep(tx: Tx, user_id: UUID, key: str, outcome: Any) -> None:
    """Store what the request came to: a dataclass of ids and texts."""
    await tx.execute(_KEEP, user_id, key, asdict(outcome))


def revive(kind: type[T], stored: Mapping[str, Any]) -> T:
    """The outcome as it was before `keep`: a `kind` whose fields are UUIDs, tuples of UUIDs, numbers or texts."""
    hints = get_type_hints(kind)
    return kind(**{name: _revived(hints[name], value) for name, value in stored.items()})


def _revived(hint: Any, value: Any) -> Any:
    if value is not None and hint in (UUID, UUID | None):
        return UUID(value)
    return tuple(UUID(item) for item in value) if hint == tuple[UUID, ...] else value
