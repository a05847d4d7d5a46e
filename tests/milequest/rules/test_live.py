"""Places in a log: the content of cursors, and which events may be replayed from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.live import Cursor, LogEnd, read_cursor

NAMES = st.from_regex(r"(team|user):[0-9a-f]{32}", fullmatch=True)
NUMBERS = st.integers(0, 2**63 - 1)


@given(NUMBERS, NAMES, NUMBERS)
def test_a_cursor_is_read_as_it_was_written(epoch: int, channel: str, sequence: int) -> None:
    cursor = Cursor(epoch, channel, sequence)
    assert read_cursor(str(cursor)) == cursor


@given(st.text())
def test_any_text_is_a_cursor_or_none(text: str) -> None:
    cursor = read_cursor(text)
    assert cursor is None or str(cursor) == text


@pytest.mark.parametrize(
    ("cursor", "good"),
    [
        (None, False),
        (Cursor(1, "team:a", 9), False),
        (Cursor(1, "team:a", 10), True),
        (Cursor(1, "team:a", 20), True),
        (Cursor(1, "team:a", 21), False),
        (Cursor(2, "team:a", 15), False),
        (Cursor(1, "team:b", 15), False),
    ],
)
def test_cursor_is_replayable_only_within_epoch_channel_and_log(cursor: Cursor | None, good: bool) -> None:
    assert LogEnd(1, "team:a", 10, 20).replays(cursor) is good
