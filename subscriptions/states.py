"""A state and everybody in this process who watches it.

Who begins gets it at once, the others when its version is another one. At most every CONFLATION_SECONDS: the newest
wins.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import chain

from milequest.rules.errors import ErrorCode, QuestError
from milequest.runtime import Runtime
from resolvers.feeds import StateFeed
from subscriptions.audiences import Audience, Cohorts, cohorts_of
from subscriptions.errors import told
from subscriptions.listeners import Listener
from subscriptions.plans import Plan, Scope, moment
from subscriptions.policy import admit, spoke_for
from subscriptions.protocols.steps import Result
from subscriptions.tasks import RETRY_SECONDS, Tasks, attempt, retried

CONFLATION_SECONDS = 0.25


class StateTopic:
    """The listeners of one state."""

    def __init__(self, runtime: Runtime, feed: StateFeed) -> None:
        self._runtime = runtime
        self._feed = feed
        self._newcomers: set[Listener] = set()
        self._settled = Audience()  # all others
        self._has_changed = False
        self._woken = 0
        self._due = 0.0  # of the loop's clock: until then only newcomers are told
        self._until: datetime | None = None  # then it is another one, though nothing was heard of it
        self._signal = asyncio.Event()
        self._tasks = Tasks()
        self._tasks.start(self._follow())

    def __len__(self) -> int:
        return len(self._newcomers) + len(self._settled)

    @property
    def wakes(self) -> Sequence[str]:
        """What may change it."""
        return self._feed.wakes

    def add(self, listener: Listener) -> None:
        """Watch it, from how it is now."""
        self._newcomers.add(listener)
        self._signal.set()

    def remove(self, listener: Listener) -> None:
        """Watch it no more."""
        self._newcomers.discard(listener)
        self._settled.discard(listener)

    def wake(self, sequence: int = 0) -> None:
        """It may have changed. That a log reaches up to `sequence` is heard more than once, and news the first time."""
        if sequence and sequence == self._woken:
            return
        self._woken = sequence or self._woken
        self._has_changed = True
        self._signal.set()

    def begin_again(self) -> None:
        """Look whatever was heard before: the log was put back, so its sequences come again and mean something else."""
        self._woken = 0
        self.wake()

    def close(self) -> None:
        """Stop all work."""
        self._tasks.cancel()

    async def _follow(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience()):
                    await self._signal.wait()
            self._signal.clear()
            newcomers = await self._settle()
            if self._patience() == 0.0:
                self._has_changed = False
                self._due = asyncio.get_running_loop().time() + CONFLATION_SECONDS
                await retried(self._settled.review, self._runtime.writer, datetime.now(UTC))
                await self._tell(self._settled.cohorts)
            elif newcomers:
                await self._tell(cohorts_of(newcomers))

    async def _settle(self) -> list[Listener]:
        """Those who came since the last time and may watch, with the others from now on."""
        newcomers = list(self._newcomers)
        admitted = await retried(admit, self._runtime.writer, self._feed.gate, newcomers, datetime.now(UTC))
        settled = [listener for listener in admitted if listener in self._newcomers]  # and has not left meanwhile
        self._newcomers.difference_update(settled)
        for listener in settled:
            self._settled.add(listener)
        return settled

    def _patience(self) -> float | None:
        """Seconds until everybody is to be told again; None for as long as nothing is heard."""
        left = self._due - asyncio.get_running_loop().time()
        if not self._has_changed:
            if self._until is None:
                return None
            left = max(left, (self._until - datetime.now(UTC)).total_seconds())
        return max(left, 0.0)

    async def _tell(self, cohorts: Cohorts) -> None:
        alike: defaultdict[Scope, dict[Plan, Collection[Listener]]] = defaultdict(dict)
        for (plan, scope), listeners in cohorts.items():
            alike[scope][plan] = listeners
        for by_plan in alike.values():
            await attempt(chain.from_iterable(by_plan.values()), self._tell_alike, by_plan)

    async def _tell_alike(self, by_plan: Mapping[Plan, Collection[Listener]]) -> None:
        somebody = next(chain.from_iterable(by_plan.values()), None)
        if somebody is None:
            return
        request = moment(self._runtime, somebody.identity)
        try:
            look = await self._feed.look(request)
        except QuestError as refusal:
            if await self._spoke_for_all(somebody, by_plan):
                self._refused(list(chain.from_iterable(by_plan.values())), refusal)
            return
        self._until = look.until
        answers: list[tuple[Plan, Hashable, str]] = []
        for plan, listeners in by_plan.items():
            seen: Hashable = (look.version, next((one.view for one in listeners), None))  # which they share
            if any(listener.seen != seen for listener in listeners):
                answers.append((plan, seen, await plan.answer(look.value, request)))
        if answers and await self._spoke_for_all(somebody, by_plan):
            for plan, seen, payload in answers:
                _send(payload, seen, list(by_plan[plan]))

    async def _spoke_for_all(self, somebody: Listener, by_plan: Mapping[Plan, Collection[Listener]]) -> bool:
        """Whether all were shown what somebody was; if not it is looked at again."""
        is_so = await spoke_for(self._runtime.writer, somebody, chain.from_iterable(by_plan.values()))
        if not is_so:
            self.wake()
        return is_so

    def _refused(self, group: Iterable[Listener], refusal: QuestError) -> None:
        """What cannot be seen just now is looked at again soon; anything else ends the subscriptions."""
        if refusal.code is ErrorCode.UNAVAILABLE:
            self._until = datetime.now(UTC) + timedelta(seconds=RETRY_SECONDS)
            return
        for listener in group:
            listener.sink.fail(told(refusal))


def _send(payload: str, seen: Hashable, listeners: Iterable[Listener]) -> None:
    """Tell those to whom it is news."""
    results = [Result(payload)]
    for listener in listeners:
        if listener.seen != seen:
            listener.seen = seen
            listener.sink.deliver(results, newest=True)
