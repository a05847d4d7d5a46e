"""Windows of rate limits in one process: in bounded memory, and without evicting the windows of refused callers."""

import math
from collections import Counter
from enum import IntEnum
from typing import TypeAlias

from milequest.lru import LruCache

KEPT = 10_000  # windows of a limit; as many full ones, and as many shared ones


Window: TypeAlias = tuple[int, float]  # count and end


class SlotState(IntEnum):
    """Decision on an attempt. The numbers are those that the scripts in Redis return."""

    HELD = 0
    BUSY = 1  # not now: running attempts hold all slots that are left
    FULL = 2


class Windows:
    """The windows of one limit; without `most` none is ever full.

    Full windows are kept apart until they end, so that others never evict them. While there are KEPT full ones, a new
    caller shares a window with others, chosen by hash: many refused callers do not lock out all new ones.
    """

    def __init__(self, most: int | None, seconds: int) -> None:
        self._most = most
        self._seconds = seconds
        self._counting: LruCache[str, Window] = LruCache(KEPT)
        self._full: dict[str, Window] = {}
        self._shared: dict[int, Window] = {}
        self._first_end = 0.0  # earliest end among the full windows
        self._held: Counter[str] = Counter()  # held slots, by key

    def __len__(self) -> int:
        return len(self._counting) + len(self._full) + len(self._shared)

    def add(self, key: str, attempts: int, now: float) -> tuple[int, int]:
        """Add attempts to the window of `key`; return their number then and the seconds left.

        Beyond the limit nothing is added.
        """
        number = hash(key) % KEPT  # salted per process, so callers cannot choose a shared window
        window = self._counting.get(key) or self._full.get(key)
        has_own = window is not None or self._has_room(now)
        window = window or self._shared.get(number)  # even when there is room again: refused callers stay refused
        if window is None and attempts <= 0:
            return 0, self._seconds
        count, end = window or (0, 0.0)
        if end <= now:
            count, end = 0, now + self._seconds
        if attempts <= 0 or self._most is None or count + attempts <= self._most:
            self._put(key if has_own else number, (max(0, count + attempts), end))
        return count + attempts, math.ceil(end - now)

    def hold(self, key: str, now: float) -> tuple[SlotState, int]:
        """Hold a slot in the window of `key` if one is free, until `release`.

        Returns the verdict and a full window's seconds left.
        """
        count, left = self.add(key, 0, now)
        if self._most is not None and count >= self._most:
            return SlotState.FULL, left
        if self._most is not None and count + self._held[key] >= self._most:
            return SlotState.BUSY, 0
        self._held[key] += 1
        return SlotState.HELD, 0

    def release(self, key: str) -> None:
        """Release a slot."""
        self._held[key] -= 1
        if self._held[key] <= 0:
            del self._held[key]

    def renew(self, key: str, now: float) -> None:
        """Restart the window of `key` with one attempt."""
        self._put(key, (1, now + self._seconds))

    def _put(self, name: str | int, window: Window) -> None:
        """Store a window among the full or the other ones, as the most recently used."""
        if isinstance(name, int):
            self._shared[name] = window
            return
        self._counting.pop(name)
        self._full.pop(name, None)
        if self._most is not None and window[0] >= self._most:
            self._full[name] = window
            self._first_end = min(self._first_end, window[1]) if len(self._full) > 1 else window[1]
        else:
            self._counting[name] = window

    def _has_room(self, now: float) -> bool:
        if len(self._full) >= KEPT and self._first_end <= now:
            self._full = {name: window for name, window in self._full.items() if window[1] > now}
            self._first_end = min((end for _, end in self._full.values()), default=now)
        return len(self._full) < KEPT
