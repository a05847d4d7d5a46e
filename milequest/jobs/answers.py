"""The outcomes that are kept for repeated requests go after a day."""

from datetime import datetime
from functools import partial

from milequest.runtime import Runtime
from milequest.store import idempotency
from milequest.store.transaction import transact

BATCH = 1_000


async def forget_answers(runtime: Runtime, now: datetime) -> int:
    """Delete what is older, some in each transaction; returns how many there were. Several may run at once."""
    count, gone = 0, BATCH
    while gone == BATCH:
        forget = partial(idempotency.forget, now=now, most=BATCH)
        gone = (await transact(runtime.writer, forget)).result
        count += gone
    return count
