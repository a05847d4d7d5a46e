"""HTTP within bounds: input that is too large, too slow or too much is refused before any endpoint sees it."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from app.bounds import (
    FRAMING_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEADER_LINES,
    MAX_REQUEST_BYTES,
    MAX_URL_BYTES,
    ClientTimeouts,
)
from tests.served import Raw, served

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
QUICK = ClientTimeouts(head=0.2, progress=0.2, body=0.4, idle=0.2, linger=0.2)
LINE = b"X-Line: " + b"x" * 1_000 + b"\r\n"


async def refused(raw: Raw, status: int) -> None:
    """Check that a request is refused as every other one, and that the connection ends."""
    code, head, body = await raw.response()
    assert code == status
    assert "x-content-type-options: nosniff\r\n" in head
    assert "connection: close\r\n" in head
    assert set(json.loads(body)["errors"][0]) == {"message", "extensions"}
    assert await raw.rest() == b""


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([b"GET /" + b"x" * MAX_URL_BYTES + b" HTTP/1.1\r\n\r\n"], 414),
        ([b"GET /" + b"x" * MAX_URL_BYTES, b"x" * 100], 414),
        ([GET, *[b"A:\r\n"] * MAX_HEADER_LINES, b"\r\n"], 431),
        ([GET, *[LINE] * (MAX_HEAD_BYTES // 1_000), b"\r\n"], 431),
        ([GET + b"X: ", *[b"x" * 8_192] * (MAX_HEAD_BYTES // 8_192 + 1)], 431),
        ([b"\r\n" * MAX_HEAD_BYTES], 431),
        ([b"x" * 10], 400),
        ([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], 400),
        ([b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n"], 405),
    ],
)
async def test_a_head_that_is_too_large_or_none_is_refused(parts: Sequence[bytes], status: int) -> None:
    for sent in (parts, [b"".join(parts)]):
        async with served(timeouts=QUICK) as server, server.raw() as raw:
            await raw.send(*sent)
            await refused(raw, status)


async def test_a_head_within_bounds_is_answered() -> None:
    lines = [b"X-%d: " % number + b"x" * (MAX_HEAD_BYTES // 60) + b"\r\n" for number in range(50)]
    async with served() as server, server.raw() as raw:
        await raw.send(GET, *lines, b"\r\n")
        assert (await raw.response())[0] == 200
        await raw.send(b"GET /?" + b"x" * (MAX_URL_BYTES - 100) + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await raw.response())[0] == 200


@pytest.mark.parametrize("path", [b"/", b"/unread", b"/nowhere"])
async def test_body_declared_too_large_is_refused_unread(path: bytes) -> None:
    async with served(timeouts=QUICK) as server, server.raw() as raw:
        await raw.send(b"POST %b HTTP/1.1\r\nHost: x\r\n" % path)
        await raw.send(b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (MAX_REQUEST_BYTES + 1))
        await refused(raw, 413)


async def test_a_body_in_chunks_that_is_too_large_is_refused() -> None:
    chunk = b"%x\r\n%b\r\n" % (65_536, b"x" * 65_536)
    async with served(timeouts=QUICK) as server, server.raw() as raw:
        await raw.send(CHUNKED, *[chunk] * (MAX_REQUEST_BYTES // 65_536 + 1))
        await refused(raw, 413)


@pytest.mark.parametrize(
    "framing",
    [
        b"1\r\nx\r\n" * FRAMING_BYTES,
        b"1;" + b"x" * 2 * FRAMING_BYTES,
        b"1;a=" + b"x" * 2 * FRAMING_BYTES + b"\r\nx\r\n0\r\n\r\n",
        b"1\r\nx\r\n0\r\n" + b"X-Trailer: x\r\n" * FRAMING_BYTES,
        b"1\r\nx\r\n0\r\nX-Trailer: " + b"x" * 2 * FRAMING_BYTES,
    ],
)
async def test_more_framing_than_body_is_refused(framing: bytes) -> None:
    async with served(timeouts=QUICK) as server, server.raw() as raw:
        await raw.send(CHUNKED, framing)
        await refused(raw, 400)


async def test_trailers_are_no_headers() -> None:
    async with served() as server, server.raw() as raw:
        await raw.send(CHUNKED, b"3;note=1\r\nabc\r\n0\r\nAuthorization: Bearer x\r\n\r\n")
        status, _, body = await raw.response()
        assert status == 200
        assert json.loads(body)["body"] == "abc"
        assert "authorization" not in json.loads(body)["headers"]


@pytest.mark.parametrize("head", [b"G", GET, b"GET / HT", b"\r\n"])
async def test_a_head_that_does_not_end_in_time_is_refused(head: bytes) -> None:
    async with served(timeouts=QUICK) as server, server.raw() as raw:
        await raw.send(head)
        await refused(raw, 408)


async def test_silent_http_connection_is_closed() -> None:
    async with served(timeouts=QUICK) as server, server.raw() as raw:
        assert await raw.rest() == b""


async def test_the_second_head_of_a_connection_has_its_own_time() -> None:
    async with served(timeouts=QUICK) as server, server.raw() as raw:
        await raw.send(GET + b"\r\n")
        assert (await raw.response())[0] == 200
        await raw.send(b"GET / HTTP/1.1\r\n")
        await refused(raw, 408)


@pytest.mark.parametrize("head", [POST + b"Content-Length: 9\r\n\r\n12", CHUNKED + b"1\r\nx\r\n", CHUNKED + b"1;"])
async def test_a_body_that_does_not_go_on_is_refused(head: bytes) -> None:
    async with served(timeouts=QUICK) as server, server.raw() as raw:
        await raw.send(head)
        await refused(raw, 408)


async def test_slow_body_is_refused_at_its_timeout() -> None:
    async with served(timeouts=ClientTimeouts(progress=10, body=0.4, linger=0.2)) as server, server.raw() as raw:
        await raw.send(POST + b"Content-Length: 1000000\r\n\r\n")
        answer = asyncio.create_task(raw.response())
        while not answer.done():
            await raw.send(b"x")
            await asyncio.sleep(0.02)
        assert (await answer)[0] == 408


async def test_a_body_that_nobody_reads_ends_the_connection_without_a_second_answer() -> None:
    async with served(timeouts=QUICK) as server, server.raw() as raw:
        await raw.send(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12")
        assert (await raw.response())[0] == 200
        assert await raw.rest() == b""


async def test_an_idle_connection_is_closed() -> None:
    async with served(timeouts=QUICK) as server, server.raw() as raw:
        await raw.send(GET + b"\r\n")
        assert (await raw.response())[0] == 200
        assert await raw.rest() == b""


async def test_a_request_under_way_is_not_idle() -> None:
    async with served(timeouts=QUICK) as server, server.raw() as raw, server.raw() as other:
        await raw.send(GET + b"\r\nGET /gated HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await raw.response())[0] == 200
        await other.rest()  # it has as little time to begin
        await asyncio.sleep(QUICK.idle)
        server.gate.set()
        assert (await raw.response())[0] == 200


async def test_connections_of_one_network_are_bounded() -> None:
    async with served(per_network=2, timeouts=QUICK) as server:
        async with server.raw() as first, server.raw() as second:
            for raw in (first, second):
                await raw.send(GET + b"\r\n")
                assert (await raw.response())[0] == 200
            async with server.raw() as third:
                await third.send(GET + b"\r\n")
                status, head, body = await third.response()
                assert (status, "retry-after: 10\r\n" in head) == (429, True)
                assert json.loads(body)["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
            await first.rest()  # it was idle for too long
        async with server.raw() as again:
            await again.send(GET + b"\r\n")
            assert (await again.response())[0] == 200


async def test_trusted_proxies_have_as_many_connections_as_they_want() -> None:
    async with (
        served(per_network=1, trusted_proxies=["127.0.0.0/8"], timeouts=QUICK) as server,
        server.raw() as first,
        server.raw() as second,
    ):
        for raw in (first, second):
            await raw.send(GET + b"\r\n")
            assert (await raw.response())[0] == 200
        await asyncio.sleep(QUICK.idle * 2)
        await first.send(GET + b"\r\n")  # a proxy's connection waits for longer than others
        assert (await first.response())[0] == 200


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    bodies = [b"%d" % number for number in range(500)]
    requests = [POST + b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies]
    async with served() as server, server.raw() as raw:
        await raw.send(b"".join(requests))
        answers = [await raw.response() for _ in bodies]
    assert [json.loads(body)["body"].encode() for _, _, body in answers] == bodies


async def test_a_refusal_is_not_taken_for_the_answer_to_the_request_before() -> None:
    async with served() as server, server.raw() as raw:
        await raw.send(b"GET /gated HTTP/1.1\r\nHost: x\r\n\r\n", b"what is no request\r\n\r\n")
        server.gate.set()
        assert (await raw.response())[0] == 200
        assert await raw.rest() == b""


UPGRADES = [b"h2c", b"TLS/1.0", b"h2,h2c", b"foo", b"h2c, websocket"]
BODIES = [b"Content-Length: 5\r\n\r\n12345", b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n"]


@pytest.mark.parametrize("upgrade", UPGRADES)
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("later", [False, True])
async def test_a_body_behind_an_upgrade_is_read_as_one(upgrade: bytes, body: bytes, later: bool) -> None:
    asking = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nUpgrade: "
    head, end, rest = body.partition(b"\r\n\r\n")
    async with served() as server, server.raw() as raw:
        await raw.send(POST + asking + upgrade + b"\r\n" + head + end + (b"" if later else rest))
        if later:
            await asyncio.sleep(0.05)
            await raw.send(*[rest[at : at + 1] for at in range(len(rest))])
        status, _, answer = await raw.response()
        assert (status, json.loads(answer)["body"]) == (200, "12345")
        await raw.send(GET + b"\r\n")  # the connection goes on
        assert (await raw.response())[0] == 200


async def test_request_smuggled_in_a_body_behind_an_upgrade_is_read_as_body() -> None:
    smuggled = b"GET /unread HTTP/1.1\r\nHost: smuggled\r\n\r\n"
    head = POST + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n" % len(smuggled)
    async with served() as server, server.raw() as raw:
        await raw.send(head, smuggled, GET + b"Connection: close\r\n\r\n")
        assert json.loads((await raw.response())[2])["body"] == smuggled.decode()
        assert json.loads((await raw.response())[2])["method"] == "GET"
        assert await raw.rest() == b""


@pytest.mark.parametrize("first", [GET, POST, b"GET / HTTP/1.0\r\n"])
async def test_an_upgrade_without_a_body_is_answered(first: bytes) -> None:
    async with served() as server, server.raw() as raw:
        await raw.send(first + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n")
        assert (await raw.response())[0] == 200


async def test_a_large_body_behind_an_upgrade_is_bounded_like_others() -> None:
    async with served(timeouts=QUICK) as server, server.raw() as raw:
        await raw.send(POST + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 99999999\r\n\r\n")
        await refused(raw, 413)


WRONG_HOSTS = [
    b"GET / HTTP/1.1\r\n",
    b"GET http://x/ HTTP/1.1\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n",
    b"GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n",
    b"GET / HTTP/1.1\r\nHost: x/y\r\n",
    b"GET / HTTP/1.1\r\nHost: x y\r\n",
    b"GET / HTTP/1.1\r\nHost: x:http\r\n",
    b"GET / HTTP/1.1\r\nHost: a@x\r\n",
    b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n",
    b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
]


@pytest.mark.parametrize("head", WRONG_HOSTS)
async def test_request_without_exactly_one_valid_host_is_refused(head: bytes) -> None:
    async with served(timeouts=QUICK) as server, server.raw() as raw:
        await raw.send(head + b"\r\n")
        await refused(raw, 400)


@pytest.mark.parametrize("host", [b"", b"x", b"EXAMPLE.org:80", b"[::1]:80", b"10.0.0.1", b"a_b.x", b"x:"])
async def test_valid_host_of_any_form_is_answered(host: bytes) -> None:
    async with served() as server, server.raw() as raw:
        await raw.send(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host)
        assert (await raw.response())[0] == 200


async def test_a_request_of_http_1_0_needs_no_host() -> None:
    async with served() as server, server.raw() as raw:
        await raw.send(b"GET / HTTP/1.0\r\n\r\n")
        assert (await raw.response())[0] == 200
