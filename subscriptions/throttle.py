"""How much one connection, one user and one network may have of this process."""

from collections import Counter
from collections.abc import Hashable
from time import monotonic

OPERATIONS_PER_SOCKET = 100
MESSAGES_PER_SECOND = 20.0
BURST = 2 * OPERATIONS_PER_SOCKET + 50  # a client that comes back begins everything at once
MAX_MESSAGE_BYTES = 128 * 1024
INIT_SECONDS = 10.0


class Throttle:
    """A bucket that holds BURST messages and fills by MESSAGES_PER_SECOND."""

    __slots__ = ("_at", "_left")

    def __init__(self) -> None:
        self._left = float(BURST)
        self._at = monotonic()

    def takes(self) -> bool:
        """Whether one more message may come now."""
        now = monotonic()
        self._left = min(BURST, self._left + (now - self._at) * MESSAGES_PER_SECOND) - 1
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
