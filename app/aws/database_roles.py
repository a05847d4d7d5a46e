"""The service's role in a new database, created by its master; the deploy command calls it before the migrations."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from app.aws.container import Container, Event
from milequest.settings import Settings
from milequest.store.aws.client import Aws, open_aws
from milequest.store.aws.secrets import CURRENT, Secret
from milequest.store.sql.database_roles import ensure_role


class NoMasterError(Exception):
    """The secret of the database's master has no value."""


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Aws, str]]:
    async with open_aws(settings) as aws:
        yield aws, settings.database_url


container = Container(_opened)


def handler(event: Event, context: Any) -> Any:
    """Create the role named as the database, with the master's secret of the event; return whether it is new."""
    return container.run(lambda opened: ensure(*opened, event["secret"]))


async def ensure(aws: Aws, url: str, secret: str) -> dict[str, bool]:
    """Create the role unless it is there. Raises NoMasterError, and errors of the secret and the database."""
    master = await Secret(aws, secret).value(CURRENT)
    if master is None:
        raise NoMasterError(secret)
    role = urlsplit(url).path.strip("/")
    return {"isNew": await ensure_role(url, master["username"], master["password"], role)}
