"""Quotas of one connection, one user and one network in this process."""

import resource
from collections import Counter
from collections.abc import Hashable, Mapping
from time import monotonic
from typing import Final

OPERATIONS_PER_SOCKET = 100
MESSAGES_PER_SECOND = 20.0
BURST = 2 * OPERATIONS_PER_SOCKET + 50  # a client that reconnects starts all its operations at once
MAX_MESSAGE_BYTES = 128 * 1024
MAX_FRAGMENTS = 64  # frames of one message
FRAMES_PER_SECOND = 2 * MESSAGES_PER_SECOND  # frames of any kind: of messages, pings and pongs
FRAMES_BURST = 2 * BURST
MAX_ID_BYTES = 128  # longest id of an operation, as it is sent with each result
INIT_SECONDS = 10.0
CONNECTIONS_SHARE: Final = 3, 4  # part of a process's open files that may be connections
MAX_HELD_BYTES = 16 * 1024 * 1024  # held by the running subscriptions of one caller
MAX_FILES: Final = 1024 * 1024  # assumed where the system has no limit


class RateLimiter:
    """Token bucket that holds `burst` and refills by `per_second`; the defaults are those for messages."""

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, burst: float = BURST, per_second: float = MESSAGES_PER_SECOND) -> None:
        self._burst, self._per_second = burst, per_second
        self._left = burst
        self._at = monotonic()

    def try_acquire(self, count: int = 1) -> bool:
        """Take `count` tokens, even if there are too few; return whether there were enough."""
        now = monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second) - count
        self._at = now
        return self._left >= 0


class ProcessQuota:
    """Quota of connections of the whole process, lower than the number of files it may open."""

    def __init__(self, most: int | None = None) -> None:
        self._most = _most_connections() if most is None else most
        self._taken = 0

    @property
    def free(self) -> int:
        """Number of free slots; negative beyond the quota."""
        return self._most - self._taken

    def enter(self) -> None:
        """Count a connection, even beyond the quota."""
        self._taken += 1

    def release(self) -> None:
        """Release the slot of a connection."""
        self._taken -= 1


def _most_connections() -> int:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    share, of = CONNECTIONS_SHARE
    return (MAX_FILES if files == resource.RLIM_INFINITY else files) * share // of


class ConnectionQuota:
    """Quotas of connections, by user or network.

    As the process fills up, a holder gets no more slots than are left for all others, even below its own quota.
    """

    def __init__(self, most: int, process: ProcessQuota | None = None) -> None:
        self._most = most
        self._process = process
        self._taken: Counter[Hashable] = Counter()

    def acquire(self, who: Hashable) -> bool:
        """Take a slot; return whether there was one."""
        most = self._most if self._process is None else min(self._most, self._process.free)
        if self._taken[who] >= most:
            return False
        self._taken[who] += 1
        return True

    def release(self, who: Hashable) -> None:
        """Release the slot of a connection."""
        self._taken[who] -= 1
        if not self._taken[who]:
            del self._taken[who]


class MemoryQuota:
    """Quotas of the memory that running subscriptions hold, by caller.

    An object that several of them share counts once.
    """

    def __init__(self, most: int = MAX_HELD_BYTES) -> None:
        self._most = most
        self._things: dict[Hashable, Counter[Hashable]] = {}
        self._bytes: Counter[Hashable] = Counter()

    def __len__(self) -> int:
        return len(self._things)

    def acquire(self, who: Hashable, weights: Mapping[Hashable, int]) -> bool:
        """Hold objects, given with their sizes in bytes; return whether they fit into the caller's quota."""
        things = self._things.get(who, Counter())
        more = sum(weight for thing, weight in weights.items() if not things[thing])
        if self._bytes[who] + more > self._most:
            return False
        things.update(weights.keys())
        self._things[who] = things
        self._bytes[who] += more
        return True

    def release(self, who: Hashable, weights: Mapping[Hashable, int]) -> None:
        """Release objects, each held once less."""
        things = self._things[who]
        for thing, weight in weights.items():
            things[thing] -= 1
            if not things[thing]:
                del things[thing]
                self._bytes[who] -= weight
        if not things:
            del self._things[who], self._bytes[who]
