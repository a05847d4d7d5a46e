"""Revoked sessions, as long as their access tokens may be valid: stored in PostgreSQL, cached by every process.

Every process that checks tokens keeps the list in memory and polls for changes, so a request costs a look-up in a set.
The truth is in PostgreSQL: without Redis it is found a little later. Recently closed accounts are included.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from milequest.rules.identity import Identity
from milequest.rules.ids import new_id
from milequest.rules.sessions import REVOKED_FOR, Revocation, user_channel
from milequest.store.coalescer import RequestCoalescer
from milequest.store.sql.transaction import Reader, Tx

MAX_AGE = timedelta(seconds=1)  # of the last query, after which no request is answered without another one
OVERLAP = timedelta(minutes=1)  # for a transaction to commit its revocation
SKEW = timedelta(minutes=5)  # by which the clock of an account's closer may be behind the database's
FORGET_EVERY = timedelta(minutes=1)
NEVER = datetime.min.replace(tzinfo=UTC)
NOTHING = timedelta()
DROPPED = 100  # rows at once

# By the database's own clock, as those of processes differ by more than the time between queries.
_PUT = """
INSERT INTO revocation (id, user_id, session_id, before, noted_at, expires_at)
SELECT id, user_id, session_id, before, clock_timestamp(), $5
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[]) AS given (id, user_id, session_id, before)
"""
_DROP_EXPIRED = """
DELETE FROM revocation WHERE id IN (
    SELECT id FROM revocation WHERE expires_at <= $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)
"""
_LOOK = """
SELECT 'now' AS what, now() AS at, NULL::uuid AS user_id, NULL::text AS session_id, NULL::bigint AS before
UNION ALL
SELECT 'revoked', expires_at, user_id, session_id, before FROM revocation
WHERE noted_at >= coalesce($1::timestamptz, '-infinity') AND expires_at > now()
UNION ALL
SELECT 'closed', NULL, id, NULL, NULL FROM app_user WHERE suspended_at >= coalesce($1, now()) - $2::interval
UNION ALL
SELECT 'closed', NULL, id, NULL, NULL FROM app_user WHERE deleted_at >= coalesce($1, now()) - $2::interval
"""
_IS_REVOKED = "SELECT EXISTS (SELECT FROM revocation WHERE session_id = $1)"


async def put(tx: Tx, ended: Sequence[Revocation], now: datetime, lasting: timedelta = REVOKED_FOR) -> None:
    """Store revocations. `lasting` is how long a revoked session's token may be valid."""
    if not ended:
        return
    await tx.execute(_DROP_EXPIRED, now, DROPPED)
    await tx.execute(
        _PUT,
        [new_id(now) for _ in ended],
        [one.user_id for one in ended],
        [one.session_id for one in ended],
        [one.before for one in ended],
        now + lasting,
    )


async def is_revoked(db: Reader, session_id: str) -> bool:
    """Return whether a session has ended, as the database knows it now."""
    revoked: bool = await db.fetchval(_IS_REVOKED, session_id)
    return revoked


class Revocations:
    """The list of a process. `receivers` are called, in their order, when something new is on it."""

    def __init__(self, db: Reader) -> None:
        self._db = db
        self._sessions: dict[str, datetime] = {}  # until when its tokens may be valid
        self._users: dict[UUID, tuple[int, datetime]] = {}
        self._since: datetime | None = None
        self._refreshed_at = self._forget_at = NEVER
        self._look = RequestCoalescer(self._ask)
        self.closed: frozenset[UUID] = frozenset()  # accounts: closed recently, and perhaps open again
        self.receivers: list[Callable[[], None]] = []
        self.wake: Callable[[Mapping[str, int]], Awaitable[None]] | None = None

    def has_ended(self, identity: Identity) -> bool:
        """Return whether the session of a token has ended."""
        if identity.session_id in self._sessions:
            return True
        kept = self._users.get(identity.user_id) if identity.user_id else None
        return kept is not None and identity.began_at is not None and identity.began_at < kept[0]

    async def refresh_if_stale(self) -> None:
        """Query for changes unless that was done less than a second ago. Raises as a statement does."""
        if not NOTHING <= datetime.now(UTC) - self._refreshed_at < MAX_AGE:  # a container may have slept
            await self.refresh()

    async def refresh(self) -> None:
        """Query for changes. Raises as a statement does while the database is away."""
        await self._look(None)

    async def announce(self, ended: Sequence[Revocation]) -> None:
        """Announce committed revocations: to this process now, to others by a wake-up."""
        until = datetime.now(UTC) + REVOKED_FOR
        news = [self._keep(one, until) for one in ended]
        if any(news):
            self._receive()
        users = {one.user_id for one in ended if one.user_id}
        if self.wake is not None and users:
            await self.wake({user_channel(user_id): 0 for user_id in users})

    async def _ask(self, asked: Sequence[None]) -> Mapping[None, None]:
        began = datetime.now(UTC)
        closed: set[UUID] = set()
        is_news = False
        for what, at, user_id, session_id, before in await self._db.fetch(_LOOK, self._since, SKEW):
            match what:
                case "now":
                    self._since = at - OVERLAP
                case "revoked":
                    is_news |= self._keep(Revocation(user_id, session_id, before), at)
                case "closed":
                    closed.add(user_id)
        is_news |= not self.closed.issuperset(closed)
        self.closed = frozenset(closed)
        self._refreshed_at = began
        if began >= self._forget_at:
            self._forget(began)
        if is_news:
            self._receive()
        return {}

    def _keep(self, one: Revocation, until: datetime) -> bool:
        """Add a revocation to the list; return whether it is new there."""
        if one.session_id is not None:
            is_new = one.session_id not in self._sessions
            self._sessions[one.session_id] = until
            return is_new
        if one.user_id is None or one.before is None or self._users.get(one.user_id, (-1, NEVER))[0] >= one.before:
            return False
        self._users[one.user_id] = one.before, until
        return True

    def _forget(self, now: datetime) -> None:
        """Drop revocations that no valid token can match any more."""
        self._forget_at = now + FORGET_EVERY
        self._sessions = {session_id: until for session_id, until in self._sessions.items() if until > now}
        self._users = {user_id: kept for user_id, kept in self._users.items() if kept[1] > now}

    def _receive(self) -> None:
        for receive in self.receivers:
            receive()
