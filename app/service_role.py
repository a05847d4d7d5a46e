"""`bin/milequest role`: the service's own role in a new database of RDS."""

import argparse
import asyncio
from urllib.parse import unquote, urlsplit

from asyncpg import PostgresError

from app.environment import SetupError
from milequest.settings import Settings
from milequest.store.sql.database_roles import ensure_role


def make(settings: Settings, arguments: argparse.Namespace) -> None:
    """Create the role, as the master whom MILEQUEST_DATABASE_URL names.

    Raises SetupError without a master's name and password, or when the database refuses; it never holds them.
    """
    master = urlsplit(settings.database_url)
    if not (master.username and master.password):
        raise SetupError("MILEQUEST_DATABASE_URL must have the master's name and password")
    try:
        is_new = asyncio.run(
            ensure_role(settings.database_url, unquote(master.username), unquote(master.password), arguments.name)
        )
    except (OSError, PostgresError) as error:  # whose text may hold the address
        raise SetupError(f"the role cannot be made ({type(error).__name__})") from None
    print(f"The role {arguments.name} " + ("is made." if is_new else "was there."))
