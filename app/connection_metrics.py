"""The number of connected clients, reported to CloudWatch every minute: servers scale by it."""

import asyncio
from collections.abc import Sized

from milequest.store.aws.metric_lines import Metric, measured

SECONDS = 60.0


async def count(namespace: str, *connected: Sized) -> None:
    """Report it until cancelled."""
    while True:
        measured(namespace, Metric.SOCKETS_PER_SERVER, [sum(map(len, connected))])
        await asyncio.sleep(SECONDS)
