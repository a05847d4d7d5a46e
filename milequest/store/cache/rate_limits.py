"""Rate limits of attempts: which outcomes count against them, and when.

An attempt whose outcome decides whether it counts holds a slot while it runs, so that concurrent attempts get no more
tries than successive ones. While running attempts hold all slots that are left, further ones wait in a queue.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import Any, TypeAlias

from milequest.rules.errors import RateLimited, is_final_refusal, is_wrong_guess
from milequest.rules.rate_limits import Memory, RateLimit
from milequest.store.cache.counts import AttemptCounts, AttemptSlot, new_slot_id
from milequest.store.cache.valkey_client import Valkey
from milequest.store.cache.wait_queue import QueueFullError, WaitQueues
from milequest.store.cache.windows import SlotState

Counted: TypeAlias = tuple[RateLimit, str]  # a limit, and the user, address or network that it counts

WAIT_SECONDS = 5.0  # longest wait for a slot
PAUSE_SECONDS = 0.02  # pause between two attempts to hold a slot
COME_AGAIN = 2  # seconds to retry after a wait in vain


class _Outcome(Enum):
    """Outcome of a call, which decides against which limits it counts."""

    NONE = auto()  # refused for another limit, or failed by a fault of the service: nothing was tried
    DONE = auto()
    WRONG = auto()  # a wrong password or code
    REFUSED = auto()  # a final refusal for another reason
    TAKEN_BACK = auto()  # cancelled, with an unknown outcome: counted, or callers could take back their guesses


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
        """Count the block against `limits` if it ends with a wrong guess, and against `successes` if it succeeds.

        Raises RATE_LIMITED instead of running a block beyond a limit, which then counts nothing. A block that ends
        without a final refusal, as by UNAVAILABLE or an unexpected error, counts nothing either.
        """
        counted = [*((each, FAILED) for each in limits), *((each, SUCCEEDED) for each in successes)]
        async with self._attempt(counted):
            yield

    @asynccontextmanager
    async def calls(self, *limits: Counted) -> AsyncGenerator[None, None]:
        """Count the block against `limits`, unless it fails by a fault of the service.

        Raises RATE_LIMITED instead of running a block beyond a limit, which then counts against none of them.
        """
        async with self._attempt([(each, ANSWERED) for each in limits]):
            yield

    async def count(self, limit: RateLimit, who: str) -> int:
        """Return how many attempts of `who` have been counted."""
        return (await self._counts.add(limit, who, 0))[0]

    async def clear(self, limit: RateLimit, who: str) -> None:
        """Reset the count of a window to 0."""
        count = await self.count(limit, who)
        if count > 0:
            await self._counts.add(limit, who, -count)

    async def remember(self, memory: Memory, who: str) -> None:
        """Remember `who` for the full time from now on."""
        await self._counts.renew(memory, who)

    async def remembers(self, memory: Memory, who: str) -> bool:
        """Return whether `who` is remembered."""
        return (await self._counts.add(memory, who, 0))[0] > 0

    @asynccontextmanager
    async def _attempt(self, counted: Iterable[tuple[Counted, frozenset[_Outcome]]]) -> AsyncGenerator[None, None]:
        """Hold a slot in each window while the block runs, and count it in those whose outcomes include the block's."""
        held: list[tuple[AttemptSlot, frozenset[_Outcome]]] = []
        outcome, until = _Outcome.NONE, asyncio.get_running_loop().time() + WAIT_SECONDS
        try:
            for (limit, who), outcomes in counted:
                held.append((await self._hold_slot(limit, who, until), outcomes))
            try:
                yield
                outcome = _Outcome.DONE
            except BaseException as error:
                outcome = _outcome_of(error)
                raise
        finally:
            await self._finish(self._settle([(slot, outcome in outcomes) for slot, outcomes in held]))

    async def _hold_slot(self, limit: RateLimit, who: str, until: float) -> AttemptSlot:
        """Return a held slot of the window. Raises RATE_LIMITED for a full window, and when none is free by `until`."""
        loop, slot_id = asyncio.get_running_loop(), new_slot_id()
        try:
            async with self._queues.enter(f"{limit.key} {who}", until):
                while True:
                    verdict, left, slot = await self._try_slot(limit, who, slot_id)
                    if verdict is SlotState.HELD:
                        return slot
                    if verdict is SlotState.FULL:
                        raise _too_many(limit, left)
                    if loop.time() >= until:
                        raise QueueFullError
                    await asyncio.sleep(PAUSE_SECONDS)
        except QueueFullError:
            raise RateLimited(f"Too many {limit.what} at once; try again.", COME_AGAIN) from None

    async def _try_slot(self, limit: RateLimit, who: str, slot_id: str) -> tuple[SlotState, int, AttemptSlot]:
        try:
            return await self._counts.hold(limit, who, slot_id)
        except asyncio.CancelledError:  # the script may have run: release the slot that may be held
            slot = AttemptSlot(limit, who, slot_id, is_here=False)
            await self._finish(self._settle([(slot, False)]))
            raise

    async def _settle(self, held: Sequence[tuple[AttemptSlot, bool]]) -> None:
        for slot, counts in held:
            await self._counts.settle(slot, counts=counts)

    async def _finish(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` to its end, even if the caller is cancelled again."""
        task = asyncio.create_task(work)
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        await asyncio.shield(task)


def _outcome_of(error: BaseException) -> _Outcome:
    if not isinstance(error, Exception):
        return _Outcome.TAKEN_BACK
    if not is_final_refusal(error):
        return _Outcome.NONE
    return _Outcome.WRONG if is_wrong_guess(error) else _Outcome.REFUSED


def _too_many(limit: RateLimit, left: int) -> RateLimited:
    return RateLimited(f"Too many {limit.what}; try again later.", left)
