"""`bin/milequest role`: the service's own role in a new database of RDS."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from app import embedded
from tests.app.commands import Milequest
from tests.app.commands import data_dir as data_dir
from tests.app.commands import milequest as milequest


async def ask(url: str, *statements: str) -> list[object]:
    """Return the first value of each statement's answer."""
    connection = await asyncpg.connect(url)
    try:
        return [await connection.fetchval(statement) for statement in statements]
    finally:
        await connection.close()


def test_role_that_migrates_by_a_token_is_made_once_by_the_master(milequest: Milequest, tmp_path: Path) -> None:
    server = embedded.postgres(tmp_path / "new", fast=True)
    try:
        server.start()
        server.ensure_database("club")
        url = server.url("club")
        asyncio.run(ask(url, "CREATE ROLE rds_iam"))  # RDS has it
        address = url.replace("@", ":secret@")
        said = [milequest("role", "service", MILEQUEST_DATABASE_URL=address).stdout for _ in range(2)]
        assert said == ["The role service is made.\n", "The role service was there.\n"]
        granted = (
            "SELECT pg_has_role('service', 'rds_iam', 'member')",
            "SELECT has_schema_privilege('service', 'public', 'create')",
        )
        assert asyncio.run(ask(url, *granted)) == [True, True]
    finally:
        embedded.reset(tmp_path / "new")


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("postgresql://nobody@127.0.0.1:1/x", "must have the master's name and password"),
        ("postgresql://master:s3cr3t@127.0.0.1:1/x", "the role cannot be made"),
    ],
)
def test_role_that_cannot_be_made_says_why_without_the_password(milequest: Milequest, address: str, says: str) -> None:
    failed = milequest("role", "service", MILEQUEST_DATABASE_URL=address)
    assert failed.returncode == 1
    assert says in failed.stderr
    assert "s3cr3t" not in failed.stderr + failed.stdout
