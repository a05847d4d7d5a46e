"""The migration to the newest schema, which a deployment calls before it routes calls to new code.

With `{"epoch": "raise"}` it begins a new epoch of the log instead, which the failover command asks for.
"""

import asyncio
import os
from typing import Any

from app import logs
from app.aws.container import Event
from milequest.settings import load
from milequest.store.aws import roles
from milequest.store.sql import migrate
from milequest.store.sql.failover import take_over


def handler(event: Event, context: Any) -> Any:
    """Run the pending migrations; return the revision that results, or the epoch where that is to be raised.

    Raises NotPromotedError where the database still follows another.
    """
    settings = load(os.environ)
    logs.configure(settings.log_level)
    if event.get("epoch") == "raise":
        return {"epoch": asyncio.run(take_over(settings)).epoch}
    migrate.upgrade(asyncio.run(roles.with_password(settings, settings.database_url)))
    return {"revision": migrate.head()}
