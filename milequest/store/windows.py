"""Windows of attempts as one process counts them: in bounded memory, and a crowd frees nobody who is refused."""

import math
from collections import OrderedDict

KEPT = 5_000  # windows of a limit, and as many that are full


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

    def __len__(self) -> int:
        return len(self._counting) + len(self._full)

    def add(self, key: str, attempts: int, now: float) -> tuple[int, int]:
        """The attempts in the window of `key` after these, and the seconds it has left."""
        window = self._counting.pop(key, None) or self._full.pop(key, None)
        if window is None and attempts <= 0:
            return 0, self._seconds
        if window is None and self._most is not None and not self._has_room(now):
            return self._most + 1, math.ceil(self._first_end - now)
        count, end = window or (0, 0.0)
        if end <= now:
            count, end = 0, now + self._seconds
        count += attempts
        if self._most is not None and count >= self._most:
            self._full[key] = count, end
            self._first_end = min(self._first_end, end) if len(self._full) > 1 else end
        else:
            self._counting[key] = max(0, count), end
            if len(self._counting) > KEPT:
                self._counting.popitem(last=False)
        return count, math.ceil(end - now)

    def _has_room(self, now: float) -> bool:
        if len(self._full) >= KEPT and self._first_end <= now:
            self._full = {key: window for key, window in self._full.items() if window[1] > now}
            self._first_end = min((end for _, end in self._full.values()), default=now)
        return len(self._full) < KEPT
