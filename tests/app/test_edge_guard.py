"""A server behind an edge: it refuses what comes around it, and counts by viewers."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import repeat

import asyncpg
import httpx
import orjson
import pytest
from anyio.from_thread import start_blocking_portal
from redis import Redis
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from milequest.settings import Settings
from tests.milequest.store.aws.stub import stubbed
from tests.service import Service, serving

SECRET = "s" * 40
KNOWN = 200, orjson.dumps({"SecretString": orjson.dumps({"first": SECRET, "second": ""}).decode()})
THROUGH = {"x-origin-secret": SECRET, "x-viewer-address": "192.0.2.1"}
OTHER = THROUGH | {"x-viewer-address": "192.0.2.2"}
AROUND: tuple[dict[str, str], ...] = (
    {},
    {"x-origin-secret": "x" * 40, "x-viewer-address": "192.0.2.1"},
    {"x-origin-secret": ""},
)
TYPENAME = "/graphql?query={__typename}"
PATHS = (TYPENAME, "/graphql/assets/x.js", "/.well-known/jwks.json", "/routes/x.geojson", "/nothing")
DENIED = 400, b'{"__type": "AccessDeniedException"}'


@contextmanager
def behind_an_edge(url: str, redis_url: str, secret: tuple[int, bytes]) -> Iterator[Service]:
    """Serve with an edge's secret, as Secrets Manager answers; one socket for each network."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(stubbed(repeat(secret))) as stub:
        settings = Settings(
            database_url=url,
            redis_url=redis_url,
            embedded=True,
            sockets_per_network=1,
            edge_secret="origin",
            aws_endpoint_url=stub.url,
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )
        with serving(settings) as service:
            yield service


@pytest.fixture(scope="module")
def service(new_database: Callable[[], AbstractContextManager[str]], _valkey: Redis) -> Iterator[Service]:
    """A service whose edge's secret is known."""
    redis_url = f"unix://{_valkey.get_connection_kwargs()['path']}"
    with new_database() as url, behind_an_edge(url, redis_url, KNOWN) as service:
        yield service


def dialled(service: Service, headers: dict[str, str]) -> ClientConnection:
    """Return a socket."""
    protocols = [Subprotocol("graphql-transport-ws")]
    return connect(service.socket_url, subprotocols=protocols, additional_headers=headers)


@pytest.mark.parametrize("own", AROUND)
@pytest.mark.parametrize("path", PATHS)
def test_request_around_the_edge_is_refused(service: Service, path: str, own: dict[str, str]) -> None:
    answer = httpx.get(service.origin + path, headers=own)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize("own", AROUND)
def test_handshake_around_the_edge_is_refused(service: Service, own: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused, dialled(service, own):
        pass
    assert refused.value.response.status_code == 403


def test_health_is_answered_around_the_edge(service: Service) -> None:
    assert [httpx.get(f"{service.origin}/{path}").status_code for path in ("livez", "readyz")] == [200, 200]


def test_request_through_the_edge_is_answered(service: Service) -> None:
    answer = httpx.get(service.origin + TYPENAME, headers=THROUGH)
    assert answer.json() == {"data": {"__typename": "Query"}}


def test_sockets_through_the_edge_count_by_their_viewers(service: Service) -> None:
    with dialled(service, THROUGH):
        with pytest.raises(InvalidStatus) as refused, dialled(service, THROUGH):
            pass
        assert refused.value.response.status_code == 429
        with dialled(service, OTHER):
            pass


def test_requests_are_503_while_the_secret_cannot_be_read(
    new_database: Callable[[], AbstractContextManager[str]], redis_url: str
) -> None:
    with (
        new_database() as url,
        behind_an_edge(url, redis_url, DENIED) as service,
    ):
        answer = httpx.get(service.origin + TYPENAME, headers=THROUGH)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["retryable"]) == (503, True)
        with pytest.raises(InvalidStatus) as refused, dialled(service, THROUGH):
            pass
        assert refused.value.response.status_code == 503
        assert httpx.get(f"{service.origin}/livez").status_code == 200


def test_handshakes_are_503_while_the_database_follows_another_and_reads_are_answered(
    new_database: Callable[[], AbstractContextManager[str]], redis_url: str
) -> None:
    with new_database() as url, behind_an_edge(url, redis_url, KNOWN) as service:
        for read_only in (True, False, True):
            set_read_only(url, read_only)
            assert wait_for_handshake(service) == (503 if read_only else 101)
            assert httpx.get(service.origin + TYPENAME, headers=THROUGH).status_code == 200


def set_read_only(url: str, read_only: bool) -> None:
    """Let a database take writes or not, also from connections that are open: they end."""
    name = url.partition("?")[0].rpartition("/")[2]
    on = "on" if read_only else "off"
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

    async def run() -> None:
        admin = await asyncpg.connect(url, server_settings={"default_transaction_read_only": "off"})
        await admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {on}')
        await admin.execute(f"SELECT pg_terminate_backend(pid) {others}")
        await admin.close()

    asyncio.run(run())


def wait_for_handshake(service: Service) -> int:
    """Return the status of a handshake once what is known of the database is too old to count."""
    time.sleep(1.1)
    try:
        with dialled(service, THROUGH):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code
