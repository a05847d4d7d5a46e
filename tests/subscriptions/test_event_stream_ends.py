"""Ends of event streams: clients that disconnect, read too little or have too many; servers that stop; keep-alives."""

import asyncio
import json
import logging
import os
import socket
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.serve import GRACE_SECONDS
from milequest.settings import PROJECT
from subscriptions import streams
from subscriptions.protocols.protocol_steps import Result
from subscriptions.subscribers import Subscriber
from tests.documents import BOARD_STREAM as BOARD
from tests.documents import WALKS_STREAM as WALKS
from tests.event_streams import EVENTS, Event, asked
from tests.eventually import eventually
from tests.service import Service, serving
from tests.subscriptions.team import REMOVE, Team


@pytest.fixture(autouse=True)
def _nothing_is_left(service: Service, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    eventually(lambda: not len(service.hub) + len(service.hub.plans) + len(service.app.state.streams))
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_event_streams_of_a_client_that_went_away_leave_the_hub(service: Service, team: Team) -> None:
    async with asked(service, WALKS, team.ann, team=team.id) as walks, asked(service, BOARD, team.ann, team=team.id):
        await walks.next()
        assert len(service.hub) == 2
    began = time.monotonic()
    await asyncio.to_thread(eventually, lambda: not len(service.hub))
    assert time.monotonic() - began < 5


async def test_a_subscription_that_is_over_ends_in_order(service: Service, team: Team) -> None:
    async with asked(service, WALKS, team.ben, team=team.id) as stream:
        await stream.next()
        await team.do(team.ann, REMOVE, memberId=team.member)
        failed = await stream.next()
        assert [error["extensions"]["code"] for error in failed.payload["errors"]] == ["NOT_FOUND"]
        assert failed.id is None
        assert [await stream.next(), await stream.next()] == [Event("complete"), Event("end")]


async def test_idle_event_stream_gets_comments(service: Service, team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    assert streams.KEEP_ALIVE_SECONDS == 15
    monkeypatch.setattr(streams, "KEEP_ALIVE_SECONDS", 0.1)
    async with asked(service, WALKS, team.ann, team=team.id) as stream:
        first = await stream.next()
        await asyncio.sleep(0.55)
        assert 3 <= stream.comments <= 7
    async with asked(service, WALKS, team.ann, last_event_id=first.id, team=team.id) as stream:
        await asyncio.sleep(0.3)
        assert (stream.comments >= 1, stream.events.empty()) == (True, True)


def begin(service: Service, token: str, query: str, team: str) -> socket.socket:
    """Open a client that has sent its request and reads nothing; little fits into its buffers."""
    host, port = service.origin.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(10)
    connection.connect((host, int(port)))
    body = json.dumps({"query": query, "variables": {"team": team}})
    lines = (
        "POST /graphql HTTP/1.1",
        f"Host: {host}",
        f"Accept: {EVENTS}",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "",
        body,
    )
    connection.sendall("\r\n".join(lines).encode())
    return connection


def drained(connection: socket.socket) -> bytes:
    """Return all bytes until the other side closes."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def listening(service: Service) -> Subscriber:
    """Return the only subscriber."""
    (listener,) = service.hub._subscribers
    return listener


async def flood(listener: Subscriber, times: int, *, newest: bool) -> None:
    """Send a subscriber a lot: 64 KB each time."""
    for number in range(times):
        payload = json.dumps({"data": "x" * 64 * 1024, "number": number})
        listener.sink.deliver([Result(payload, None if newest else str(number))], newest=newest)
        await asyncio.sleep(0)


async def test_slow_event_stream_of_a_log_is_cut_off_and_delays_no_other(service: Service, team: Team) -> None:
    with begin(service, team.ann, WALKS, team.id) as slow:
        await asyncio.to_thread(eventually, lambda: len(service.hub) == 1)
        listener = listening(service)
        async with asked(service, WALKS, team.ben, team=team.id) as other:
            await other.next()
            await asyncio.to_thread(service.call, flood(listener, 200, newest=False))
            walk = await team.walk(team.ben)
            assert (await other.next()).news["edge"]["node"]["id"] == walk
            assert listener not in service.hub._subscribers
        answer = await asyncio.to_thread(drained, slow)
    assert b'"number": 0}' in answer
    assert b'"number": 199}' not in answer
    assert b"event: complete" not in answer
    assert not answer.endswith(b"0\r\n\r\n"), "the response is not complete"


async def test_slow_event_stream_of_a_state_gets_the_newest(service: Service, team: Team) -> None:
    with begin(service, team.ann, BOARD, team.id) as slow:
        await asyncio.to_thread(eventually, lambda: len(service.hub) == 1)
        listener = listening(service)
        await asyncio.to_thread(service.call, flood(listener, 200, newest=True))
        assert listener in service.hub._subscribers
        await asyncio.to_thread(service.call, fail(listener))
        answer = await asyncio.to_thread(drained_to_the_end, slow)
    assert b'"number": 199}' in answer
    assert answer.count(b"event: next") < 100


async def fail(listener: Subscriber) -> None:
    """End a subscription."""
    listener.sink.fail([{"message": "Over."}])


def drained_to_the_end(connection: socket.socket) -> bytes:
    """Return all bytes up to the end of a complete response."""
    answer = b""
    while not answer.endswith(b"\r\n0\r\n\r\n"):
        piece = connection.recv(65_536)
        assert piece, "it was cut short"
        answer += piece
    return answer


@pytest.fixture
def another(service: Service) -> Iterator[Service]:
    """Yield another process on the same data, where a user may hold two event streams."""
    with serving(replace(service.runtime.settings, sockets_per_user=2)) as served:
        yield served


async def test_a_user_has_so_many_streams_and_no_more(another: Service, team: Team) -> None:
    async with asked(another, WALKS, team.ann, team=team.id) as first:
        await first.next()
        async with asked(another, BOARD, team.ann, team=team.id) as second:
            await second.next()
            async with asked(another, WALKS, team.ann, team=team.id) as third:
                assert third.response.status_code == 429
                assert third.response.headers["content-type"].startswith("application/json")
            async with asked(another, "{ __typename }", team.ann) as query:
                assert (await query.next()).news == "Query"
            async with asked(another, WALKS, team.ben, team=team.id) as others:
                await others.next()
        await asyncio.to_thread(eventually, lambda: len(another.hub) == 1)
        for _ in range(3):  # a refused or ended one gives its slot back
            async with asked(another, WALKS, team.ann, team="team_1") as refused:
                assert "errors" in (await refused.next()).payload
            async with asked(another, WALKS, team.ann, team=team.id) as second:
                await second.next()
            await asyncio.to_thread(eventually, lambda: len(another.hub) == 1)


async def test_a_server_that_goes_away_cuts_its_streams_short(another: Service, team: Team) -> None:
    async with (
        asked(another, WALKS, team.ann, team=team.id) as walks,
        asked(another, BOARD, team.ben, team=team.id) as board,
    ):
        last = await walks.next()
        await board.next()
        await asyncio.to_thread(another.call, another.app.state.drain())
        assert (await walks.next(), await board.next()) == (Event("cut"), Event("cut"))
    async with asked(another, WALKS, team.ann, team=team.id) as late:
        assert (late.response.status_code, await late.next()) == (200, Event("cut"))
    missed = await team.walk(team.ben)
    async with asked(team.service, WALKS, team.ann, last_event_id=last.id, team=team.id) as elsewhere:
        assert (await elsewhere.next()).news["edge"]["node"]["id"] == missed


async def test_pages_of_other_origins_read_streams_too_where_they_may(service: Service, team: Team) -> None:
    page = "https://app.example"
    with serving(replace(service.runtime.settings, allowed_origins=(page,))) as served:
        async with asked(served, WALKS, team.ann, origin=page, team=team.id) as stream:
            await stream.next()
            assert stream.response.headers["access-control-allow-origin"] == page


SERVED = """
import os
from app.asgi import create_app
from app.serve import interruptible, listen, serve
from milequest.settings import load

app, listener = create_app(load(os.environ)), listen("127.0.0.1", 0)
with interruptible():
    try:
        serve(app, listener, lambda: print(listener.getsockname()[1], flush=True), drain=app.state.drain)
    except KeyboardInterrupt:
        pass
"""


async def test_a_process_that_is_asked_to_stop_does_not_wait_for_streams(service: Service, team: Team) -> None:
    settings = service.runtime.settings
    urls = {"MILEQUEST_DATABASE_URL": settings.database_url, "MILEQUEST_REDIS_URL": settings.redis_url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVED, cwd=PROJECT, env=os.environ | urls, stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    port = (await process.stdout.readline()).decode().strip()
    served = replace(service, origin=f"http://127.0.0.1:{port}")
    async with asked(served, WALKS, team.ann, team=team.id) as stream, asked(served, BOARD, team.ann, team=team.id):
        await stream.next()
        process.terminate()
        async with asyncio.timeout(GRACE_SECONDS - 2):
            assert await stream.next() == Event("cut")
            _, said = await process.communicate()
    assert (process.returncode, said) == (0, b"")
