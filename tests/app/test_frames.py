"""WebSocket frames within bounds, from any client; and a client's faults are no errors of ours."""

import asyncio
import logging
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from app import upgrades
from subscriptions.quotas import FRAMES_BURST, MAX_FRAGMENTS, MAX_MESSAGE_BYTES
from tests.served import Raw, Served, served

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A
BEGIN, MORE, LAST = 0x01, 0x00, 0x80  # of a message in fragments


def frame(first: int, payload: bytes = b"") -> bytes:
    """Return a client's frame, whose mask changes nothing."""
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    else:
        length = struct.pack("!BH", 0xFE, size) if size < 65_536 else struct.pack("!BQ", 0xFF, size)
    return bytes([first]) + length + b"\0\0\0\0" + payload


def closing(data: bytes) -> int:
    """Return the code of the close frame at the end of data."""
    at = data.rindex(bytes([CLOSE]))
    if data[at + 1] == 0:
        return 1005
    return int(struct.unpack("!H", data[at + 2 : at + 4])[0])


@asynccontextmanager
async def opened(server: Served, window: int = 0) -> AsyncIterator[Raw]:
    """Open a WebSocket without sending a message."""
    async with server.raw(window) as raw:
        await raw.send(HANDSHAKE)
        assert (await raw.response())[0] == 101
        yield raw


@pytest.mark.parametrize(
    "flood",
    [
        frame(PING) * 1_000,
        frame(PONG) * 1_000,
        frame(PING, b"x" * 125) * 1_000,
        frame(TEXT) * 1_000,
        frame(BINARY) * 1_000,
        frame(BEGIN) + frame(MORE) * 1_000,
        frame(BEGIN, b"x") + frame(MORE, b"x") * MAX_FRAGMENTS + frame(LAST),
        (frame(BEGIN) + frame(PING) + frame(LAST)) * 400,
    ],
)
async def test_a_flood_of_frames_ends_the_connection(flood: bytes) -> None:
    async with served() as server, opened(server) as raw:
        await raw.send(flood)
        assert closing(await raw.rest()) == 1008


async def test_frames_after_a_close_are_counted_too() -> None:
    async with served() as server, opened(server) as raw:
        await raw.send(frame(BINARY))  # for which the application closes, and then waits for an answer
        await raw.send(frame(PING) * 1_000)
        await asyncio.wait_for(raw.rest(), 5)  # a close that is not answered takes 10 s


async def test_steady_frames_within_the_limit_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("subscriptions.quotas.monotonic", lambda: now[0])
    async with served() as server, opened(server) as raw:
        for second in range(FRAMES_BURST // 10):
            now[0] = float(second)
            await raw.send(frame(PING) * 8 + frame(PONG) + frame(BEGIN, b"1") + frame(MORE, b"2") + frame(LAST, b"3"))
            assert await raw.reader.readexactly(8 * 2 + 5) == bytes([PONG, 0]) * 8 + bytes([TEXT, 3]) + b"123"


async def test_a_message_has_as_many_fragments_as_allowed() -> None:
    async with served() as server, opened(server) as raw:
        await raw.send(frame(BEGIN, b"x"), *[frame(MORE, b"x")] * (MAX_FRAGMENTS - 2), frame(LAST, b"x"))
        assert await raw.reader.readexactly(2 + MAX_FRAGMENTS) == bytes([TEXT, MAX_FRAGMENTS]) + b"x" * MAX_FRAGMENTS


async def test_newest_of_many_pings_is_answered_when_pongs_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrades, "FRAMES_BURST", 10_000_000)
    async with served() as server, opened(server, window=4_096) as raw:
        (connection,) = server.connections
        assert isinstance(connection, upgrades.Upgrade)
        number = unsent = 0
        while unsent < 20:
            await raw.send(b"".join(frame(PING, b"%0100d" % (number + more)) for more in range(100)))
            number += 100
            unsent += not connection.has_room
            assert number < 200_000
        assert connection.transport.get_write_buffer_size() < 100_000
        newest = frame(PING, b"%0100d" % (number - 1))[6:]
        got = b""
        while not got.endswith(newest):
            got += await asyncio.wait_for(raw.reader.read(65_536), 20)
        assert got.count(bytes([PONG, 100])) < number


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, b"\xff\xfe"), 1007),
        (frame(TEXT, b"\xff") + frame(CLOSE), 1005),
        (frame(BEGIN, b"\xe2") + frame(LAST, b"x"), 1007),
        (frame(TEXT, b"x" * (MAX_MESSAGE_BYTES + 1)), 1009),
        (bytes([TEXT, 0x01]) + b"x", 1002),  # not masked
        (frame(0x83), 1002),
        (frame(0xC1), 1002),
        (frame(MORE), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(CLOSE, b"\x00\x01"), 1002),
        (frame(CLOSE, b"\x03\xe8\xff"), 1007),
    ],
)
async def test_a_fault_of_the_clients_ends_the_connection_and_is_no_error_of_ours(
    sent: bytes, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with served() as server, opened(server) as raw:
        await raw.send(sent)
        assert closing(await raw.rest()) == code
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_frame_sent_right_behind_the_handshake_is_not_lost() -> None:
    async with served() as server, server.raw() as raw:
        await raw.send(HANDSHAKE + frame(TEXT, b"early"))
        assert (await raw.response())[0] == 101
        assert await raw.reader.readexactly(7) == bytes([TEXT, 5]) + b"early"


async def test_a_large_message_is_read_whole() -> None:
    text = "x" * MAX_MESSAGE_BYTES
    async with served() as server, connect(f"ws://127.0.0.1:{server.port}/", max_size=None) as socket:
        await socket.send(text)
        assert await socket.recv() == text


async def test_bytes_of_a_client_never_log_an_error(caplog: pytest.LogCaptureFixture) -> None:
    heads = st.sampled_from(
        [b"", HANDSHAKE, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"]
    )
    frames = st.builds(
        frame,
        st.integers(0, 255),
        st.one_of(st.binary(max_size=200), st.integers(0, 2**16).map(lambda size: b"x" * size)),
    )
    loop = asyncio.get_running_loop()

    async with served() as server:

        async def send(data: bytes) -> None:
            async with server.raw() as raw:
                await raw.send(data)
                raw.writer.write_eof()
                await raw.rest()

        @settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
        @given(head=heads, rest=st.lists(st.one_of(frames, st.binary(max_size=100)), max_size=6).map(b"".join))
        def examples(head: bytes, rest: bytes) -> None:
            asyncio.run_coroutine_threadsafe(send(head + rest), loop).result(30)

        await asyncio.to_thread(examples)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
