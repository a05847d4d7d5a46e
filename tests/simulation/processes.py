"""Processes of the service and their clients in a simulation: the real hub, bus, channels and topics on a `World`."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from milequest.rules.access import TeamPart
from milequest.rules.enums import EventKind
from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.identity import Identity
from milequest.rules.live import read_cursor
from milequest.store.cache.bus import Bus
from milequest.store.sql.revocations import Revocations
from resolvers.context import Request
from resolvers.feeds import AccessRule, EventEnvelope, Feed, LogFeed, StateFeed, StateSnapshot
from schema.error_payloads import Errors
from subscriptions.hub import Hub
from subscriptions.plans import Cost, Plan, PlanKey, Plans
from subscriptions.protocols.protocol_steps import Result
from subscriptions.subscribers import Subscriber
from tests.simulation.world import CHANNEL, FACE, LOOK, TEAM, VERSION, Database, Redis, World

BEHIND, FULL = 8, 40  # results on the way to a client: lagging, and too many
GATE = AccessRule(TEAM, TeamPart.PEOPLE)


class Numbered(Subscriber):
    """A subscriber whose place in a set does not depend on its address in memory."""

    __slots__ = ("number",)

    def __init__(self, plan: Plan, identity: Identity, sink: "Connection") -> None:
        super().__init__(plan, identity, sink)
        self.number = next(sink.process.world.numbers)

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other


class News(LogFeed):
    """A view of the log, whose rows are read by one statement."""

    __slots__ = ()

    async def start(self, request: Request, head: EventEnvelope) -> EventEnvelope:
        """Return the log's head."""
        return replace(head, snapshot=cast(Any, await _sees(request)))


async def _sees(request: Request) -> bool:
    """Return whether the caller may see the log."""
    return cast(bool, await request.db.fetchval(LOOK, request.identity.user_id))


async def _rows(request: Request, _: UUID, entries: Sequence[Any]) -> list[dict[str, Any]]:
    sees = await _sees(request)
    return [{"snapshot": sees} for _ in entries]


async def _look(request: Request, statement: str = VERSION) -> StateSnapshot:
    version = await request.db.fetchval(statement)
    if version is None:
        raise Refused(ErrorCode.UNAVAILABLE, "Nobody can tell just now.", retryable=True)
    return StateSnapshot((version, await _sees(request)), version)


NEWS = News("walks", GATE, TEAM, frozenset(EventKind), EventEnvelope, _rows)
STATE = StateFeed(("state", TEAM), GATE, (CHANNEL,), _look)
# Members see more of it. As with presence, it may become what it was before.
FOR_ALL = StateFeed(
    ("state for all", TEAM), AccessRule(TEAM, TeamPart.GOALS), (CHANNEL,), partial(_look, statement=FACE)
)
FEEDS: tuple[Feed, ...] = (NEWS, STATE, FOR_ALL)


class Simple(Plan):
    """A plan whose answer is the event itself."""

    __slots__ = ("of",)
    of: Feed

    def __init__(self, of: Feed, text: str = "") -> None:
        key, subscribed = PlanKey(text or str(id(of)), None, b""), SimpleNamespace()
        super().__init__(key, Cost(1, {}), cast(Any, subscribed), False, None, {})
        object.__setattr__(self, "of", of)

    def __hash__(self) -> int:
        return FEEDS.index(self.of)

    def __eq__(self, other: object) -> bool:
        return self is other

    @property
    def feed(self) -> Feed:
        """The feed."""
        return self.of

    async def answer(self, event: Any, request: Request) -> str:
        """Return the place of an event of the log, or the version of the state."""
        if isinstance(event, EventEnvelope):
            body = {"cursor": event.cursor, "sequence": event.sequence, "delivery": event.delivery.value}
            body["sees"] = event.snapshot
        else:
            body = {"version": event[0], "sees": event[1]}
        return json.dumps({"data": {"it": body}})


@dataclass
class SimulatedRuntime:
    """The parts of a runtime that live delivery uses."""

    writer: Database
    bus: Bus
    revocations: Revocations

    @property
    def reader(self) -> Database:
        """The same database."""
        return self.writer


class Process:
    """One process that serves."""

    def __init__(self, world: World, redis: Redis) -> None:
        self.world = world
        database = Database(world)
        self.bus = Bus(cast(Any, redis), cast(Any, database))
        self.hub = Hub(cast(Any, SimulatedRuntime(database, self.bus, Revocations(cast(Any, database)))))
        self.plans = {feed: self._plan(feed) for feed in FEEDS}
        self.connections: dict[Connection, None] = {}  # in their order, which a set would not keep
        self._tasks = [asyncio.create_task(self.bus.run()), asyncio.create_task(self.hub.run())]

    def _plan(self, feed: Feed) -> Plan:
        plan = Simple(feed)
        kept: Plans = self.hub.plans
        kept._plans[plan.key] = plan, 1_000_000  # never the last one: it is kept for new subscribers
        return plan

    async def commit(self, positions: dict[str, int]) -> None:
        """Notify of commits of this process, as a mutation does."""
        await self.bus.wake(positions)

    def kill(self) -> None:
        """End at once, as by SIGKILL, without any notice."""
        for task in self._tasks:
            task.cancel()
        for connection in list(self.connections):
            connection.cut()
        for channel in self.hub._channels.values():
            channel.close()
        for topic in self.hub._topics.values():
            topic.close()


@dataclass(eq=False)
class Connection:
    """A subscription's connection: results travel one after the other, and are lost with it."""

    process: Process
    feed: Feed
    identity: Identity
    after: str | None
    results: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    on_the_way: int = 0
    reads_slowly: bool = False
    subscriber: Subscriber | None = None
    last: Any = None  # sequence, or state, that was delivered
    _room: asyncio.Event = field(default_factory=asyncio.Event)

    def open(self) -> None:
        """Subscribe."""
        place = read_cursor(self.after) if self.after else None
        self.last = place.sequence if place else None
        self.subscriber = Numbered(self.process.plans[self.feed], self.identity, self)
        self.process.connections[self] = None
        self.process.hub.add(self.subscriber, self.after)

    def deliver(self, results: Sequence[Result], *, newest: bool = False) -> None:
        """Send results; a client that reads too slowly is cut off."""
        if self.subscriber is None:
            return
        for result in results:
            self._check(json.loads(result.payload)["data"]["it"])
            self.on_the_way += 1
            self.results.put_nowait(result)
        if self.on_the_way > FULL and not newest:  # earlier results still arrive
            self._stop()
            self.results.put_nowait(None)

    def _check(self, event: dict[str, Any]) -> None:
        """Record an event that was delivered wrongly. On one connection nothing comes twice, and nothing is left out,
        but what looks the same to somebody who left and came back."""
        assert self.identity.user_id is not None
        world, told = self.process.world, event.get("sequence", event)
        world.check(self.identity.user_id, event)
        is_next = event.get("delivery") not in ("LIVE", "REPLAY") or self.last in (None, told - 1)
        if not is_next or (event == self.last and self.feed is not FOR_ALL):
            world.violations.append(f"{event} was told after {self.last}")
        self.last = told

    def fail(self, errors: Errors) -> None:
        """End the subscription for these reasons, if it has not ended."""
        if self.subscriber is not None:
            self._stop()
            self.results.put_nowait(errors)

    def cut(self) -> None:
        """Lose the connection with the results on the way."""
        self._stop()
        while not self.results.empty():
            self.results.get_nowait()
        self.results.put_nowait(None)

    def _stop(self) -> None:
        if self.subscriber is not None:
            subscriber, self.subscriber = self.subscriber, None
            self.process.connections.pop(self, None)
            self.process.hub.remove(subscriber)
        self.on_the_way = 0
        self._room.set()

    @property
    def is_lagging(self) -> bool:
        """True if much is on the way."""
        return self.on_the_way > BEHIND

    async def drained(self) -> None:
        """Wait until it is not lagging."""
        while self.is_lagging:
            self._room.clear()
            await self._room.wait()

    async def read(self) -> AsyncGenerator[dict[str, Any], None]:
        """Yield results as they arrive. Raises OSError for a lost connection, Refused for a subscription that ended."""
        world = self.process.world
        while True:
            result = await self.results.get()
            if result is None:
                raise ConnectionResetError("the simulated connection was cut")
            if isinstance(result, list):
                raise RefusedError(result)
            await asyncio.sleep(world.rng.random() * (0.5 if self.reads_slowly else 0.01))
            self.on_the_way = max(0, self.on_the_way - 1)
            self._room.set()
            yield json.loads(result.payload)


class RefusedError(Exception):
    """A subscription that ended with GraphQL errors."""

    def __init__(self, errors: Errors) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors
