"""Purge of the outcomes kept for repeated requests, a day after they were stored."""

from datetime import datetime
from functools import partial

from milequest.runtime import Runtime
from milequest.store.sql import idempotency

BATCH = 1_000


async def forget_answers(runtime: Runtime, now: datetime) -> int:
    """Delete outcomes that are kept no longer, batch by batch in transactions; return how many.

    Safe to run concurrently.
    """
    count, gone = 0, BATCH
    while gone == BATCH:
        gone = await runtime.commit(partial(idempotency.forget, now=now, most=BATCH))
        count += gone
    return count
