"""Rate limits' windows as one process counts them: in bounded memory, and no crowd frees a refused caller."""

import math
from collections import Counter
from enum import IntEnum
from typing import TypeAlias

from milequest.lru import LruCache

KEPT = 10_000  # windows of a limit, as many that are full, and as many that are shared


Window: TypeAlias = tuple[int, float]  # count and end


class Verdict(IntEnum):
    """Whether an attempt may be made. The numbers are those of the scripts in Redis."""

    HELD = 0
    BUSY = 1  # not now: those under way may come to all that is left
    FULL = 2


class Windows:
    """The windows of one limit; without `most` none is ever full.

    Those that are full are kept apart, until they end: others never push them out. While there are too many of these,
    whoever has no window yet shares one with others, chosen by chance: a crowd that is refused closes not all the rest.
    """

    def __init__(self, most: int | None, seconds: int) -> None:
        self._most = most
        self._seconds = seconds
        self._counting: LruCache[str, Window] = LruCache(KEPT)
        self._full: dict[str, Window] = {}
        self._shared: dict[int, Window] = {}
        self._first_end = 0.0  # when the first of the full ones may have ended
        self._held: Counter[str] = Counter()  # places in use, of calls under way

    def __len__(self) -> int:
        return len(self._counting) + len(self._full) + len(self._shared)

    def add(self, key: str, attempts: int, now: float) -> tuple[int, int]:
        """The attempts in the window of `key` after these, and its seconds left. One too many is not counted."""
        number = hash(key) % KEPT  # nobody outside knows which that is
        window = self._counting.get(key) or self._full.get(key)
        has_own = window is not None or self._has_room(now)
        window = window or self._shared.get(number)  # also where there is room again: it frees nobody
        if window is None and attempts <= 0:
            return 0, self._seconds
        count, end = window or (0, 0.0)
        if end <= now:
            count, end = 0, now + self._seconds
        if attempts <= 0 or self._most is None or count + attempts <= self._most:
            self._put(key if has_own else number, (max(0, count + attempts), end))
        return count + attempts, math.ceil(end - now)

    def hold(self, key: str, now: float) -> tuple[Verdict, int]:
        """Hold a place in the window of `key` where one is left. `release` it."""
        count, left = self.add(key, 0, now)
        if self._most is not None and count >= self._most:
            return Verdict.FULL, left
        if self._most is not None and count + self._held[key] >= self._most:
            return Verdict.BUSY, 0
        self._held[key] += 1
        return Verdict.HELD, 0

    def release(self, key: str) -> None:
        """Give a place back."""
        self._held[key] -= 1
        if self._held[key] <= 0:
            del self._held[key]

    def renew(self, key: str, now: float) -> None:
        """Begin the window of `key` anew, with one attempt."""
        self._put(key, (1, now + self._seconds))

    def _put(self, name: str | int, window: Window) -> None:
        """Keep a window where it belongs, as the one that was used last."""
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
