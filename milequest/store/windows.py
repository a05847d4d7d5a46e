"""Windows of attempts as one process counts them: in bounded memory, and a crowd frees nobody who is refused."""

import math
from collections import Counter, OrderedDict
from enum import IntEnum

KEPT = 5_000  # windows of a limit, and as many that are full


class Verdict(IntEnum):
    """Whether an attempt may be made. The numbers are those of the scripts in Redis."""

    HELD = 0
    BUSY = 1  # not now: those under way may come to all that is left
    FULL = 2


class Windows:
    """The windows of one limit; without `most` none is ever full.

    Those that are full are kept apart, until they end: others never push them out. While there are too many of these,
    whoever has no window yet is refused too.
    """

    def __init__(self, most: int | None, seconds: int) -> None:
        self._most = most
        self._seconds = seconds
        self._counting: OrderedDict[str, tuple[int, float]] = OrderedDict()  # count and end
        self._full: dict[str, tuple[int, float]] = {}
        self._first_end = 0.0  # when the first of the full ones may have ended
        self._held: Counter[str] = Counter()  # places in use, of calls under way

    def __len__(self) -> int:
        return len(self._counting) + len(self._full)

    def add(self, key: str, attempts: int, now: float) -> tuple[int, int]:
        """The attempts in the window of `key` after these, and its seconds left. One too many is not counted."""
        window = self._counting.get(key) or self._full.get(key)
        if window is None and attempts <= 0:
            return 0, self._seconds
        if window is None and self._most is not None and not self._has_room(now):
            return self._most + 1, math.ceil(self._first_end - now)
        count, end = window or (0, 0.0)
        if end <= now:
            count, end = 0, now + self._seconds
        if attempts <= 0 or self._most is None or count + attempts <= self._most:
            self._put(key, max(0, count + attempts), end)
        return count + attempts, math.ceil(end - now)

    def hold(self, key: str, now: float) -> tuple[Verdict, int]:
        """Hold a place in the window of `key` where one is left. `release` it."""
        count, left = self.add(key, 0, now)
        if self._most is not None:
            if count >= self._most:
                return Verdict.FULL, left
            if not count and not self._has_room(now):
                return Verdict.FULL, math.ceil(self._first_end - now)
            if count + self._held[key] >= self._most:
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
        self._put(key, 1, now + self._seconds)

    def _put(self, key: str, count: int, end: float) -> None:
        """Keep a window where it belongs, as the one that was used last."""
        self._counting.pop(key, None)
        self._full.pop(key, None)
        if self._most is not None and count >= self._most:
            self._full[key] = count, end
            self._first_end = min(self._first_end, end) if len(self._full) > 1 else end
        else:
            self._counting[key] = count, end
            if len(self._counting) > KEPT:
                self._counting.popitem(last=False)

    def _has_room(self, now: float) -> bool:
        if len(self._full) >= KEPT and self._first_end <= now:
            self._full = {key: window for key, window in self._full.items() if window[1] > now}
            self._first_end = min((end for _, end in self._full.values()), default=now)
        return len(self._full) < KEPT
