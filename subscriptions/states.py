"""A state and its subscribers in this process.

New subscribers are sent the state at once, the others when its version has changed, at most once per CONFLATION_SECONDS
and then only the newest version.
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
from schema.error_payloads import error_payload
from subscriptions.audiences import Audience, Cohorts, cohorts_of
from subscriptions.plans import Plan, Scope, request_for
from subscriptions.policy import admit, holds_for_all
from subscriptions.protocols.protocol_steps import Result
from subscriptions.subscribers import Subscriber
from subscriptions.tasks import RETRY_SECONDS, Tasks, attempt, retried

CONFLATION_SECONDS = 0.25


class StateTopic:
    """Subscribers of one state."""

    def __init__(self, runtime: Runtime, feed: StateFeed) -> None:
        self._runtime = runtime
        self._feed = feed
        self._pending: set[Subscriber] = set()
        self._current = Audience()  # all others
        self._has_changed = False
        self._woken = 0
        self._next_dispatch_at = 0.0  # by the loop's clock: until then only new subscribers are sent the state
        self._stale_at: datetime | None = None  # when it may change without a wake-up, or a reload is due
        self._signal = asyncio.Event()
        self._tasks = Tasks()
        self._tasks.start(self._follow())

    def __len__(self) -> int:
        return len(self._pending) + len(self._current)

    @property
    def trigger_channels(self) -> Sequence[str]:
        """Channels whose events may change it."""
        return self._feed.trigger_channels

    def add(self, subscriber: Subscriber) -> None:
        """Add a subscriber, beginning with the current version."""
        self._pending.add(subscriber)
        self._signal.set()

    def remove(self, subscriber: Subscriber) -> None:
        """Remove a subscriber."""
        self._pending.discard(subscriber)
        self._current.discard(subscriber)

    def wake(self, sequence: int = 0) -> None:
        """Note that the state may have changed. Repeated wake-ups of a log for the same `sequence` are ignored."""
        if sequence and sequence == self._woken:
            return
        self._woken = sequence or self._woken
        self._has_changed = True
        self._signal.set()

    def reload(self) -> None:
        """Reload regardless of earlier wake-ups: after a restore the log reuses sequences for other events."""
        self._woken = 0
        self.wake()

    def close(self) -> None:
        """Stop all work."""
        self._tasks.cancel()

    async def _follow(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_until_due()):
                    await self._signal.wait()
            self._signal.clear()
            pending = await self._admit_pending()
            if self._seconds_until_due() == 0.0:
                self._has_changed, self._stale_at = False, None
                self._next_dispatch_at = asyncio.get_running_loop().time() + CONFLATION_SECONDS
                await retried(self._current.review, self._runtime.writer, datetime.now(UTC))
                await self._dispatch(self._current.cohorts)
            elif pending:
                await self._dispatch(cohorts_of(pending))

    async def _admit_pending(self) -> list[Subscriber]:
        """Move new subscribers that the policy admits to the current ones, and return them."""
        pending = list(self._pending)
        admitted = await retried(admit, self._runtime.writer, self._feed.access_rule, pending, datetime.now(UTC))
        settled = [subscriber for subscriber in admitted if subscriber in self._pending]  # not removed meanwhile
        self._pending.difference_update(settled)
        for subscriber in settled:
            self._current.add(subscriber)
        return settled

    def _seconds_until_due(self) -> float | None:
        """Return the seconds until all subscribers are due; None until the next wake-up."""
        left = self._next_dispatch_at - asyncio.get_running_loop().time()
        if not self._has_changed:
            if self._stale_at is None:
                return None
            left = max(left, (self._stale_at - datetime.now(UTC)).total_seconds())
        return max(left, 0.0)

    async def _dispatch(self, cohorts: Cohorts) -> None:
        alike: defaultdict[Scope, dict[Plan, Collection[Subscriber]]] = defaultdict(dict)
        for (plan, scope), subscribers in cohorts.items():
            alike[scope][plan] = subscribers
        for by_plan in alike.values():
            await attempt(chain.from_iterable(by_plan.values()), self._dispatch_scope, by_plan)

    async def _dispatch_scope(self, by_plan: Mapping[Plan, Collection[Subscriber]]) -> None:
        representative = next(chain.from_iterable(by_plan.values()), None)
        if representative is None:
            return
        request = request_for(self._runtime, representative.identity)
        try:
            snapshot = await self._feed.snapshot(request)
        except QuestError as refusal:
            if await self._holds_for_all(representative, by_plan):
                self._refused(list(chain.from_iterable(by_plan.values())), refusal)
            return
        self._reload_by(snapshot.stale_at)
        answers: list[tuple[Plan, Hashable, str]] = []
        for plan, subscribers in by_plan.items():
            seen: Hashable = (snapshot.version, next((one.view for one in subscribers), None))  # equal for all of them
            if any(subscriber.seen != seen for subscriber in subscribers):
                answers.append((plan, seen, await plan.answer(snapshot.value, request)))
        if answers and await self._holds_for_all(representative, by_plan):
            for plan, seen, payload in answers:
                _send(payload, seen, list(by_plan[plan]))

    async def _holds_for_all(self, representative: Subscriber, by_plan: Mapping[Plan, Collection[Subscriber]]) -> bool:
        """Return whether the answer computed for `representative` holds for all; if not, schedule a reload."""
        is_so = await holds_for_all(self._runtime.writer, representative, chain.from_iterable(by_plan.values()))
        if not is_so:
            self.wake()
        return is_so

    def _refused(self, group: Iterable[Subscriber], refusal: QuestError) -> None:
        """Retry soon after UNAVAILABLE; end the subscriptions for any other refusal."""
        if refusal.code is ErrorCode.UNAVAILABLE:
            self._reload_by(datetime.now(UTC) + timedelta(seconds=RETRY_SECONDS))
            return
        for subscriber in group:
            subscriber.sink.fail(error_payload(refusal))

    def _reload_by(self, at: datetime | None) -> None:
        """Schedule a reload for all, unless one is due earlier: each scope's state may become stale at another time."""
        if at is not None and (self._stale_at is None or at < self._stale_at):
            self._stale_at = at


def _send(payload: str, seen: Hashable, subscribers: Iterable[Subscriber]) -> None:
    """Send a version to subscribers that have not seen it."""
    results = [Result(payload)]
    for subscriber in subscribers:
        if subscriber.seen != seen:
            subscriber.seen = seen
            subscriber.sink.deliver(results, newest=True)
