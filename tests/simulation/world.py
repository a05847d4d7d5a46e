"""The outside of a process in a simulation: a database, a Redis, the network between them, each with its faults.

They answer the statements and commands that the product sends, after a delay and sometimes not at all. All of it is
drawn from one seeded generator.
"""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from redis.exceptions import ConnectionError as RedisConnectionError

from milequest.rules.enums import EventKind
from milequest.rules.events import team_channel
from milequest.rules.live import read_cursor
from milequest.store.away import Away
from milequest.store.sql import audience, log, revocations

TEAM = UUID(int=1)
CHANNEL = team_channel(TEAM)
KEPT = 60  # events of the log that can still be replayed
FACES = 3
LOOK = "the rows of some events, and whether somebody may see them"
VERSION = "the version of the state, or nothing while that is away"
FACE = "which face the state for all has, or nothing while that is away"


def person(number: int) -> UUID:
    """Return the id of one of the people."""
    return UUID(int=1000 + number)


@dataclass
class Committed:
    """An event of the log, and when it was committed."""

    epoch: int
    sequence: int
    at: float


@dataclass
class World:
    """Committed data, and present faults."""

    rng: random.Random
    epoch: int = 1
    events: list[Committed] = field(default_factory=list)
    relayed: int = 0  # how far the log was relayed to subscribers that no process of ours holds
    version: int = 1  # of the state
    face: int = 0  # of the state for all: one that it had before, or another one
    members: set[UUID] = field(default_factory=set)
    rights: dict[UUID, list[tuple[float, bool]]] = field(default_factory=dict)  # start and kind of each right
    database_is_away: bool = False
    database_is_slow: bool = False
    state_is_away: bool = False  # what the state is read from, as Valkey is for presence
    redis_is_away: bool = False
    fault_rate: float = 0.0  # of statements
    signed_out: list[str] = field(default_factory=list)  # sessions
    violations: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)  # of subscribers, so that their sets keep an order

    @property
    def now(self) -> float:
        """The virtual time."""
        return asyncio.get_running_loop().time()

    @property
    def sequence(self) -> int:
        """The log's last sequence."""
        return self.events[-1].sequence if self.events else 0

    def write(self) -> dict[str, int]:
        """Commit an event, which changes the state too; return how far the log reaches since."""
        self._change()
        return self._record()

    def _record(self) -> dict[str, int]:
        self.events.append(Committed(self.epoch, self.sequence + 1, self.now))
        return {CHANNEL: self.sequence}

    def fail_over(self, lost: int) -> None:
        """Promote a standby that lacks the newest events, in a new epoch."""
        kept = len(self.events) - lost
        self.events = [Committed(self.epoch + 1, each.sequence, each.at) for each in self.events[: max(kept, 0)]]
        self.epoch += 1
        self.relayed = min(self.relayed, self.sequence)
        self._change()

    def _change(self) -> None:
        self.version += 1
        self.face = self.rng.randrange(FACES)

    def permit(self, user_id: UUID, may: bool) -> dict[str, int]:
        """Add or remove a member: an event of the log. The state stays as it is, but not what they see of it."""
        (self.members.add if may else self.members.discard)(user_id)
        self.rights.setdefault(user_id, []).append((self.now, may))
        return self._record()

    def membership(self, user_id: UUID) -> UUID | None:
        """Return the id of a user's membership, a new one each time."""
        return UUID(int=len(self.rights[user_id])) if user_id in self.members else None

    def must_see(self, user_id: UUID, at: float) -> bool:
        """Return whether a user has had the right from this time on until now."""
        since, may = self.rights[user_id][-1]
        return may and since <= at

    def might_see(self, user_id: UUID, at: float) -> bool:
        """Return whether a user had the right at the time of the commit, or later."""
        changes = self.rights[user_id]
        return any(
            may and (index + 1 == len(changes) or changes[index + 1][0] > at) for index, (_, may) in enumerate(changes)
        )

    def check(self, user_id: UUID, event: Mapping[str, Any]) -> None:
        """Record an event committed after its reader's right had ended for good, or delivered as to a stranger."""
        cursor = read_cursor(event.get("cursor", ""))
        if cursor is None or event["delivery"] not in ("LIVE", "REPLAY"):
            return
        for committed in self.events:
            if (committed.epoch, committed.sequence) != (cursor.epoch, cursor.sequence):
                continue
            is_blind = not event["sees"] and self.must_see(user_id, committed.at)
            if is_blind or not self.might_see(user_id, committed.at):
                self.violations.append(f"{event} of {committed.at:.4f} was told to {user_id} at {self.now:.4f}")

    def delay(self) -> float:
        """Draw a duration."""
        return (
            self.rng.choice((0.0, 0.001, 0.005, 0.02, 0.3)) * self.rng.random() * (20 if self.database_is_slow else 1)
        )


class Database:
    """A pool that implements the statements of live delivery. Each answer was true at one instant of the call."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._answers: dict[str, Callable[..., Any]] = {
            log._READ: self._read,
            log._END: lambda *_: (world.epoch, world.sequence, self._floor()),
            log._ENDS: lambda channels: [(CHANNEL, world.sequence)] if world.events and CHANNEL in channels else [],
            "SELECT epoch FROM log_epoch": lambda: world.epoch,
            audience._ACCESS: lambda users, _: [
                (one, TEAM, world.membership(one), "MEMBER" if self._is_in(one) else None, True, "UTC") for one in users
            ],
            audience._CHANGED: lambda users, memberships, *_: [
                (one,) for one, before in zip(users, memberships, strict=True) if before != world.membership(one)
            ],
            audience._ENDED: lambda users: [],
            revocations._LOOK: self._revoked,
            LOOK: lambda user: user in world.members,
            VERSION: lambda: None if world.state_is_away else world.version,
            FACE: lambda: None if world.state_is_away else world.face,
        }

    async def fetch(self, statement: str, *arguments: Any) -> Any:
        """Run a statement. Raises as a driver does when a connection breaks, before or after the server's work."""
        answer = self._answers[statement]  # a KeyError: a new statement of live delivery is missing here
        await self._pass()
        found = answer(*arguments)
        await self._pass()
        return found

    fetchrow = fetchval = fetch

    async def _pass(self) -> None:
        await asyncio.sleep(self._world.delay())
        if self._world.database_is_away or self._world.rng.random() < self._world.fault_rate:
            raise Away("the simulated connection broke")

    def _floor(self) -> int:
        return max(0, self._world.sequence - KEPT)

    def _is_in(self, user_id: UUID) -> bool:
        return user_id in self._world.members

    def _revoked(self, *_: Any) -> list[tuple[str, datetime, UUID | None, str | None, int | None]]:
        now = datetime.now(UTC)
        rows = [("revoked", now + timedelta(hours=1), None, session_id, None) for session_id in self._world.signed_out]
        return [("now", now, None, None, None), *rows]

    def _read(self, channel: str, after: int, limit: int) -> list[tuple[int, str, UUID, datetime, None]]:
        found = [each for each in self._world.events if each.sequence > max(after, self._floor())]
        instant = datetime(2026, 1, 1, tzinfo=UTC)
        return [(each.sequence, EventKind.ACTIVITY_ADDED.value, TEAM, instant, None) for each in found[:limit]]


class Redis:
    """A server that publishes: each subscriber receives each message late, twice, out of order, or never."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._subscribers: dict[asyncio.Queue[bytes | None], None] = {}  # in their order

    async def publish(self, topic: str, message: bytes) -> None:
        """Send a message to all subscribers."""
        await asyncio.sleep(self._world.delay())
        if self._world.redis_is_away:
            raise RedisConnectionError("the simulated server is away")
        loop = asyncio.get_running_loop()
        for queue in list(self._subscribers):
            for _ in range(self._world.rng.choice((0, 1, 1, 1, 1, 2))):
                loop.call_later(self._world.delay(), queue.put_nowait, message)

    @asynccontextmanager
    async def pubsub(self, **_: Any) -> AsyncIterator["Subscription"]:
        """Open a subscription."""
        if self._world.redis_is_away:
            raise RedisConnectionError("the simulated server is away")
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._subscribers[queue] = None
        try:
            yield Subscription(queue)
        finally:
            del self._subscribers[queue]

    def drop(self) -> None:
        """End all subscriptions."""
        for queue in list(self._subscribers):
            queue.put_nowait(None)


@dataclass
class Subscription:
    """Messages of a subscriber."""

    queue: asyncio.Queue[bytes | None]

    async def subscribe(self, topic: str) -> None:
        """Subscribe."""

    async def listen(self) -> AsyncIterator[dict[str, bytes]]:
        """Yield the messages. Raises as the client does when its connection breaks."""
        while (message := await self.queue.get()) is not None:
            yield {"data": message}
        raise RedisConnectionError("the simulated connection broke")
