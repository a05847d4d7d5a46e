"""The database's schema at the start: an embedded database is migrated to the newest one, any other is only checked."""

import asyncio
import hashlib

from app import preflight
from app.environment import SetupError, step
from milequest.settings import PROJECT, Settings

VERSIONS = PROJECT / "milequest" / "store" / "sql" / "migrations" / "versions"


def prepare(settings: Settings) -> None:
    """Migrate the embedded database if need be. Raises SetupError if another one is behind or out of reach."""
    if settings.database_reader_url:
        preflight.revision(settings, settings.database_reader_url, "MILEQUEST_DATABASE_READER_URL")
    if not settings.embedded:
        _require_newest(settings)
        preflight.warn_without_redis(settings)
        return
    stamp = settings.data_dir / "postgres" / "milequest-migrations"  # deleted together with the data
    newest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted(VERSIONS.glob("*.py")))).hexdigest()
    if stamp.exists() and stamp.read_text() == newest:
        return  # Alembic need not even be imported, which takes half a second
    with step("Migrations"):
        upgrade(settings)
        stamp.write_text(newest)


def upgrade(settings: Settings) -> None:
    """Run the pending migrations. Raises SetupError if the database has some that this code does not know."""
    from alembic.util import CommandError

    from milequest.store.aws import roles
    from milequest.store.sql import migrate

    try:
        migrate.upgrade(asyncio.run(roles.with_password(settings, settings.database_url)))
    except CommandError as error:
        how = "take the code that made them" + (", or start afresh: bin/milequest reset" if settings.embedded else "")
        raise SetupError(f"the database has migrations this code does not know ({error}): {how}") from None


def revision(settings: Settings) -> str | None:
    """Return the database's migration. Raises SetupError if it is out of reach."""
    return preflight.revision(settings, settings.database_url, "MILEQUEST_DATABASE_URL")


def _require_newest(settings: Settings) -> None:
    from milequest.store.sql import migrate

    at, newest = revision(settings), migrate.head()
    if at != newest:
        raise SetupError(f"the database is at migration {at or 'none'}, the code at {newest}: bin/milequest migrate")
