"""How much one connection, one user and one network may have of this process."""

from collections import Counter
from collections.abc import Hashable
from time import monotonic

OPERATIONS_PER_SOCKET = 100
MESSAGES_PER_SECOND = 20.0
BURST = 2 * OPERATIONS_PER_SOCKET + 50  # a client that comes back begins everything at once
MAX_MESSAGE_BYTES = 128 * 1024
MAX_FRAGMENTS = 64  # of one message
FRAMES_PER_SECOND = 2 * MESSAGES_PER_SECOND  # of any kind: those of messages, pings, pongs
FRAMES_BURST = 2 * BURST
MAX_ID_BYTES = 128  # of an operation's id, which stands beside each of its results
INIT_SECONDS = 10.0


class Throttle:
    """A bucket that holds `burst` and fills by `per_second`: of messages, unless it says otherwise."""

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, burst: float = BURST, per_second: float = MESSAGES_PER_SECOND) -> None:
        self._burst, self._per_second = burst, per_second
        self._left = burst
        self._at = monotonic()

    def takes(self, count: int = 1) -> bool:
        """Whether so many more may come now."""
        now = monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second) - count
        self._at = now
        return self._left >= 0


class Seats:
    """How many connections each one has, and how many each may have."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[Hashable] = Counter()

    def take(self, who: Hashable) -> bool:
        """Take a seat; whether there was one."""
        if self._taken[who] >= self._most:
            return False
        self._taken[who] += 1
        return True

    def leave(self, who: Hashable) -> None:
        """Give a seat back."""
        self._taken[who] -= 1
        if not self._taken[who]:
            del self._taken[who]
