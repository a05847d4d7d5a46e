"""Limits on attempts: what counts against them, and when.

An attempt whose outcome decides that holds a place while it is under way, so that many at once get no more tries than
one after the other. Where those under way may come to all that is left, others wait for their turn.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import Any, TypeAlias

from milequest.rules.errors import RateLimited, is_verdict, is_wrong_guess
from milequest.rules.rate_limits import Memory, RateLimit
from milequest.store.cache.counts import AttemptCounts, AttemptSlot, new_place
from milequest.store.cache.valkey_client import Valkey
from milequest.store.cache.wait_queue import QueueFullError, WaitQueues
from milequest.store.cache.windows import Verdict

Counted: TypeAlias = tuple[RateLimit, str]  # a limit, and whom it counts

WAIT_SECONDS = 5.0  # for attempts under way
PAUSE_SECONDS = 0.02  # until Redis is asked again whether they are over
COME_AGAIN = 2  # seconds after which who waited in vain may try again


class _Outcome(Enum):
    """Outcome of a call, which decides against which limits it counts."""

    NONE = auto()  # it was refused for another limit, or failed by a fault of ours: nothing was tried
    DONE = auto()
    WRONG = auto()  # a password or a code that is not right
    REFUSED = auto()  # for another reason, and for good
    TAKEN_BACK = auto()  # cancelled: it may have been any of these, and who takes a guess back has made it


FAILED = frozenset({_Outcome.WRONG, _Outcome.TAKEN_BACK})
SUCCEEDED = frozenset({_Outcome.DONE, _Outcome.TAKEN_BACK})
ANSWERED = frozenset({_Outcome.DONE, _Outcome.WRONG, _Outcome.REFUSED, _Outcome.TAKEN_BACK})


class RateLimits:
    """Windows of attempts: each begins with its first attempt and lasts the limit's seconds."""

    def __init__(self, redis: Valkey, clock: Callable[[], float] = time.monotonic) -> None:
        self._counts = AttemptCounts(redis, clock)
        self._queues = WaitQueues()
        self._settling: set[asyncio.Task[None]] = set()

    async def spend(self, limit: RateLimit, who: str) -> None:
        """Count one attempt of `who`. Raises RATE_LIMITED when it is one too many, which counts nothing."""
        count, left = await self._counts.add(limit, who, 1)
        if count > limit.most:
            raise _too_many(limit, left)

    async def give_back(self, limit: RateLimit, who: str) -> None:
        """Count one attempt of `who` less."""
        await self._counts.add(limit, who, -1)

    @asynccontextmanager
    async def failures(self, *limits: Counted, successes: Sequence[Counted] = ()) -> AsyncGenerator[None, None]:
        """Count the block against `limits` where a guess was wrong in it, and against `successes` where it succeeds.

        Raises RATE_LIMITED instead of running one too many, which counts nothing. What is no verdict, such as
        UNAVAILABLE or an unexpected error, counts nothing either.
        """
        counted = [*((each, FAILED) for each in limits), *((each, SUCCEEDED) for each in successes)]
        async with self._attempt(counted):
            yield

    @asynccontextmanager
    async def calls(self, *limits: Counted) -> AsyncGenerator[None, None]:
        """Count the block against `limits`, unless it comes to nothing by a fault of ours.

        Raises RATE_LIMITED instead of running one too many, which counts against none of them.
        """
        async with self._attempt([(each, ANSWERED) for each in limits]):
            yield

    async def count(self, limit: RateLimit, who: str) -> int:
        """How many attempts of `who` have been counted."""
        return (await self._counts.add(limit, who, 0))[0]

    async def clear(self, limit: RateLimit, who: str) -> None:
        """Begin a window anew."""
        count = await self.count(limit, who)
        if count > 0:
            await self._counts.add(limit, who, -count)

    async def remember(self, memory: Memory, who: str) -> None:
        """Remember `who` from now on, however long they have been remembered."""
        await self._counts.renew(memory, who)

    async def remembers(self, memory: Memory, who: str) -> bool:
        """Whether `who` is remembered."""
        return (await self._counts.add(memory, who, 0))[0] > 0

    @asynccontextmanager
    async def _attempt(self, counted: Iterable[tuple[Counted, frozenset[_Outcome]]]) -> AsyncGenerator[None, None]:
        """Hold a place in each window while the block runs; it counts in those whose outcomes it comes to."""
        held: list[tuple[AttemptSlot, frozenset[_Outcome]]] = []
        outcome, until = _Outcome.NONE, asyncio.get_running_loop().time() + WAIT_SECONDS
        try:
            for (limit, who), outcomes in counted:
                held.append((await self._place(limit, who, until), outcomes))
            try:
                yield
                outcome = _Outcome.DONE
            except BaseException as error:
                outcome = _came_to(error)
                raise
        finally:
            await self._finish(self._settle([(place, outcome in outcomes) for place, outcomes in held]))

    async def _place(self, limit: RateLimit, who: str, until: float) -> AttemptSlot:
        """A place among the attempts under way. Raises RATE_LIMITED, also where none is free by then."""
        loop, place_id = asyncio.get_running_loop(), new_place()
        try:
            async with self._queues.enter(f"{limit.key} {who}", until):
                while True:
                    verdict, left, place = await self._held(limit, who, place_id)
                    if verdict is Verdict.HELD:
                        return place
                    if verdict is Verdict.FULL:
                        raise _too_many(limit, left)
                    if loop.time() >= until:
                        raise QueueFullError
                    await asyncio.sleep(PAUSE_SECONDS)
        except QueueFullError:
            raise RateLimited(f"Too many {limit.what} at once; try again.", COME_AGAIN) from None

    async def _held(self, limit: RateLimit, who: str, place_id: str) -> tuple[Verdict, int, AttemptSlot]:
        try:
            return await self._counts.hold(limit, who, place_id)
        except asyncio.CancelledError:  # nobody is left to give back what may be held by now
            place = AttemptSlot(limit, who, place_id, is_here=False)
            await self._finish(self._settle([(place, False)]))
            raise

    async def _settle(self, held: Sequence[tuple[AttemptSlot, bool]]) -> None:
        for place, counts in held:
            await self._counts.settle(place, counts=counts)

    async def _finish(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it to the end, also where the call is cancelled once more."""
        task = asyncio.create_task(work)
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        await asyncio.shield(task)


def _came_to(error: BaseException) -> _Outcome:
    if not isinstance(error, Exception):
        return _Outcome.TAKEN_BACK
    if not is_verdict(error):
        return _Outcome.NONE
    return _Outcome.WRONG if is_wrong_guess(error) else _Outcome.REFUSED


def _too_many(limit: RateLimit, left: int) -> RateLimited:
    return RateLimited(f"Too many {limit.what}; try again later.", left)
