"""Counts of attempts: in Redis, shared by all processes, and in this process while Redis is away.

An attempt whose outcome decides whether it counts holds a slot while it runs: no more may run than the limit has left.
A slot that is never released, as its process or Redis ended, expires. Keys hold a hash of the user, address or network
that they count.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from milequest.rules.rate_limits import Memory, RateLimit
from milequest.store.away import Away
from milequest.store.breaker import Breaker
from milequest.store.cache.valkey_client import Valkey
from milequest.store.cache.windows import SlotState, Windows

PATIENCE = 0.5  # seconds Redis may take before this process counts alone
LEASE = 60.0  # seconds until a slot expires, longer than any call takes
NO_BOUND = 2**53

# KEYS[1]: the window; ARGV: the number to add, the window's seconds, its limit, beyond which nothing is added.
# Returns the count, with the number that was refused, and the seconds left.
_COUNT = """
local count = tonumber(redis.call('GET', KEYS[1]) or 0) + ARGV[1]
local left, is_endless = redis.call('PTTL', KEYS[1]), false
if left < 0 then left, is_endless = tonumber(ARGV[2]) * 1000, true end
if count <= 0 then
  redis.call('DEL', KEYS[1])
elseif count <= tonumber(ARGV[3]) then
  redis.call('SET', KEYS[1], string.format('%.0f', count), 'PX', math.max(left, 1))
elseif is_endless then
  redis.call('PEXPIRE', KEYS[1], left)
end
return {count, math.ceil(left / 1000)}
"""

# KEYS: the window, the slots held in it; ARGV: the id of one more, the limit, the window's seconds, the milliseconds
# until the slot expires. Returns a SlotState, and the seconds that the window has left where it is full.
_HOLD = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local count, most = tonumber(redis.call('GET', KEYS[1]) or 0), tonumber(ARGV[2])
if count >= most then
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then
    left = tonumber(ARGV[3]) * 1000
    redis.call('PEXPIRE', KEYS[1], left)
  end
  return {2, math.ceil(left / 1000)}
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) and count + redis.call('ZCARD', KEYS[2]) >= most then return {1, 0} end
redis.call('ZADD', KEYS[2], now + ARGV[4], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return {0, 0}
"""

# KEYS: as above; ARGV: the id of the slot, what to add to the window, the window's seconds.
_SETTLE = """
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('INCRBY', KEYS[1], ARGV[2]) <= 0 then
  redis.call('DEL', KEYS[1])
elseif redis.call('PTTL', KEYS[1]) < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[3] * 1000)
end
"""


@dataclass(frozen=True, slots=True)
class AttemptSlot:
    """A slot that an attempt of `who` holds in a window. It is in Redis, or with `is_here` in this process."""

    limit: RateLimit
    who: str
    id: str
    is_here: bool


class AttemptCounts:
    """Windows of attempts: each begins with its first attempt and lasts the limit's seconds."""

    def __init__(self, redis: Valkey, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._count = redis.register_script(_COUNT)
        self._hold = redis.register_script(_HOLD)
        self._settle = redis.register_script(_SETTLE)
        self._clock = clock
        self._asked = Breaker("Valkey", "attempts are counted here alone", PATIENCE, clock)
        self.windows: dict[str, Windows] = {}  # of this process, by limit

    async def add(self, window: RateLimit | Memory, who: str, attempts: int) -> tuple[int, int]:
        """Add attempts to a window; return their number then and the seconds left.

        Beyond the limit nothing is added, but the number includes them.
        """
        key, most = _key(window, who), window.most if isinstance(window, RateLimit) else NO_BOUND
        try:
            count, left = await self._asked(lambda: self._count([key], [attempts, window.seconds, most]))
        except Away:
            return self._here(window).add(key, attempts, self._clock())
        return int(count), int(left)

    async def renew(self, memory: Memory, who: str) -> None:
        """Remember a fact for its full time from now on."""
        key = _key(memory, who)
        try:
            await self._asked(lambda: self._redis.set(key, 1, ex=memory.seconds))
        except Away:
            self._here(memory).renew(key, self._clock())

    async def hold(self, limit: RateLimit, who: str, slot_id: str) -> tuple[SlotState, int, AttemptSlot]:
        """Hold a slot if one is free. Returns the verdict, the seconds a full window has left, and the slot."""
        keys = _keys(limit, who)
        given: list[Any] = [slot_id, limit.most, limit.seconds, round(LEASE * 1000)]
        try:
            verdict, left = await self._asked(lambda: self._hold(keys, given))
        except Away:
            verdict, left = self._here(limit).hold(keys[0], self._clock())
            return verdict, left, AttemptSlot(limit, who, slot_id, is_here=True)
        return SlotState(int(verdict)), int(left), AttemptSlot(limit, who, slot_id, is_here=False)

    async def settle(self, slot: AttemptSlot, *, counts: bool) -> None:
        """Release a slot, and count its attempt if `counts`; both take the same time."""
        limit, keys = slot.limit, _keys(slot.limit, slot.who)
        if slot.is_here:
            self._here(limit).release(keys[0])
        given: list[Any] = [slot.id, int(counts), limit.seconds]
        try:
            await self._asked(lambda: self._settle(keys, given))
        except Away:
            self._here(limit).add(keys[0], int(counts), self._clock())

    def _here(self, window: RateLimit | Memory) -> Windows:
        """Return the windows of a limit that this process counts without Redis."""
        if window.key not in self.windows:
            most = window.most if isinstance(window, RateLimit) else None
            self.windows[window.key] = Windows(most, window.seconds)
        return self.windows[window.key]


def new_slot_id() -> str:
    """Return a new slot's id."""
    return uuid4().hex


def _key(window: RateLimit | Memory, who: str) -> str:
    return f"rate:{window.key}:{hashlib.sha256(who.encode(errors='surrogatepass')).hexdigest()[:32]}"


def _keys(limit: RateLimit, who: str) -> list[str]:
    """Return the keys of a window and of its slots; their hash tag puts both on one server of a cluster."""
    key = _key(limit, who)
    return [key, f"{{{key}}}:held"]
