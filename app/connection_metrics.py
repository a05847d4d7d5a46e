"""How many clients are connected, told to CloudWatch every minute: by it there are more servers, or fewer."""

import asyncio
from collections.abc import Sized

from milequest.store.aws.metrics import Metric, measured

SECONDS = 60.0


async def count(namespace: str, *connected: Sized) -> None:
    """Do so until cancelled."""
    while True:
        measured(namespace, Metric.SOCKETS_PER_SERVER, [sum(map(len, connected))])
        await asyncio.sleep(SECONDS)
