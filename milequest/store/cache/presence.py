"""Presence, in Redis only, as it expires after two minutes. If Redis loses it, clients soon report it again.

Entries are by membership: a report becomes void when the membership ends, even if the user joins again.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.instants import from_microseconds, microseconds
from milequest.store.away import Away
from milequest.store.cache.valkey_client import Valkey, time_limit

LASTS = timedelta(minutes=2)
MAX_WALKERS = 50
PATIENCE = 0.5  # seconds Valkey may take


def _key(team_id: UUID) -> str:
    return f"milequest:walking:{team_id.hex}"


async def put(redis: Valkey, team_id: UUID, member_id: UUID, now: datetime, *, walking: bool) -> None:
    """Note that a member walks until two minutes from now, or no longer. Raises UNAVAILABLE while Redis is away."""
    key = _key(team_id)
    try:
        async with time_limit(PATIENCE), redis.pipeline(transaction=True) as pipe:
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
        async with time_limit(PATIENCE):
            found: list[Any] = await redis.zrevrangebyscore(
                _key(team_id), "+inf", f"({microseconds(now)}", start=0, num=MAX_WALKERS, withscores=True
            )
            until = min((from_microseconds(int(score)) for _, score in found), default=None)
            return [UUID(name.decode()) for name, _ in found], until
    except Away:
        raise _away() from None


def _away() -> Refused:
    return Refused(ErrorCode.UNAVAILABLE, "Nobody can tell who walks just now.", retryable=True, retryAfterSeconds=1)
