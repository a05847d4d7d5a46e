"""LRU cache: bounded memory for what is asked for again, in which the entries used last are kept."""

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LruCache(Generic[K, V]):
    """Values by key, `most` of them at most, whose costs come to `most_cost` at most. No value is None.

    A value that is replaced or pushed out is given to `on_evict`. One that costs more than all may is not kept.
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
        """Return the value of a key, which is used last from now on; None if there is none."""
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
        """Take a value out and return it; None if there is none."""
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
        """Return all keys and values, those used last at the end."""
        return list(self._entries.items())
