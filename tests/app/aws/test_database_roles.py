"""The service's role in a new database: made once by the master, and enough for every migration."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from app.aws.database_roles import NoMasterError, ensure
from app.embedded.postgres import Postgres
from milequest.store.sql import migrate
from milequest.store.sql.database_roles import IAM_ROLE
from tests.fakes.secrets import SecretsManager
from tests.milequest.store.aws.stub import stubbed


@pytest.fixture
async def empty(postgres: Postgres) -> AsyncIterator[str]:
    """Yield the URL of an empty database whose name is to be the role's too, with the role of IAM that AWS has."""
    name = f"quest-{uuid4().hex[:8]}"
    master = await asyncpg.connect(postgres.url("postgres"))
    try:
        if not await master.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", IAM_ROLE):
            await master.execute(f"CREATE ROLE {IAM_ROLE}")
        await master.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        yield postgres.url(name)
        await master.execute(f'DROP DATABASE "{name}"')
        await master.execute(f'DROP ROLE IF EXISTS "{name}"')
    finally:
        await master.close()


async def made(url: str, user: str) -> bool:
    """Call the function as the deploy command does; return whether the role is new."""
    manager = SecretsManager({"username": user, "password": "any"})
    async with stubbed(manager) as stub:
        stub.asked = manager.asked
        return (await ensure(stub.aws, url, "arn:secret"))["isNew"]


def as_role(url: str, role: str) -> str:
    """Return the URL by which the role signs in."""
    return url.replace(f"{urlsplit(url).username}@", f"{role}@", 1)


async def test_new_role_can_run_all_migrations_and_is_made_once(empty: str) -> None:
    master = await asyncpg.connect(empty)
    user, role = await master.fetchval("SELECT current_user"), await master.fetchval("SELECT current_database()")
    assert await made(empty, user)
    assert not await made(empty, user)
    assert await master.fetchval("SELECT pg_has_role($1, $2, 'MEMBER')", role, IAM_ROLE)
    await master.execute(f'REVOKE CREATE ON SCHEMA public FROM "{role}"')
    assert not await made(empty, user)
    await asyncio.to_thread(migrate.upgrade, as_role(empty, role))
    assert await migrate.current(empty) == migrate.head()
    assert await master.fetchval("SELECT tableowner FROM pg_tables WHERE tablename = 'team'") == role
    await master.close()


async def test_secret_without_a_value_creates_no_role(empty: str) -> None:
    async with stubbed(iter([(400, b'{"__type": "ResourceNotFoundException"}')])) as stub:
        with pytest.raises(NoMasterError):
            await ensure(stub.aws, empty, "arn:secret")
