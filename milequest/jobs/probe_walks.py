"""Purge of the walks that the operator's own client has logged and deleted: some hundred thousand a year."""

from datetime import datetime, timedelta
from functools import partial

from milequest.rules.credentials import email_key
from milequest.runtime import Runtime
from milequest.store.sql import deleted_walks

KEPT = timedelta(days=1)
BATCH = 1_000


async def forget_probe_walks(runtime: Runtime, now: datetime) -> int:
    """Delete their rows, a day after they were deleted, batch by batch; return how many. Safe to run concurrently."""
    email = runtime.settings.probe_email
    count, gone = 0, BATCH if email else 0
    while gone == BATCH:
        gone = await runtime.commit(
            partial(deleted_walks.forget, email=email_key(email), before=now - KEPT, most=BATCH)
        )
        count += gone
    return count
