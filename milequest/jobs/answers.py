"""Purge of the outcomes kept for repeated requests, a day after they were stored."""

from datetime import datetime
from functools import partial

from milequest.runtime import Runtime
from milequest.store import idempotency
from milequest.store.transaction import transact

BATCH = 1_000


async def forget_answers(runtime: Runtime, now: datetime) -> int:
    """Delete older outcomes, each batch in a transaction; return how many. Several may run at once."""
    count, gone = 0, BATCH
    while gone == BATCH:
        forget = partial(idempotency.forget, now=now, most=BATCH)
        gone = (await transact(runtime.writer, forget)).result
        count += gone
    return count
