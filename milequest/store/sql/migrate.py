"""Migration of a database to the newest schema, which is changed by Alembic's migrations only."""

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).parent / "migrations"


def configuration(url: str = "") -> Config:
    """Return Alembic's configuration for the database at `url` (a libpq URL, as in the settings)."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


def head() -> str:
    """Return the newest revision in the repository."""
    revision = ScriptDirectory.from_config(configuration()).get_current_head()
    assert revision is not None, "the repository has migrations"
    return revision


async def current(url: str) -> str | None:
    """Return the revision the database at `url` is at, None for an empty one."""
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version') IS NULL"):
            return None
        revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        return revision
    finally:
        await connection.close()


def upgrade(url: str) -> None:
    """Run every migration that the database at `url` lacks. Blocks; runs an event loop of its own."""
    command.upgrade(configuration(url), "head")


def create(message: str, url: str) -> None:
    """Write a new migration from the difference between the tables and the database at `url`, for a human to read."""
    command.revision(configuration(url), message, autogenerate=True)
