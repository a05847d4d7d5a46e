"""Identifiers sort by the instant of their creation."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.ids import first_id, new_id
from milequest.rules.instants import EPOCH

INSTANTS = st.integers(0, 7_000_000_000_000).map(lambda ms: EPOCH + timedelta(milliseconds=ms))  # until 2191


@given(INSTANTS)
def test_ids_of_an_instant_begin_with_the_first_and_end_before_that_of_a_later_one(now: datetime) -> None:
    assert first_id(now) < new_id(now) < first_id(now + timedelta(milliseconds=1))
