"""Metrics of open sockets, subscriptions and topics, which API Gateway does not report. The log names the topics with
the most subscribers.
"""

import asyncio
import logging
from datetime import datetime
from typing import Final

from milequest.store.aws.metric_lines import Metric, measured
from milequest.store.cache.interest import Interest
from milequest.store.cache.valkey_client import UNREACHABLE_ERRORS
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.apigateway.interest_stream import CONNECTION

log = logging.getLogger("milequest.live")

PATIENCE: Final = 5.0  # seconds Valkey may take, as the sweep of the sockets waits for it


async def publish_counts(deps: Dependencies, now: datetime) -> None:
    """Publish the counts. Without Valkey they are unknown, and nothing else waits for them."""
    try:
        async with asyncio.timeout(PATIENCE):
            found = await Interest(deps.runtime.redis).counts(now)
    except (*UNREACHABLE_ERRORS, TimeoutError) as error:
        log.warning("Valkey is away (%s), so the number of subscribers is unknown: see /readyz", type(error).__name__)
        return
    namespace = deps.runtime.settings.metrics_namespace
    measured(namespace, Metric.OPEN_SOCKETS, [found.kinds.get(CONNECTION, 0)])
    measured(namespace, Metric.TOPICS, [found.topics])
    for kind in found.kinds.keys() - {CONNECTION}:
        measured(namespace, Metric.SUBSCRIPTIONS, [found.kinds[kind]], Kind=kind)
    if found.most:
        log.info("most listen to %s", ", ".join(f"{topic} ({number})" for topic, number in found.most.items()))
