"""A connection's send buffer: in order, bounded, the newest state instead of all of them."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from subscriptions.send_buffer import LAGGING_BYTES, MAX_BUFFERED_BYTES, SendBuffer

THINGS = st.lists(st.one_of(st.tuples(st.just("news"), st.integers()), st.tuples(st.sampled_from("ab"), st.integers())))


async def taken(outbox: SendBuffer, count: int) -> list[str]:
    return [await asyncio.wait_for(outbox.take(), 1) for _ in range(count)]


@given(THINGS)
def test_send_buffer_keeps_all_events_and_the_newest_of_each_state(things: list[tuple[str, int]]) -> None:
    outbox = SendBuffer()
    for kind, number in things:
        assert outbox.put(f"{kind} {number}", None if kind == "news" else kind)
    news = [f"{kind} {number}" for kind, number in things if kind == "news"]
    newest = {kind: f"{kind} {number}" for kind, number in things if kind != "news"}
    got = asyncio.run(taken(outbox, len(news) + len(newest)))
    assert [text for text in got if text.startswith("news")] == news
    assert sorted(text for text in got if not text.startswith("news")) == sorted(newest.values())


async def test_a_state_that_was_taken_is_followed_by_the_next() -> None:
    outbox = SendBuffer()
    outbox.put("one", "a")
    assert await outbox.take() == "one"
    outbox.put("two", "a")
    outbox.put("three", "a")
    assert await outbox.take() == "three"


async def test_send_buffer_is_bounded_and_reports_lagging() -> None:
    outbox, text = SendBuffer(), "x" * 1024
    count = 0
    while outbox.put(text):
        count += 1
        assert outbox.is_lagging == (count * 1024 > LAGGING_BYTES)
    assert MAX_BUFFERED_BYTES <= count * 1024 <= MAX_BUFFERED_BYTES + 1024
    waiting = asyncio.create_task(outbox.drained())
    while outbox.is_lagging:
        assert not waiting.done()
        await outbox.take()
    await asyncio.wait_for(waiting, 10)
    assert outbox.put(text)


async def test_send_buffer_drain_ends_when_the_buffer_is_cleared() -> None:
    outbox = SendBuffer()
    while outbox.put("x" * 1024):
        pass
    waiting = asyncio.create_task(outbox.drained())
    await asyncio.sleep(0)
    outbox.clear()
    await asyncio.wait_for(waiting, 10)


async def test_send_buffer_take_waits_for_a_message() -> None:
    outbox = SendBuffer()
    taking = asyncio.create_task(outbox.take())
    await asyncio.sleep(0)
    outbox.put("here")
    assert await asyncio.wait_for(taking, 10) == "here"
