"""`$connect` and `$disconnect`: add and delete connection rows. Without GraphQL, for a short cold start."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from app.aws.container import Container, Event
from milequest.providers.identity.authorizer import choose_authorizer
from milequest.providers.identity.outside import OutsideIdentity
from milequest.rules.budgets import Payer
from milequest.settings import Settings
from milequest.store.aws import roles
from milequest.store.aws.client import open_aws
from milequest.store.aws.dynamodb import Table
from milequest.store.cache.budgets import Budgets
from milequest.store.sql.transaction import open_pool
from resolvers.identity import Identify
from subscriptions.apigateway import lifecycle
from subscriptions.apigateway.connection_store import ConnectionStore
from subscriptions.apigateway.lifecycle import ConnectDependencies


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[ConnectDependencies]:
    """Open the dependencies. The database is used only for clients that connect with a token, as AppSync's do."""
    secret = roles.password(settings, settings.database_url)
    async with (
        open_aws(settings) as aws,
        await open_pool(settings.database_url, 1, waiting=False, password=secret) as pool,
    ):
        identity = OutsideIdentity(settings.jwks_url, settings.jwt_issuer, settings.jwt_client_id)
        budgets = Budgets(None, {Payer.NETWORK: settings.budget_per_network})  # counted in this container alone
        yield ConnectDependencies(
            ConnectionStore(Table(aws, settings.live_table)),
            Identify(identity, pool, authorizer=choose_authorizer(settings, aws), budgets=budgets),
            {settings.origin, *settings.allowed_origins},
            settings.sockets_per_network,
        )


container = Container(_opened)


def connect(event: Event, context: Any) -> Any:
    """Accept a client, or refuse with the reason."""
    return container.run(lambda ours: lifecycle.connect(ours, event))


def disconnect(event: Event, context: Any) -> Any:
    """Delete a client's rows."""
    return container.run(lambda ours: lifecycle.disconnect(ours, event))
