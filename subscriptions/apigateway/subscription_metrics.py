"""How many sockets, subscriptions and topics there are now: metrics, as API Gateway tells nobody. What most listen to
stands in the log.
"""

import asyncio
import logging
from datetime import datetime
from typing import Final

from milequest.store.aws.metrics import Metric, measured
from milequest.store.interest import Interest
from milequest.store.valkey import UNREACHABLE_ERRORS
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.apigateway.interest import CONNECTION

log = logging.getLogger("milequest.live")

PATIENCE: Final = 5.0  # seconds Valkey may take; sockets wait for the round


async def publish_counts(deps: Dependencies, now: datetime) -> None:
    """Tell how many there are. Without Valkey nobody knows, and nothing else waits for that."""
    try:
        async with asyncio.timeout(PATIENCE):
            found = await Interest(deps.runtime.redis).counts(now)
    except (*UNREACHABLE_ERRORS, TimeoutError) as error:
        log.warning("Valkey is away (%s), so nobody knows how many listen: see /readyz", type(error).__name__)
        return
    namespace = deps.runtime.settings.metrics_namespace
    measured(namespace, Metric.OPEN_SOCKETS, [found.kinds.get(CONNECTION, 0)])
    measured(namespace, Metric.TOPICS, [found.topics])
    for kind in found.kinds.keys() - {CONNECTION}:
        measured(namespace, Metric.SUBSCRIPTIONS, [found.kinds[kind]], Kind=kind)
    if found.most:
        log.info("most listen to %s", ", ".join(f"{topic} ({number})" for topic, number in found.most.items()))
