"""Subscriptions recorded in Valkey, from the stream of the table of sockets. It loads no GraphQL."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from app.aws.container import Container, Event
from milequest.settings import Settings
from milequest.store.cache.interest import Interest
from milequest.store.cache.valkey_client import connect
from subscriptions.apigateway.interest_stream import follow


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Interest]:
    async with aclosing(connect(settings)) as valkey:
        yield Interest(valkey)


container = Container(_opened)


def handler(event: Event, context: Any) -> Any:
    """Record a batch of changes."""
    return container.run(lambda interest: follow(interest, event))
