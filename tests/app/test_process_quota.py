"""How many connections there may be in all: whatever one network does, the others find a slot."""

import asyncio
import resource
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack

import pytest

from app.bounds import LINGERING_PER_NETWORK, ClientTimeouts
from app.serve import open_many
from milequest.settings import Settings
from subscriptions.quotas import ConnectionQuota, ProcessQuota
from tests.served import Raw, Served, served
from tests.service import Service, serving

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENT = ClientTimeouts(head=60, idle=60, linger=60)
ELSEWHERE = "127.0.0.9"
SOCKETS = 5


async def opened(server: Served, stack: AsyncExitStack, count: int) -> list[Raw]:
    """So many connections that say nothing."""
    return [await stack.enter_async_context(server.raw()) for _ in range(count)]


async def until(server: Served, most: int) -> None:
    """Wait until no more connections than that are held, at most five seconds."""
    for _ in range(100):
        if len(server.connections) <= most:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"{len(server.connections)} are held")


async def test_connections_without_a_slot_are_few_however_many_come() -> None:
    async with served(per_network=3, timeouts=PATIENT) as server, AsyncExitStack() as stack:
        admitted = await opened(server, stack, 3)
        await admitted[-1].send(GET)
        assert (await admitted[-1].response())[0] == 200
        refused = await opened(server, stack, 100)
        await until(server, 3 + LINGERING_PER_NETWORK)
        assert (await refused[0].response())[0] == 429
        await refused[-1].rest()  # it was closed


async def test_one_network_leaves_slots_for_others_and_gets_it_back() -> None:
    process_quota = ProcessQuota(60)
    async with served(process_quota=process_quota, timeouts=PATIENT) as server:
        async with AsyncExitStack() as stack:
            await opened(server, stack, 200)
            await until(server, 60 - LINGERING_PER_NETWORK)
            async with server.raw(address=ELSEWHERE) as other:
                await other.send(GET)
                assert (await other.response())[0] == 200
            assert 20 <= len(server.connections) <= 30 + LINGERING_PER_NETWORK + 1
        await until(server, 0)
        assert process_quota.free == 60


async def test_full_process_refuses_connections_with_503() -> None:
    async with served(process_quota=ProcessQuota(3), trusted_proxies=["127.0.0.1"], timeouts=PATIENT) as server:
        async with AsyncExitStack() as stack:
            await opened(server, stack, 3)
            for address in ("127.0.0.1", ELSEWHERE):
                async with server.raw(address=address) as raw:
                    status, head, _ = await raw.response()
                    assert (status, "retry-after: 10\r\n" in head) == (503, True)
            assert len(server.connections) == 3
        await until(server, 0)
        async with server.raw(address=ELSEWHERE) as raw:
            await raw.send(GET)
            assert (await raw.response())[0] == 200


async def test_a_network_has_no_more_slots_than_are_left_for_others() -> None:
    process_quota = ProcessQuota(10)
    quota = ConnectionQuota(1_000, process_quota)
    taken: Counter[str] = Counter()
    for who in "aaaaaaaaaabbbbbbbbbbc":
        process_quota.enter()
        if quota.acquire(who):
            taken[who] += 1
        else:
            process_quota.release()
    assert taken == {"a": 5, "b": 2, "c": 1}


@pytest.mark.parametrize(("files", "most"), [(1_024, 768), (4_096, 3_072), (resource.RLIM_INFINITY, 786_432)])
def test_connections_may_be_three_quarters_of_the_files(files: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert ProcessQuota().free == most


def test_server_raises_its_limit_of_open_files() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1] - 100, before[1]))
    try:
        open_many()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def service(new_database: Callable[[], AbstractContextManager[str]], redis_url: str) -> Iterator[Service]:
    """A service with few sockets for each network."""
    with new_database() as url:
        settings = Settings(database_url=url, redis_url=redis_url, sockets_per_network=SOCKETS, embedded=True)
        with serving(settings) as served:
            yield served


def handshake(protocol: bytes) -> bytes:
    """A sound one."""
    lines = (
        b"GET /graphql HTTP/1.1",
        b"Host: x",
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        b"Sec-WebSocket-Protocol: " + protocol,
    )
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def answered(raw: Raw) -> bytes:
    """Return the status of a handshake. Of a connection closed at once a reset may overtake its 429."""
    try:
        return (await raw.reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
    except ConnectionError:
        return b"429"


@pytest.mark.parametrize("protocol", [b"nonsense", b"graphql-transport-ws"])
async def test_socket_holds_its_slot_until_its_connection_is_closed(service: Service, protocol: bytes) -> None:
    port = int(service.origin.rpartition(":")[2])
    asked: list[Raw] = []
    for _ in range(4 * SOCKETS):
        asked.append(Raw(*await asyncio.open_connection("127.0.0.1", port)))
        await asked[-1].send(handshake(protocol))
        if protocol != b"nonsense":
            await asked[-1].send(b"\x81\x80\0\0\0\0")  # an empty message, which ends it
        await asyncio.sleep(0.02)
    assert Counter([await answered(raw) for raw in asked]) == {b"101": SOCKETS, b"429": 3 * SOCKETS}
    for raw in asked:
        raw.writer.close()
    for _ in range(100):
        if service.app.state.process_quota.free == ProcessQuota().free:
            break
        await asyncio.sleep(0.05)
    assert service.app.state.process_quota.free == ProcessQuota().free
    again = Raw(*await asyncio.open_connection("127.0.0.1", port))
    await again.send(handshake(protocol))
    assert (await again.reader.readuntil(b"\r\n")).split(b" ")[1] == b"101"
    again.writer.close()
