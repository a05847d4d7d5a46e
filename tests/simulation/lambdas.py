"""Lambda and SQS in a simulation: functions that die at any call, and queues that deliver messages twice or late.

A killed call reaches nothing any more.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias

from milequest.store.away import Away
from tests.simulation.world import World

Function: TypeAlias = Callable[[Any, Mapping[str, Any]], Awaitable[Any]]
VISIBILITY_SECONDS = 8.0  # until a message that was not deleted is delivered again
DEDUPLICATION_SECONDS = 300.0
MOST_AT_ONCE = 10  # messages for one call of a function
SKEWS = (0.0, 0.02, -2.0, 2.0)  # seconds by which the clocks of functions differ, far more than they do
CONSUMERS = 3  # of each queue


@dataclass
class Invocation:
    """A call of a function, by the clock of its machine."""

    skew: float = 0.0  # seconds
    is_killed: bool = False


INVOCATION: ContextVar[Invocation | None] = ContextVar("invocation", default=None)


class FailedError(Exception):
    """A function raised an error, or was killed."""


@dataclass
class Weather:
    """Present faults: their rates, of calls to AWS and to databases."""

    kills: float = 0.0  # of the caller
    faults: float = 0.0  # no answer


async def reach(world: World, weather: Weather) -> None:
    """Call an outside service, or receive its answer.

    Raises Away for a lost one, CancelledError in a caller killed by then.
    """
    await asyncio.sleep(world.delay())
    invocation = INVOCATION.get()
    if invocation is not None:
        invocation.is_killed |= world.rng.random() < weather.kills
        if invocation.is_killed:
            raise asyncio.CancelledError
    if world.rng.random() < weather.faults:
        raise Away("the simulated call was lost")


class Functions:
    """Lambda: each call has a container to itself, which is reused unless it died."""

    def __init__(self, world: World, make: Callable[[], Any]) -> None:
        self._world = world
        self._make = make
        self._idle: dict[Function, list[Any]] = {}

    async def call(self, function: Function, event: Mapping[str, Any]) -> Any:
        """Call a function. Raises FailedError."""
        idle = self._idle.setdefault(function, [])
        container = idle.pop() if idle else self._make()
        invocation = Invocation(self._world.rng.choice(SKEWS))
        token = INVOCATION.set(invocation)
        task = asyncio.ensure_future(function(container, event))
        INVOCATION.reset(token)
        try:
            answer = await task
        except asyncio.CancelledError:
            if not invocation.is_killed:
                raise
            raise FailedError("killed") from None
        except Exception as error:
            idle.append(container)
            raise FailedError from error
        idle.append(container)
        return answer


@dataclass(eq=False)
class Waiting:
    """A message in a queue."""

    id: str
    body: str
    group: str
    from_: float  # when it can be received


class SimulatedQueue:
    """A queue of SQS and Lambda's handling of its messages.

    A FIFO queue delivers those of one group in their order, one call at a time; the other kind delivers them in any
    order. Failed messages are delivered again, and now and then also those that succeeded.
    """

    def __init__(self, world: World, weather: Weather, functions: Functions, function: Function, *, fifo: bool) -> None:
        self._world = world
        self._weather = weather
        self._functions = functions
        self._function = function
        self._is_fifo = fifo
        self._messages: list[Waiting] = []
        self._locked: dict[str, float] = {}  # groups, until when
        self._ids: dict[str, float] = {}  # of recent messages
        self._changed = asyncio.Event()
        self.tasks = [asyncio.create_task(self._consume()) for _ in range(CONSUMERS)]

    def __len__(self) -> int:
        return len(self._messages)

    def send(self, entry: Mapping[str, Any]) -> None:
        """Take a message."""
        now, id = self._world.now, entry.get("MessageDeduplicationId")
        if id is not None and now - self._ids.get(id, -DEDUPLICATION_SECONDS) < DEDUPLICATION_SECONDS:
            return
        if id is not None:
            self._ids[id] = now
        for _ in range(1 if self._is_fifo else self._world.rng.choice((1, 1, 1, 2))):
            number, group = str(next(self._world.numbers)), entry.get("MessageGroupId", "")
            delay = entry.get("DelaySeconds", 0) + self._world.delay() * (not self._is_fifo)
            self._messages.append(Waiting(number, entry["MessageBody"], group or number, now + delay))
            self._look_in(delay)

    def _look_in(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self._changed.set)

    async def _consume(self) -> None:
        while True:
            taken = self._take()
            if not taken:
                self._changed.clear()
                await self._changed.wait()
                continue
            await self._work(taken)

    def _take(self) -> list[Waiting]:
        """Receive some messages, which others do not get for a while."""
        now, rng = self._world.now, self._world.rng
        free = [one for one in self._messages if one.from_ <= now and self._locked.get(one.group, 0.0) <= now]
        if not free:
            return []
        groups = list(dict.fromkeys(one.group for one in free))
        chosen = rng.sample(groups, min(len(groups), rng.randint(1, 3)))
        taken = [one for one in free if one.group in chosen][: rng.randint(1, MOST_AT_ONCE)]
        for one in taken:
            self._locked[one.group] = now + 1e9
        return taken

    async def _work(self, taken: list[Waiting]) -> None:
        records = [
            {"messageId": one.id, "body": one.body, "attributes": {"MessageGroupId": one.group}} for one in taken
        ]
        try:
            answer = await self._functions.call(self._function, {"Records": records})
            undone = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        except FailedError:
            undone = {one.id for one in taken}
        if self._world.rng.random() < self._weather.faults:  # the deletion is lost
            undone = {one.id for one in taken}
        self._messages = [one for one in self._messages if one not in taken or one.id in undone]
        for one in taken:
            self._locked.pop(one.group, None)
        for one in taken:
            if one.id in undone:
                self._locked[one.group] = self._world.now + VISIBILITY_SECONDS
                self._look_in(VISIBILITY_SECONDS)
        self._changed.set()
