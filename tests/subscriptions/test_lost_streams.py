"""Event streams whose connections are lost, whatever was sent behind them: nothing of them is left."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from app.http.answers import EventStream
from tests.documents import WALKS_STREAM as WALKS
from tests.event_streams import asked
from tests.eventually import eventually
from tests.service import Service
from tests.subscriptions.team import Team

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: what closes sends RST
NEXT = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
BEHIND = {
    "nothing": b"",
    "a request": NEXT,
    "the beginning of one": NEXT[:20],
    "a body": b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n{",
    "many requests": NEXT * 200,
    "what is no request": NEXT + b"what is no request\r\n\r\n",
}


@pytest.fixture
def no_error(service: Service, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """None is logged."""
    yield
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def left(service: Service) -> int:
    """What is left of streams."""
    plans = service.hub.plans
    return len(service.hub) + len(plans) + len(plans.held) + len(service.app.state.streams)


def settle(service: Service) -> None:
    """Wait until every request has ended: connections are accepted in their order, and so before the one made here."""
    assert httpx.get(f"{service.origin}/livez").status_code == 200
    eventually(lambda: not service.requests)


def begun(service: Service, team: Team) -> socket.socket:
    """A connection on which a stream was asked for."""
    body = json.dumps({"query": WALKS, "variables": {"team": team.id}}).encode()
    lines = (
        "POST /graphql HTTP/1.1",
        "Host: x",
        "Accept: text/event-stream",
        "Content-Type: application/json",
        f"Authorization: Bearer {team.ann}",
        f"Content-Length: {len(body)}",
    )
    address = urlsplit(service.origin)
    connection = socket.create_connection((address.hostname, address.port))
    connection.sendall("".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body)
    return connection


@pytest.mark.usefixtures("no_error")
@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("is_reset", [True, False])
@pytest.mark.parametrize("is_early", [True, False])
async def test_lost_event_stream_is_removed_at_once(
    service: Service, team: Team, behind: str, is_reset: bool, is_early: bool
) -> None:
    def lose() -> None:
        for _ in range(6):
            connection = begun(service, team)
            if not is_early:
                assert connection.recv(9) == b"HTTP/1.1 "
            connection.sendall(BEHIND[behind])
            if not is_early:
                time.sleep(0.02)
            if is_reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.close()
        settle(service)

    await asyncio.to_thread(lose)
    began = time.monotonic()
    await asyncio.to_thread(eventually, lambda: not left(service))
    assert time.monotonic() - began < 5


@pytest.mark.usefixtures("no_error")
async def test_lost_streams_cost_their_user_no_slot(service: Service, team: Team) -> None:
    def lose() -> None:
        for _ in range(service.runtime.settings.sockets_per_user + 10):
            connection = begun(service, team)
            connection.sendall(NEXT)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.close()
        settle(service)
        eventually(lambda: not left(service))

    await asyncio.to_thread(lose)
    async with asked(service, WALKS, team.ann, team=team.id) as stream:
        await stream.next()


async def test_a_stream_whose_answer_cannot_begin_is_given_back(
    service: Service, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is that fails there: here a header that is none."""
    began = EventStream.__init__

    def broken(self: EventStream, stream: object, headers: dict[str, str]) -> None:
        began(self, stream, headers | {"x-broken": "\n"})  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(EventStream, "__init__", broken)
        connection = begun(service, team)
        await asyncio.to_thread(connection.recv, 9)
        connection.close()
    await asyncio.to_thread(eventually, lambda: not left(service))
