"""The service behind a listener that is as strict as Amazon RDS Proxy."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from milequest.runtime import open_runtime
from milequest.settings import Settings, load
from milequest.store.away import Away
from milequest.store.sql import migrate
from milequest.store.sql.pool import open_pool
from tests.certificates import self_signed
from tests.databases import following
from tests.fakes.rds_proxy import RdsProxy, rds_proxy
from tests.journeys import crew
from tests.quest import Quest


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
    """Return the database's address by the proxy, in the form that the stacks hand over."""
    return f"postgresql://milequest@127.0.0.1:{proxy.port}{urlsplit(database_url).path}?sslmode=require"


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
    for address in (url.replace("require", "disable"), following(url)):
        async with await open_pool(address, 1, waiting=False) as pool:
            with pytest.raises(Away):
                await pool.fetchval("SELECT 1")
    assert [message.rpartition(" ")[2] for message in proxy.refused] == [
        "connections.",
        "default_transaction_read_only.",
    ]


async def test_proxy_counts_statements_that_pin_a_session(proxy: RdsProxy, url: str) -> None:
    async with await open_pool(url, 1, waiting=False) as pool, pool.acquire() as connection:
        for statement in ("SET statement_timeout = 5", "SELECT 1", "SELECT pg_advisory_lock(1)"):
            await connection.execute(statement)
        async with connection.transaction():
            await connection.execute("SET LOCAL statement_timeout = 5")
    assert [pinning.split()[0] for pinning in proxy.pins] == [b"SET", b"SELECT"]
