"""LRU cache: bounded in entries and in cost; the least recently used entries are evicted first."""

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LruCache(Generic[K, V]):
    """Cache of at most `most` values by key, whose costs add up to at most `most_cost`. No value is None.

    A value that is replaced or evicted is passed to `on_evict`. A value that alone costs more than `most_cost` is not
    kept.
    """

    __slots__ = ("_cost_of", "_entries", "_on_evict", "cost", "most", "most_cost")

    def __init__(
        self,
        most: float = math.inf,
        *,
        most_cost: float = math.inf,
        cost_of: Callable[[V], int] = lambda _: 0,
        on_evict: Callable[[V], Any] = lambda _: None,
    ) -> None:
        self.most = most
        self.most_cost = most_cost
        self.cost = 0
        self._cost_of = cost_of
        self._on_evict = on_evict
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return the value of a key and mark it as the most recently used; None if there is none."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def __setitem__(self, key: K, value: V) -> None:
        if key in self._entries:
            self._evict(key)
        self._entries[key] = value
        self.cost += self._cost_of(value)
        while len(self._entries) > self.most or self.cost > self.most_cost:
            self._evict(next(iter(self._entries)))

    def pop(self, key: K) -> V | None:
        """Remove a value and return it; None if there is none."""
        value = self._entries.pop(key, None)
        if value is not None:
            self.cost -= self._cost_of(value)
        return value

    def _evict(self, key: K) -> None:
        value = self.pop(key)
        assert value is not None, "it is there"
        self._on_evict(value)

    def __contains__(self, key: K) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def items(self) -> list[tuple[K, V]]:
        """Return all keys and values, the most recently used last."""
        return list(self._entries.items())
