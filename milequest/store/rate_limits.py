"""Counts attempts in Redis, so that all processes count together; in this process while Redis is away.

Keys hold a hash of whom they count, never an address.
"""

import hashlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from milequest.rules.errors import RateLimited
from milequest.rules.rate_limits import Memory, RateLimit
from milequest.store.away import Away
from milequest.store.breaker import Breaker
from milequest.store.valkey import Valkey
from milequest.store.windows import Windows

PATIENCE = 0.5  # seconds Redis may take, before this process counts alone

# KEYS[1]: the window; ARGV: what to add, the window's seconds. Answers the count and the seconds left.
_COUNT = """
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  left = tonumber(ARGV[2]) * 1000
  redis.call('PEXPIRE', KEYS[1], left)
end
if count <= 0 then redis.call('DEL', KEYS[1]) end
return {count, math.ceil(left / 1000)}
"""


class RateLimits:
    """Windows of attempts: each begins with its first attempt and lasts the limit's seconds."""

    def __init__(self, redis: Valkey, clock: Callable[[], float] = time.monotonic) -> None:
        self._count = redis.register_script(_COUNT)
        self._clock = clock
        self._asked = Breaker("Valkey", "attempts are counted here alone", PATIENCE, clock)
        self._windows: dict[str, Windows] = {}  # of this process, by limit

    async def spend(self, limit: RateLimit, who: str) -> None:
        """Count one attempt of `who`. Raises RATE_LIMITED when it is one too many."""
        count, left = await self._add(limit, who, 1)
        if count > limit.most:
            raise RateLimited(f"Too many {limit.what}; try again later.", left)

    async def give_back(self, limit: RateLimit, who: str) -> None:
        """Count one attempt of `who` less."""
        await self._add(limit, who, -1)

    @asynccontextmanager
    async def failures(
        self, *limits: tuple[RateLimit, str], successes: Sequence[tuple[RateLimit, str]] = ()
    ) -> AsyncIterator[None]:
        """Count an attempt against `limits` unless the block succeeds, and against `successes` if it does.

        Raises RATE_LIMITED instead of running one too many.
        """
        for limit, who in limits:
            await self.spend(limit, who)  # before, since many may be made at once
        failed, succeeded = 0, -1
        try:
            for limit, who in successes:
                await self.spend(limit, who)
            yield
            failed, succeeded = -1, 0
        except RateLimited:
            failed = -1  # refused for its successes, so no failure
            raise
        finally:
            for limit, who in limits:  # after a failure as well: both take the same time
                await self._add(limit, who, failed)
            for limit, who in successes:
                await self._add(limit, who, succeeded)

    async def clear(self, limit: RateLimit, who: str) -> None:
        """Begin a window anew."""
        count, _ = await self._add(limit, who, 0)
        if count > 0:
            await self._add(limit, who, -count)

    async def remember(self, memory: Memory, who: str) -> None:
        """Remember `who`."""
        await self._add(memory, who, 1)

    async def remembers(self, memory: Memory, who: str) -> bool:
        """Whether `who` is remembered."""
        return (await self._add(memory, who, 0))[0] > 0

    async def _add(self, window: RateLimit | Memory, who: str, attempts: int) -> tuple[int, int]:
        key = f"rate:{window.key}:{hashlib.sha256(who.encode(errors='surrogatepass')).hexdigest()[:32]}"

        async def count() -> tuple[int, int]:
            number, left = await self._count([key], [attempts, window.seconds])
            return int(number), int(left)

        try:
            return await self._asked(count)
        except Away:
            return self._here(window).add(key, attempts, self._clock())

    def _here(self, window: RateLimit | Memory) -> Windows:
        """Return the windows of a limit that this process counts alone."""
        if window.key not in self._windows:
            most = window.most if isinstance(window, RateLimit) else None
            self._windows[window.key] = Windows(most, window.seconds)
        return self._windows[window.key]
