"""The service behind a listener that is as strict as Amazon RDS Proxy."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from milequest.runtime import open_runtime
from milequest.settings import Settings, load
from milequest.store.away import Away
from milequest.store.aws.presigning import connect_token
from milequest.store.aws.signing import Credentials
from milequest.store.sql import migrate
from milequest.store.sql.pool import open_pool
from tests.certificates import self_signed
from tests.databases import following
from tests.fakes.rds_proxy import RdsProxy, rds_proxy
from tests.journeys import crew
from tests.quest import Quest

ROLE = Credentials("key", "secret", "session" * 150)  # as long as a role's are
PINNING = (
    "SET statement_timeout = 5000",
    "RESET statement_timeout",
    "SELECT pg_advisory_lock(1)",
    "LISTEN news",
    "CREATE TEMP TABLE passing (id int)",
    "CREATE TEMPORARY SEQUENCE numbers",
    "SELECT nextval('numbers')",
    "PREPARE one AS SELECT 1",
    "EXECUTE one",
    "DEALLOCATE one",
    f"SELECT '{'x' * 16_384}'",
    "DISCARD ALL",
)
PROXIED = "milequest-production-proxy.proxy-abc.us-east-1.rds.amazonaws.com"


@pytest.fixture
async def proxy(database_url: str, tmp_path: Path) -> AsyncIterator[RdsProxy]:
    """Run a proxy before this test's database server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    folder = parse_qs(urlsplit(database_url).query)["host"][0]
    async with rds_proxy(f"{folder}/.s.PGSQL.5432", context) as one:
        yield one


@pytest.fixture
def url(proxy: RdsProxy, database_url: str) -> str:
    """Return the database's address by the proxy, in the form that the stacks hand over, with a token of our role."""
    place, query = f"{PROXIED}:{proxy.port}", {"Action": "connect", "DBUser": "milequest"}
    token = connect_token(ROLE, "us-east-1", "rds-db", place, query, datetime.now(UTC))
    path = urlsplit(database_url).path
    return f"postgresql://milequest:{quote(token, safe='')}@127.0.0.1:{proxy.port}{path}?sslmode=require"


async def test_service_behind_the_proxy_reads_and_writes_and_pins_no_session(
    proxy: RdsProxy, url: str, redis_url: str
) -> None:
    settings = Settings(database_url=url, database_reader_url=url, redis_url=redis_url, embedded=True)
    async with open_runtime(settings) as runtime:
        team = await crew(Quest(runtime))
        shown = await team.member.run("query ($id: ID!) { team(id: $id) { memberCount } }", id=team.team)
    assert shown["team"]["memberCount"] == 2
    assert (proxy.refused, proxy.pins) == ([], [])
    assert proxy.connections >= 2


async def test_service_signs_in_to_the_proxy_by_a_token_of_its_role(
    proxy: RdsProxy, url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of the proxy leads to the stand-in here; the settings are those of a function."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: resolve(_here(host), *more, **named))
    proxied = f"postgresql://milequest@{PROXIED}:{proxy.port}{urlsplit(url).path}?sslmode=require"
    settings = Settings(
        database_url=proxied,
        database_reader_url=proxied,
        redis_url=redis_url,
        embedded=True,
        aws_region="us-east-1",
        aws_access_key_id=ROLE.access_key,
        aws_secret_access_key=ROLE.secret_key,
        aws_session_token=ROLE.session_token,
    )
    async with open_runtime(settings) as runtime:
        assert await runtime.writer.fetchval("SELECT 1") == 1
        assert await runtime.reader.fetchval("SELECT 1") == 1
    assert proxy.refused == []


def _here(host: Any) -> Any:
    return "127.0.0.1" if host == PROXIED else host


async def test_call_that_is_given_up_frees_its_connection_though_nothing_is_cancelled(
    proxy: RdsProxy, url: str
) -> None:
    async with await open_pool(url, 1, waiting=False) as pool:
        begun = time.monotonic()
        with pytest.raises((TimeoutError, Away)):
            async with asyncio.timeout(0.2):
                await pool.fetchval("SELECT pg_sleep(60)")
        assert await pool.fetchval("SELECT 1") == 1
        assert time.monotonic() - begun < 30
    assert proxy.cancels > 0


async def test_migrations_take_an_address_that_asks_for_tls(proxy: RdsProxy, url: str) -> None:
    await asyncio.to_thread(migrate.upgrade, url)
    assert await migrate.current(url) == migrate.head()
    assert (proxy.refused, proxy.connections) == ([], 2)


async def test_service_verifies_the_server_by_the_roots_it_is_given(url: str, tmp_path: Path) -> None:
    """The stacks' form; the stand-in's certificate is none of Amazon's."""
    verified = url.replace("require", "verify-full&sslrootcert=")
    own = f"{verified}{tmp_path / 'loopback.pem'}"
    async with await open_pool(load({"MILEQUEST_DATABASE_URL": own}).database_url, 1, waiting=False) as pool:
        assert await pool.fetchval("SELECT 1") == 1
    theirs = load({"MILEQUEST_DATABASE_URL": f"{verified}aws"}).database_url
    async with await open_pool(theirs, 1, waiting=False) as pool:
        with pytest.raises(Away):
            await pool.fetchval("SELECT 1")


async def test_proxy_refuses_clients_without_tls_and_unknown_parameters(proxy: RdsProxy, url: str) -> None:
    nobody = url.replace("DBUser%3Dmilequest", "DBUser%3Dpostgres")
    assert nobody != url
    for address in (url.replace("require", "disable"), following(url), nobody):
        async with await open_pool(address, 1, waiting=False) as pool:
            with pytest.raises(Away):
                await pool.fetchval("SELECT 1")
    assert [message.rpartition(" ")[2] for message in proxy.refused] == [
        "connections.",
        "default_transaction_read_only.",
        "role.",
    ]


async def test_proxy_counts_statements_that_pin_a_session(proxy: RdsProxy, url: str) -> None:
    async with await open_pool(url, 1, waiting=False) as pool, pool.acquire() as connection:
        for statement in ("SELECT 1", *PINNING):
            await connection.execute(statement)
        async with connection.transaction():
            await connection.execute("SET LOCAL statement_timeout = 5")
            await connection.execute("SELECT pg_advisory_xact_lock(1)")
    assert [pinned.rstrip(b"\0").decode() for pinned in proxy.pins] == list(PINNING)
