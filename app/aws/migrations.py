"""The database's newest schema, which a deployment asks for before it lets new code be called."""

import asyncio
import os
from typing import Any

from app import logs
from app.aws.container import Event
from milequest.settings import load
from milequest.store import migrate
from milequest.store.aws import roles


def handler(event: Event, context: Any) -> Any:
    """Run what the database lacks; at which revision it is then."""
    settings = load(os.environ)
    logs.configure(settings.log_level)
    migrate.upgrade(asyncio.run(roles.with_password(settings, settings.database_url)))
    return {"revision": migrate.head()}
