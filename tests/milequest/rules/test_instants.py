"""Instants and spans as whole numbers are exact, for all values."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.calendar import instant_text
from milequest.rules.instants import (
    EPOCH,
    MICROSECOND,
    from_microseconds,
    from_seconds,
    microseconds,
    milliseconds,
    seconds,
    seconds_up,
)
from milequest.rules.pages import decode_cursor, encode_cursor

LAST = microseconds(datetime.max.replace(tzinfo=UTC))
FIRST = microseconds(datetime.min.replace(tzinfo=UTC))


@given(st.integers(FIRST, LAST))
def test_an_instant_as_a_whole_number_is_never_off_by_one(count: int) -> None:
    instant = EPOCH + count * MICROSECOND
    assert (seconds(instant), milliseconds(instant), microseconds(instant)) == (
        count // 1_000_000,
        count // 1_000,
        count,
    )
    assert from_microseconds(count) == instant
    assert from_seconds(count // 1_000_000) == instant.replace(microsecond=0)
    assert decode_cursor(encode_cursor(instant), datetime) == (instant,)


@given(st.integers(0, LAST))
def test_an_instant_as_text_has_the_milliseconds_of_its_number(count: int) -> None:
    instant = EPOCH + count * MICROSECOND
    assert milliseconds(datetime.fromisoformat(instant_text(instant))) == milliseconds(instant)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=40_000)))
def test_a_span_rounded_up_to_seconds_is_over_after_them_and_not_a_second_before(span: timedelta) -> None:
    assert timedelta(seconds=seconds_up(span)) >= span > timedelta(seconds=seconds_up(span) - 1)
    assert isinstance(seconds_up(span), int)
