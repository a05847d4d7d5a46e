"""Presence, in Redis alone, since it is worthless two minutes later. Lost with Redis, it is soon reported again.

Entries are memberships: what was reported as a member is void once the membership has ended, even after joining again.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.instants import microseconds, of_microseconds
from milequest.store.away import Away
from milequest.store.cache.valkey_client import Valkey, asked

LASTS = timedelta(minutes=2)
MAX_WALKERS = 50
PATIENCE = 0.5  # seconds Valkey may take


def _key(team_id: UUID) -> str:
    return f"milequest:walking:{team_id.hex}"


async def put(redis: Valkey, team_id: UUID, member_id: UUID, now: datetime, *, walking: bool) -> None:
    """Note that a member walks until two minutes from now, or no longer. Raises UNAVAILABLE while Redis is away."""
    key = _key(team_id)
    try:
        async with asked(PATIENCE), redis.pipeline(transaction=True) as pipe:
            if walking:
                pipe.zadd(key, {member_id.hex: microseconds(now + LASTS)})
            else:
                pipe.zrem(key, member_id.hex)
            pipe.zremrangebyscore(key, "-inf", microseconds(now))
            pipe.expire(key, LASTS)
            await pipe.execute()
    except Away:
        raise _away() from None


async def walkers(redis: Valkey, team_id: UUID, now: datetime) -> tuple[list[UUID], datetime | None]:
    """Return memberships of walkers, the latest report first, and when the first of them may end.

    Raises UNAVAILABLE without Redis.
    """
    try:
        async with asked(PATIENCE):
            found: list[Any] = await redis.zrevrangebyscore(
                _key(team_id), "+inf", f"({microseconds(now)}", start=0, num=MAX_WALKERS, withscores=True
            )
            until = min((of_microseconds(int(score)) for _, score in found), default=None)
            return [UUID(name.decode()) for name, _ in found], until
    except Away:
        raise _away() from None


def _away() -> Refused:
    return Refused(ErrorCode.UNAVAILABLE, "Nobody can tell who walks just now.", retryable=True, retryAfterSeconds=1)
