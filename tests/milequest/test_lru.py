"""LRU cache: the entries used last are kept, within a number and a cost, and each that leaves is given back once."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.lru import LruCache

STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "get", "pop"]), st.integers(0, 6), st.integers(1, 12)),
    max_size=60,
)


@given(STEPS, st.integers(1, 5), st.integers(1, 20))
def test_entries_used_last_are_kept_within_number_and_cost(
    steps: list[tuple[str, int, int]], most: int, most_cost: int
) -> None:
    evicted: list[tuple[int, int]] = []
    cache: LruCache[int, tuple[int, int]] = LruCache(
        most, most_cost=most_cost, cost_of=lambda value: value[1], on_evict=evicted.append
    )
    lately: list[tuple[int, tuple[int, int]]] = []  # keys and values, those used last at the end
    put, taken = Counter[tuple[int, int]](), Counter[tuple[int, int]]()
    for number, (step, key, cost) in enumerate(steps):
        found = next((value for other, value in lately if other == key), None)
        rest = [(other, value) for other, value in lately if other != key]
        if step == "put":
            value = (number, cost)
            cache[key] = value
            put[value] += 1
            lately = [*rest, (key, value)]
            while len(lately) > most or sum(size for _, (_, size) in lately) > most_cost:
                del lately[0]
        elif step == "get":
            assert cache.get(key) == found
            lately = rest if found is None else [*rest, (key, found)]
        else:
            assert cache.pop(key) == found
            taken.update([found] if found else [])
            lately = rest
        assert cache.items() == lately
        assert cache.cost == sum(size for _, (_, size) in lately)
        assert {other for other in range(7) if other in cache} == {other for other, _ in lately}
        assert Counter(evicted) + Counter(value for _, value in lately) + taken == put


def test_value_that_costs_more_than_all_may_is_not_kept() -> None:
    evicted: list[str] = []
    cache: LruCache[int, str] = LruCache(most_cost=3, cost_of=len, on_evict=evicted.append)
    cache[1] = "four"
    assert (len(cache), cache.cost, evicted) == (0, 0, ["four"])


@pytest.mark.parametrize("number", [1, 100])
def test_entries_without_cost_are_bounded_by_number_alone(number: int) -> None:
    cache: LruCache[int, bool] = LruCache(number)
    for key in range(200):
        cache[key] = False
    assert len(cache) == number
    assert cache.get(199) is False
