"""Liveness and readiness of the process: distinguished, with reasons, without secrets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import replace

import asyncpg
import httpx
import pytest

from app.asgi import create_app
from app.http import health
from milequest.settings import Settings


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the started application."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            yield client


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    return Settings(database_url=database_url, redis_url=redis_url, embedded=True)


async def test_healthy_service_is_alive_and_ready(settings: Settings) -> None:
    async with started(settings) as client:
        live, ready = await client.get("/livez"), await client.get("/readyz")
    assert (live.status_code, live.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ok", "parts": {"database": "ok", "redis": "ok"}})
    assert live.headers["cache-control"] == ready.headers["cache-control"] == "no-store"


async def test_readiness_checks_the_replica_separately(settings: Settings) -> None:
    async with started(replace(settings, database_reader_url=settings.database_url)) as client:
        assert (await client.get("/readyz")).json()["parts"] == {"database": "ok", "redis": "ok", "replica": "ok"}


async def test_service_without_redis_is_alive_but_not_ready(settings: Settings) -> None:
    async with started(replace(settings, redis_url="redis://:secret@127.0.0.1:1/0")) as client:
        ready, standby = await client.get("/readyz"), await client.get("/standbyz")
        assert (await client.get("/livez")).status_code == 200
    assert (ready.status_code, standby.status_code) == (503, 503), "without it a standby would not work"
    assert ready.json() == {"status": "unavailable", "parts": {"database": "ok", "redis": "ConnectionError"}}
    assert "secret" not in ready.text


async def test_a_database_that_is_gone_is_named(
    new_database: Callable[[], AbstractContextManager[str]], settings: Settings
) -> None:
    with new_database() as url:
        async with started(replace(settings, database_url=url)) as client:
            name = url.partition("?")[0].rpartition("/")[2]
            admin = await asyncpg.connect(settings.database_url)
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            ready = await client.get("/readyz")
            await admin.execute(f'CREATE DATABASE "{name}"')  # for the fixture to drop
            await admin.close()
    assert ready.status_code == 503
    assert ready.json()["parts"] == {"database": "InvalidCatalogNameError", "redis": "ok"}


async def test_a_database_that_cannot_be_written_to_is_not_ready(settings: Settings) -> None:
    """As a replica: traffic goes where this is 200, so a region that stands by must not answer it."""
    admin = await asyncpg.connect(settings.database_url)
    name = await admin.fetchval("SELECT current_database()")
    await admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    await admin.close()
    async with started(replace(settings, database_reader_url=settings.database_url)) as client:
        ready, standby = await client.get("/readyz"), await client.get("/standbyz")
    assert (ready.status_code, standby.status_code) == (503, 200)
    parts = {"database": "it can only be read", "redis": "ok", "replica": "ok"}
    assert ready.json() == {"status": "unavailable", "parts": parts}
    assert standby.json() == {"status": "ok", "parts": parts}


async def test_readiness_waits_for_a_hanging_part_up_to_its_timeout(settings: Settings) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the other side closes
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with started(replace(settings, redis_url=f"redis://127.0.0.1:{port}")) as client:
        ready = await client.get("/readyz")
    silent.close()
    assert ready.json()["parts"] == {"database": "ok", "redis": f"no answer within {health.TIMEOUT:g} s"}
