"""Alembic's entry: run migrations over asyncpg, one transaction each, with short lock waits: traffic never queues."""

import asyncio

import asyncpg
from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from milequest.store.sql.tables import metadata


def _run(connection: Connection) -> None:
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        include_object=alembic_helpers.include_object,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _connect() -> None:
    url = context.config.attributes["url"]  # whole, as SQLAlchemy has no word for some of its parameters, like sslmode
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=pool.NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_connect())
