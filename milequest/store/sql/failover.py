"""Failover to a standby database: it is promoted, and the log gets a new epoch."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from milequest.settings import Settings
from milequest.store.aws.roles import with_password

SECONDS = 60  # for a promotion
_STREAMS = "SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')"
_PROMOTE = "SELECT pg_promote(true, $1)"
_UNTIL = "SELECT pg_last_xact_replay_timestamp()"
_EPOCH = "SELECT epoch FROM log_epoch"
_RAISE = "UPDATE log_epoch SET epoch = epoch + 1 RETURNING epoch"


class NotPromotedError(Exception):
    """The database still replicates from its primary, or was not promoted in time; nothing has changed."""


@dataclass(frozen=True, slots=True)
class FailoverResult:
    """Result of a failover: every commit up to `until` was replicated; None if the database followed no primary."""

    until: datetime | None
    epoch: int


async def take_over(settings: Settings, *, planned: bool = False) -> FailoverResult:
    """Promote the database of the settings, unless it was promoted already, and raise the epoch of its log.

    Cursors may be ahead of what was saved: in a new epoch they are answered with a reset. A `planned` failover loses
    nothing, so the epoch stays. Raises NotPromotedError, and asyncpg's errors where it cannot be promoted by us.
    """
    url = await with_password(settings, settings.database_url)
    connection = await asyncpg.connect(url, timeout=SECONDS, command_timeout=2 * SECONDS)
    try:
        until = None
        if await connection.fetchval("SELECT pg_is_in_recovery()"):
            if await connection.fetchval(_STREAMS):
                raise NotPromotedError("its primary still sends")
            if not await connection.fetchval(_PROMOTE, SECONDS):
                raise NotPromotedError(f"it was not promoted within {SECONDS} s")
            until = await connection.fetchval(_UNTIL)
        return FailoverResult(until, await connection.fetchval(_EPOCH if planned else _RAISE))
    finally:
        await connection.close()
