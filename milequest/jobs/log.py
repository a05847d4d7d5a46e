"""The log keeps a window of events; what lies outside is forgotten."""

from datetime import datetime
from functools import partial

from milequest.runtime import Runtime
from milequest.store import log
from milequest.store.transaction import transact

BATCH = 100


async def prune_log(runtime: Runtime, now: datetime) -> int:
    """Forget what lies outside of the window, each channel in a transaction of its own; returns how many there were.

    Safe to run as often as one likes, and by several at once.
    """
    count = 0
    while overlong := await log.overlong(runtime.writer, now, BATCH):
        for channel, floor in overlong:
            await transact(runtime.writer, partial(log.prune, channel=channel, floor=floor))
        count += len(overlong)
    return count
