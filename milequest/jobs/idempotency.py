"""Purge of the outcomes kept for repeated requests, a day after they were stored."""

from datetime import datetime
from functools import partial

from milequest.runtime import Runtime
from milequest.store.sql import idempotency

BATCH = 1_000


async def forget_answers(runtime: Runtime, now: datetime) -> int:
    """Delete older outcomes, each batch in a transaction; return how many. Several may run at once."""
    count, gone = 0, BATCH
    while gone == BATCH:
        gone = await runtime.commit(partial(idempotency.forget, now=now, most=BATCH))
        count += gone
    return count
