"""Connections on API Gateway and their subscriptions: a copy in Valkey, which may lag behind.

An entry is counted until its row would have expired, so that a removal that was not reported is corrected too. Noting
an entry again changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from milequest.rules.instants import seconds
from milequest.store.cache.valkey_client import Valkey

GONE: Final = 0
MOST_AT_ONCE: Final = 1_000  # entries of one script, during which Valkey does nothing else
MOST_LISTENED_TO: Final = 10

# One hash tag, as a script's keys must be in one slot of a cluster.
_UNTIL, _KINDS, _TOPICS = (f"milequest:{{interest}}:{what}" for what in ("until", "kinds", "topics"))

# KEYS: entries by expiry, their numbers by kind, by topic; ARGV: entries, each with its expiry or 0.
_NOTE = """
local function count(entry, by)
  local kind, topic = string.match(entry, '^(%S+) (%S*) ')
  redis.call('ZINCRBY', KEYS[2], by, kind)
  if topic ~= '' then redis.call('ZINCRBY', KEYS[3], by, topic) end
end
for index = 1, #ARGV, 2 do
  local entry, ends = ARGV[index], ARGV[index + 1]
  if ends == '0' then
    if redis.call('ZREM', KEYS[1], entry) == 1 then count(entry, -1) end
  elseif redis.call('ZADD', KEYS[1], ends, entry) == 1 then count(entry, 1) end
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', 0)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', 0)
"""


@dataclass(frozen=True, slots=True)
class InterestEntry:
    """A connection, or with a topic a subscription to it, of some kind. Neither kinds nor topics have spaces."""

    kind: str
    id: str
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """Number of entries of each kind, number of topics, and the topics with the most subscriptions."""

    kinds: Mapping[str, int]
    topics: int
    most: Mapping[str, int]


class Interest:
    """The copy. Raises the errors in `valkey.UNREACHABLE_ERRORS`."""

    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey
        self._note = valkey.register_script(_NOTE)

    async def note(self, changes: Mapping[InterestEntry, int]) -> None:
        """Note until when entries are valid, in seconds of the epoch, or that they are GONE."""
        await self._write({f"{one.kind} {one.topic} {one.id}": ends for one, ends in changes.items()})

    async def counts(self, now: datetime) -> Counts:
        """Return the present counts."""
        await self._prune(now)
        kinds: list[Any] = await self._valkey.zrange(_KINDS, 0, -1, withscores=True)
        most: list[Any] = await self._valkey.zrevrange(_TOPICS, 0, MOST_LISTENED_TO - 1, withscores=True)
        return Counts(_numbers(kinds), await self._valkey.zcard(_TOPICS), _numbers(most))

    async def _prune(self, now: datetime) -> None:
        """Drop entries that have expired unnoticed."""
        while ended := await self._ended(now):
            await self._write(dict.fromkeys(ended, GONE))

    async def _ended(self, now: datetime) -> Sequence[bytes]:
        found = await self._valkey.zrangebyscore(_UNTIL, "-inf", seconds(now), 0, MOST_AT_ONCE)
        return cast("Sequence[bytes]", found)  # without scores

    async def _write(self, changes: Mapping[str | bytes, int]) -> None:
        if changes:
            await self._note([_UNTIL, _KINDS, _TOPICS], [part for change in changes.items() for part in change])


def _numbers(scored: Sequence[tuple[bytes, float]]) -> dict[str, int]:
    return {name.decode(): int(number) for name, number in scored}
