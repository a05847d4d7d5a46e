"""The migration to the newest schema, which a deployment calls before it routes calls to new code."""

import asyncio
import os
from typing import Any

from app import logs
from app.aws.container import Event
from milequest.settings import load
from milequest.store.aws import roles
from milequest.store.sql import migrate


def handler(event: Event, context: Any) -> Any:
    """Run the pending migrations; return the revision that results."""
    settings = load(os.environ)
    logs.configure(settings.log_level)
    migrate.upgrade(asyncio.run(roles.with_password(settings, settings.database_url)))
    return {"revision": migrate.head()}
