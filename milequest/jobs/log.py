"""Pruning of the log to its window of events."""

from datetime import datetime
from functools import partial

from milequest.runtime import Runtime
from milequest.store.sql import log

BATCH = 100


async def prune_log(runtime: Runtime, now: datetime) -> int:
    """Delete events outside the window, each channel in a transaction of its own; return how many channels.

    Safe to run any number of times, and in several processes at once.
    """
    count = 0
    while overlong := await log.overlong(runtime.writer, now, BATCH):
        for channel, floor in overlong:
            await runtime.commit(partial(log.prune, channel=channel, floor=floor))
        count += len(overlong)
    return count
