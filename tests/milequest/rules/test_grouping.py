"""Grouping: everything is in one group, that of its key, in the order in which it came."""

from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.grouping import group_by


@given(st.lists(st.tuples(st.integers(0, 4), st.integers())))
def test_items_are_in_the_group_of_their_key_in_order(items: list[tuple[int, int]]) -> None:
    groups = group_by(iter(items), lambda item: item[0])
    assert list(groups) == list(dict.fromkeys(key for key, _ in items))
    assert groups == {key: [item for item in items if item[0] == key] for key in groups}
