"""Dependencies of this gateway's functions."""

from dataclasses import dataclass

from milequest.runtime import Runtime
from milequest.store.aws.dynamodb import Table
from milequest.store.aws.event_bus import EventBus
from milequest.store.aws.socket_api import Sockets
from milequest.store.aws.sqs import Queue
from resolvers.identity import Identify, identifying
from subscriptions.apigateway.connection_store import ConnectionStore
from subscriptions.apigateway.plan_cache import PlanCache


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The table, the three queues, the sockets, and the dependencies of every gateway."""

    runtime: Runtime
    identify: Identify
    table: Table
    connections: ConnectionStore
    sockets: Sockets
    group_queue: Queue
    outbound_queue: Queue
    delay_queue: Queue
    plan_cache: PlanCache
    bus: EventBus | None  # for other consumers of events; None if there are none


def dependencies(runtime: Runtime) -> Dependencies:
    """Return all of them, as named in the settings."""
    settings, aws = runtime.settings, runtime.aws
    table = Table(aws, settings.live_table)
    return Dependencies(
        runtime,
        identifying(runtime),
        table,
        ConnectionStore(table),
        Sockets(aws, settings.live_sockets_url),
        Queue(aws, settings.live_news_queue),
        Queue(aws, settings.live_posts_queue),
        Queue(aws, settings.live_later_queue),
        PlanCache(runtime, table),
        EventBus(aws, settings.event_bus) if settings.event_bus else None,
    )
