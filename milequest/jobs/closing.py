"""Deletion of the accounts whose two weeks for second thoughts are over."""

import logging
from datetime import datetime
from functools import partial
from uuid import UUID

from milequest.actions.closing import close_account
from milequest.jobs.due_items import each_due
from milequest.rules import mail
from milequest.runtime import Runtime
from milequest.store.pictures import forgotten
from milequest.store.sql import account_deletions

log = logging.getLogger("milequest.closing")

BATCH = 100


async def close_accounts(runtime: Runtime, now: datetime) -> int:
    """Delete every account that is due by `now`, each in a transaction of its own; return how many.

    Safe to run any number of times, and in several processes at once. The mail that says so is sent once, if at all.
    """
    return await each_due(
        lambda after: account_deletions.due(runtime.writer, now, after, BATCH),
        lambda user_id: _close(runtime, user_id, now),
    )


async def _close(runtime: Runtime, user_id: UUID, now: datetime) -> int:
    closed = await runtime.commit(partial(close_account, user_id=user_id, now=now))
    if closed is None:
        return 0
    for picture in closed.pictures:
        await forgotten(runtime.pictures, picture)
    try:
        await runtime.mailer.send(mail.account_deleted(closed.email))
    except OSError as error:
        log.warning("the mail about a deleted account could not be sent: %s", type(error).__name__)
    return 1
