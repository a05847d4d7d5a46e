"""Callers' budgets, kept in this process and combined with those of the others in Redis.

A request is checked and charged in this process. Redis is sent a caller's charges in the background, in portions of
what refills in a few seconds, and returns the charges of all processes. So no request waits for Redis, and a process
without Redis continues to count.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from milequest.rules.budgets import BURST, MAX_OWED, Caller, Payer, later, price, refuse_spent
from milequest.store.away import Away
from milequest.store.breaker import Breaker

if TYPE_CHECKING:  # a process without Redis loads no client
    from milequest.store.cache.valkey_client import Valkey

PORTION = BURST // 100  # charges after which a process reports to Redis, in microseconds of refilling
PATIENCE = 1.0  # seconds Redis may take in the background
PATIENCE_OF_CALLS = 0.05  # seconds it may take where an answer waits for it
AT_ONCE = 64  # callers being reported to Redis at once; others are reported at their next request
KEPT = 50_000  # callers, and as many with spent budgets

# KEYS[1]: when the budget is full again, in microseconds of Redis's clock. ARGV: the further charge, negative for
# a refund, and the limit of how far ahead the budget may be. Returns how far ahead it is.
_REPORT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + tonumber(ARGV[1])
full = math.min(full, now + tonumber(ARGV[2]))
if full <= now then
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.floor((full - now) / 1000) + 1)
return full - now
"""


@dataclass(slots=True)
class _Account:
    """A caller's budget, as far as this process knows."""

    full_at: int
    unreported: int = 0  # negative if reported charges were refunded since
    is_reporting: bool = False


def _bounded(owed: int) -> int:
    """Return a charge or refund limited to MAX_OWED."""
    return max(-MAX_OWED, min(owed, MAX_OWED))


def _microseconds() -> int:
    return time.monotonic_ns() // 1_000


class Budgets:
    """The budgets of this process's callers. One that works `call_by_call` reports to Redis before it answers.

    Without Redis they are of this process alone.
    """

    def __init__(
        self,
        redis: "Valkey | None",
        points_per_hour: Mapping[Payer, int],
        *,
        call_by_call: bool = False,
        clock: Callable[[], int] = _microseconds,
    ) -> None:
        self._script = redis.register_script(_REPORT) if redis is not None else None
        self._prices = {kind: price(points) for kind, points in points_per_hour.items()}
        self._waits = call_by_call
        self._clock = clock
        self._accounts: OrderedDict[Caller, _Account] = OrderedDict()
        self._spent: OrderedDict[Caller, _Account] = OrderedDict()  # kept apart: others do not evict them
        self._tasks: set[asyncio.Task[None]] = set()
        patience = PATIENCE_OF_CALLS if call_by_call else PATIENCE
        self._redis = Breaker("Redis", "budgets are counted here alone", patience, lambda: clock() / 1_000_000)

    def __len__(self) -> int:
        return len(self._accounts) + len(self._spent)

    def refuse_spent(self, caller: Caller) -> None:
        """Raise RATE_LIMITED while the caller's budget is spent."""
        account = self._spent.get(caller)
        if account is None:
            return
        now = self._clock()
        refuse_spent(account.full_at, now)
        del self._spent[caller]
        self._keep(caller, account, now)

    def charge(self, caller: Caller, points: int) -> None:
        """Charge points to the caller's budget; negative points are a refund of an earlier charge."""
        account = self._accounts.pop(caller, None) or self._spent.pop(caller, None) or _Account(0)
        now, owed = self._clock(), points * self._prices[caller.kind]
        account.full_at = later(account.full_at, now, owed)
        account.unreported = _bounded(account.unreported + owed)
        self._keep(caller, account, now)
        if abs(account.unreported) >= PORTION and not self._waits:
            self._report_in_background(caller, account)

    async def settle(self, caller: Caller, points: int | None = None) -> None:
        """Report charges to Redis now, in a process that may be frozen once it has answered (`call_by_call`).

        The answer includes the charges of others, so this raises RATE_LIMITED if the budget did not suffice for the
        last `points`.
        """
        account = self._accounts.get(caller) or self._spent.get(caller)
        if self._waits and self._script is not None and account is not None and account.unreported:
            await self._report(caller, account)
            if points is not None:
                refuse_spent(account.full_at - points * self._prices[caller.kind], self._clock())

    async def close(self) -> None:
        """Wait until pending reports were sent or have failed."""
        await asyncio.gather(*self._tasks)

    def _keep(self, caller: Caller, account: _Account, now: int) -> None:
        kept = self._spent if account.full_at - now >= BURST else self._accounts
        kept[caller] = account
        if len(kept) > KEPT:
            kept.popitem(last=False)

    def _report_in_background(self, caller: Caller, account: _Account) -> None:
        if self._script is None or account.is_reporting or self._redis.is_open or len(self._tasks) >= AT_ONCE:
            return
        account.is_reporting = True
        task = asyncio.get_running_loop().create_task(self._report(caller, account))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _report(self, caller: Caller, account: _Account) -> None:
        script, reported, account.unreported = self._script, account.unreported, 0
        assert script is not None, "Redis is there"
        key = f"budget:{caller.kind}:{hashlib.sha256(caller.who.encode()).hexdigest()[:32]}"
        try:
            ahead: Any = await self._redis(lambda: script([key], [reported, MAX_OWED]))
        except Away:
            account.unreported = _bounded(account.unreported + reported)
        else:
            self._apply(caller, account, int(ahead))
        finally:
            account.is_reporting = False

    def _apply(self, caller: Caller, account: _Account, ahead: int) -> None:
        """Apply Redis's answer: the caller owes the charges of all processes, and those made here since the report."""
        now = self._clock()
        account.full_at = later(now + ahead, now, account.unreported)
        if self._accounts.pop(caller, None) or self._spent.pop(caller, None):
            self._keep(caller, account, now)
