"""Rotation of the master's password: a real PostgreSQL that asks for passwords, and Secrets Manager's four steps."""

import asyncio
import os
import string
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import embedded
from app.aws.rotation import STEPS, RotationError, step
from app.embedded.postgres import Postgres
from milequest.store.sql import passwords
from tests.conftest import RUN_FOLDER, WORKER
from tests.fakes.secrets import SecretsManager
from tests.milequest.store.aws.stub import Stub, stubbed

MASTER = 'the "master"'
FIRST = {"username": MASTER, "password": "first", "engine": "postgres"}
HBA = 'local all "the ""master""" scram-sha-256\n'


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Yield a PostgreSQL that admits its master by password alone."""
    folder = Path(os.environ[RUN_FOLDER]) / f"{WORKER}-passwords"
    folder.mkdir()
    server = embedded.postgres(folder, fast=True)
    server.start()
    rules = server.data / "pg_hba.conf"
    rules.write_text(HBA + rules.read_text())
    server.execute(lambda connection: connection.execute("SELECT pg_reload_conf()"), "postgres")
    yield server
    server.stop()


@dataclass
class Change:
    """A secret to be rotated, and its database."""

    manager: SecretsManager
    stub: Stub
    url: str

    async def step(self, name: str, version: str = "second") -> None:
        """Run a step as Secrets Manager does."""
        await step(self.stub.aws, self.url, {"Step": name, "SecretId": "arn:secret", "ClientRequestToken": version})

    async def lets_in(self, password: str) -> bool:
        """Return whether the database accepts a password of its master."""
        return await passwords.lets_in(self.url, MASTER, password)


@pytest.fixture
async def change(server: Postgres) -> AsyncIterator[Change]:
    """Yield a rotation that has begun, before its first step."""
    await _with_password(server, "first")
    async with _changing(server) as begun:
        begun.manager.begin("second")
        yield begun


@asynccontextmanager
async def _changing(server: Postgres) -> AsyncIterator[Change]:
    manager = SecretsManager(FIRST)
    async with stubbed(manager) as stub:
        stub.asked = manager.asked
        yield Change(manager, stub, server.url("postgres"))


async def _with_password(server: Postgres, password: str) -> None:
    async def given(connection: asyncpg.Connection) -> None:
        name = '"the ""master"""'
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", MASTER):
            await connection.execute(f"CREATE ROLE {name} LOGIN SUPERUSER")
        await connection.execute(f"ALTER ROLE {name} PASSWORD '{password}'")

    await asyncio.to_thread(server.execute, given, "postgres")


async def test_the_master_gets_a_new_password(change: Change) -> None:
    for name in STEPS:
        await change.step(name)
    new = change.manager.value("AWSCURRENT")
    assert new == {**FIRST, "password": new["password"]}
    assert len(new["password"]) == 40
    assert set(new["password"]) <= set(string.ascii_letters + string.digits)
    assert await change.lets_in(new["password"])
    assert not await change.lets_in("first")
    assert change.manager.value("AWSPREVIOUS") == FIRST


async def test_rotation_step_asked_for_twice_changes_nothing_the_second_time(change: Change) -> None:
    for name in STEPS:
        await change.step(name)
        pending = dict(change.manager.values)
        await change.step(name)
        assert change.manager.values == pending
    assert await change.lets_in(change.manager.value("AWSCURRENT")["password"])


async def test_untested_password_leaves_the_old_one_current(change: Change) -> None:
    await change.step("createSecret")
    with pytest.raises(RotationError):
        await change.step("testSecret")
    assert change.manager.value("AWSCURRENT") == FIRST
    assert await change.lets_in("first")


async def test_a_database_that_was_restored_takes_the_password_before_the_current_one(
    change: Change, server: Postgres
) -> None:
    for name in STEPS:
        await change.step(name)
    await _with_password(server, "first")
    change.manager.begin("third")
    for name in STEPS:
        await change.step(name, "third")
    assert await change.lets_in(change.manager.value("AWSCURRENT")["password"])


async def test_a_database_that_takes_none_of_them_is_an_error(change: Change, server: Postgres) -> None:
    await _with_password(server, "by hand")
    await change.step("createSecret")
    with pytest.raises(RotationError) as error:
        await change.step("setSecret")
    assert await change.lets_in("by hand")
    assert "first" not in str(error.value)
    assert change.manager.value("AWSPENDING")["password"] not in str(error.value)


async def test_a_version_that_is_not_pending_is_refused(change: Change) -> None:
    with pytest.raises(RotationError):
        await change.step("createSecret", "unheard of")
    assert "unheard of" not in change.manager.values
    await change.step("setSecret", "first")  # it is current already: nothing is left to do
    assert await change.lets_in("first")


async def test_no_password_gets_into_the_log_of_the_database(change: Change, server: Postgres) -> None:
    await asyncio.to_thread(
        server.execute, lambda connection: connection.execute("ALTER SYSTEM SET log_statement = 'all'"), "postgres"
    )
    await asyncio.to_thread(
        server.execute, lambda connection: connection.execute("SELECT pg_reload_conf()"), "postgres"
    )
    for name in STEPS:
        await change.step(name)
    text = (server.data / "server.log").read_text()
    assert "ALTER ROLE" in text
    assert change.manager.value("AWSCURRENT")["password"] not in text


@given(st.text(string.ascii_letters + string.digits, min_size=1), st.binary(min_size=16, max_size=16))
def test_password_verifier_is_deterministic_and_in_scram_form(password: str, salt: bytes) -> None:
    text = passwords.verifier(password, salt)
    assert text == passwords.verifier(password, salt)
    assert text != passwords.verifier(password + "x", salt)
    assert text.startswith("SCRAM-SHA-256$4096:")
