"""Deletion of the accounts whose two weeks for second thoughts are over."""

import logging
from datetime import datetime
from functools import partial
from uuid import UUID

from milequest.actions.closing import close_account
from milequest.rules import mail
from milequest.runtime import Runtime
from milequest.store.pictures import forgotten
from milequest.store.sql import account_deletions

log = logging.getLogger("milequest.closing")

BATCH = 100
FIRST = UUID(int=0)  # before every id


async def close_accounts(runtime: Runtime, now: datetime) -> int:
    """Delete every account that is due by `now`, each in a transaction of its own; return how many.

    Safe to run any number of times, and in several processes at once. The mail that says so is sent once, if at all.
    """
    count, after = 0, FIRST
    while user_ids := await account_deletions.due(runtime.writer, now, after, BATCH):
        for user_id in user_ids:
            count += await _close(runtime, user_id, now)
        after = user_ids[-1]
    return count


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
