"""Events as lines, and read again by the HTML standard."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.protocols import sse

RESULT = '{"data":{"a":1}}'


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (sse.next(RESULT), ["event: next", f"data: {RESULT}", "", ""]),
        (sse.next(RESULT, "MQBh"), ["event: next", "id: MQBh", f"data: {RESULT}", "", ""]),
        (sse.COMPLETE, ["event: complete", "data:", "", ""]),
        (sse.KEEP_ALIVE, [":", "", ""]),
        (sse.only(RESULT), ["event: next", f"data: {RESULT}", "", "event: complete", "data:", "", ""]),
        (
            sse.failed([{"message": "No."}]),
            ["event: next", 'data: {"errors":[{"message":"No."}]}', "", "event: complete", "data:", "", ""],
        ),
    ],
)
def test_an_event_is_these_lines(text: str, lines: list[str]) -> None:
    assert text.split("\n") == lines


@given(st.text())
def test_a_result_is_one_line_whatever_it_holds(text: str) -> None:
    """So no event needs more than one `data:`; nothing but CR and LF ends a line of an event stream."""
    payload = orjson.dumps({"data": text.encode("utf-8", "replace").decode()}).decode()
    kind, data, *blank = sse.next(payload).replace("\r", "\n").split("\n")
    assert (kind, blank) == ("event: next", ["", ""])
    assert json.loads(data.removeprefix("data: ")) == json.loads(payload)
