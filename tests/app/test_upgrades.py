"""Handshakes that we read ourselves: the same are accepted as by the `websockets` package, which explains refusals."""

import asyncio
import base64
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.server import ServerState
from websockets.datastructures import Headers
from websockets.http11 import Request
from websockets.server import ServerProtocol

from app.serve import configured
from app.upgrades import Upgrade, sound_key
from tests.service import Service

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
ACCEPTED = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455, section 1.3
SOUND = [
    (b"Host", b"localhost"),
    (b"Upgrade", b"websocket"),
    (b"Connection", b"Upgrade"),
    (b"Sec-WebSocket-Key", KEY),
    (b"Sec-WebSocket-Version", b"13"),
    (b"Sec-WebSocket-Protocol", b"graphql-transport-ws"),
]

Lines = list[tuple[bytes, bytes]]


def but(name: bytes, *values: bytes) -> Lines:
    """Return a valid handshake's headers, with other values of one of them."""
    return [line for line in SOUND if line[0] != name] + [(name, value) for value in values]


async def answer(service: Service, lines: Lines, first: bytes = b"GET /graphql HTTP/1.1") -> bytes:
    """Return the head of the answer."""
    host, port = service.origin.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(first + b"\r\n" + b"".join(b"%b: %b\r\n" % line for line in lines) + b"\r\n")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.close()
    return head


@pytest.mark.parametrize(
    "lines",
    [
        SOUND,
        SOUND[::-1],
        [(name.upper(), value) for name, value in SOUND],
        but(b"Connection", b"keep-alive, Upgrade"),
        but(b"Connection", b"keep-alive", b"upgrade"),
        but(b"Upgrade", b"WebSocket"),
        but(b"Sec-WebSocket-Protocol", b"graphql-ws,graphql-transport-ws"),
        but(b"Sec-WebSocket-Protocol", b"graphql-ws", b"graphql-transport-ws"),
        but(b"Sec-WebSocket-Extensions", b"permessage-deflate; client_max_window_bits"),
        but(b"Origin"),
        [*but(b"Host", b"localhost:8102"), (b"Origin", b"http://localhost:8102")],
        [*but(b"Host", b"[::1]:8102"), (b"Origin", b"http://[::1]:8102")],
        [*but(b"Host", b"mymachine"), (b"Origin", b"https://mymachine")],  # behind a terminator of TLS
    ],
)
async def test_a_sound_handshake_is_answered(service: Service, lines: Lines) -> None:
    head = await answer(service, lines)
    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert ACCEPTED in head
    assert b"Sec-WebSocket-Protocol: graphql-transport-ws" in head  # as written here: Python's gql looks for that
    assert head.lower().count(b"\r\ndate:") == 1
    assert b"extensions" not in head.lower()  # nothing is compressed


@pytest.mark.parametrize(
    ("lines", "first", "status"),
    [
        (but(b"Sec-WebSocket-Key"), b"GET /graphql HTTP/1.1", 400),
        (but(b"Sec-WebSocket-Key", b"c2hvcnQ="), b"GET /graphql HTTP/1.1", 400),
        (but(b"Sec-WebSocket-Key", b"?" * 24), b"GET /graphql HTTP/1.1", 400),
        (but(b"Sec-WebSocket-Key", KEY, KEY), b"GET /graphql HTTP/1.1", 400),
        (but(b"Sec-WebSocket-Version"), b"GET /graphql HTTP/1.1", 400),
        (but(b"Sec-WebSocket-Version", b"8"), b"GET /graphql HTTP/1.1", 400),
        (SOUND, b"POST /graphql HTTP/1.1", 405),
        (SOUND, b"GET /elsewhere HTTP/1.1", 404),
        ([*but(b"Host", b"localhost:8102"), (b"Origin", b"http://localhost:3000")], b"GET /graphql HTTP/1.1", 403),
        ([*SOUND, (b"Origin", b"null")], b"GET /graphql HTTP/1.1", 403),
        (but(b"Origin", b"https://evil.example"), b"GET /graphql HTTP/1.1", 403),
        (but(b"X-Long", b"x" * 49_000), b"GET /graphql HTTP/1.1", 431),
        ([*SOUND, (b"Content-Length", b"1")], b"GET /graphql HTTP/1.1", 405),
        ([*SOUND, (b"Content-Length", b"5")], b"POST /graphql HTTP/1.1", 405),
        ([*SOUND, (b"Transfer-Encoding", b"chunked")], b"GET /graphql HTTP/1.1", 405),
        (SOUND, b"GET /graphql HTTP/1.0", 400),
    ],
)
async def test_unsound_handshake_is_refused_with_its_status(
    service: Service, lines: Lines, first: bytes, status: int
) -> None:
    assert (await answer(service, lines, first)).split(b" ")[1] == b"%d" % status


async def test_upgrade_of_a_client_that_hung_up_raises_client_disconnected(service: Service) -> None:
    config = configured(service.app)
    config.load()
    upgrade = Upgrade(config, ServerState(), {})
    host, port = service.origin.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    upgrade.transport = cast(asyncio.Transport, writer.transport)
    upgrade._key = KEY.decode()
    writer.close()
    with pytest.raises(ClientDisconnected):
        await upgrade.send({"type": "websocket.accept"})


def values(*usual: bytes) -> st.SearchStrategy[list[bytes]]:
    return st.lists(st.sampled_from(usual), max_size=2)


@given(
    keys=st.lists(st.one_of(st.just(KEY), st.binary(max_size=20).map(base64.b64encode)), max_size=2),
    versions=values(b"13", b"8", b"13, 8"),
    upgrades=st.just([b"websocket"]) | values(b"WebSocket", b"h2c"),
    version=st.sampled_from(["1.1", "1.0"]),
)
def test_sound_handshake_is_accepted_by_the_library_too(
    keys: list[bytes], versions: list[bytes], upgrades: list[bytes], version: str
) -> None:
    # The HTTP parser has seen `connection: upgrade`, and that the last `upgrade` is to a WebSocket.
    upgrades = [*upgrades, b"websocket"] if not upgrades or upgrades[-1].lower() != b"websocket" else upgrades
    named = {b"sec-websocket-key": keys, b"sec-websocket-version": versions, b"upgrade": upgrades}
    lines = [(b"connection", b"upgrade"), *((name, value) for name, given in named.items() for value in given)]
    key = sound_key(version, lines)
    if key is not None:
        headers = Headers([(name.decode(), value.decode()) for name, value in lines])
        request = Request("/graphql", headers, protocol=f"HTTP/{version}")
        assert ServerProtocol().accept(request).headers.get("sec-websocket-accept")
    sound = version == "1.1" and versions == [b"13"] and len(keys) == len(upgrades) == 1
    assert (key is not None) == (sound and len(base64.b64decode(keys[0])) == 16)
