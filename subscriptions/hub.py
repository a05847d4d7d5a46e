"""All subscribers of this process, and their triggers: wake-ups, the clock, the policy."""

import asyncio
from collections import defaultdict
from collections.abc import Hashable, Iterable
from contextlib import suppress
from datetime import UTC, datetime

from milequest.rules.sessions import OF_USERS
from milequest.runtime import Runtime
from milequest.store.away import Away
from milequest.store.sql import log
from resolvers.feeds import ANY_CHANNEL, AccessRule, LogFeed
from subscriptions.channels import LogChannel
from subscriptions.plans import Plans
from subscriptions.policy import admit, in_session
from subscriptions.states import StateTopic
from subscriptions.subscribers import Subscriber
from subscriptions.tasks import Tasks

SWEEP_SECONDS = 0.5  # longest time that a subscription without events outlives its token, session or account
SIGNED_IN = AccessRule(None)


class Hub:
    """Subscribers of this process. One per runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self.plans = Plans()
        self._runtime = runtime
        self._subscribers: set[Subscriber] = set()
        self._channels: dict[str, LogChannel] = {}
        self._topics: dict[tuple[Hashable, ...], StateTopic] = {}
        self._topics_by_wake: defaultdict[str, dict[StateTopic, None]] = defaultdict(dict)  # the oldest first
        self._epoch: int | None = None  # as of the last sweep
        self._tasks = Tasks()

    def __len__(self) -> int:
        return len(self._subscribers)

    def add(self, subscriber: Subscriber, after: str | None) -> None:
        """Add a subscriber; one of a log is served from the cursor `after` on."""
        self._subscribers.add(subscriber)
        self._attach(subscriber, after)
        self._end_sessions([subscriber])  # the session may have ended while the subscription began

    def _attach(self, subscriber: Subscriber, after: str | None) -> None:
        feed = subscriber.plan.feed
        if isinstance(feed, LogFeed):
            if feed.channel not in self._channels:
                self._channels[feed.channel] = LogChannel(self._runtime, feed.channel)
                self._runtime.bus.listen(feed.channel)
            self._channels[feed.channel].add(subscriber, after)
            return
        topic = self._topics.get(feed.topic)
        if topic is None:
            topic = self._topics[feed.topic] = StateTopic(self._runtime, feed)
            for wake in feed.trigger_channels:
                self._topics_by_wake[wake][topic] = None
                self._runtime.bus.listen(wake)
        topic.add(subscriber)

    def remove(self, subscriber: Subscriber) -> None:
        """Remove a subscriber and release its plan. Called once per subscriber."""
        self._subscribers.remove(subscriber)
        self.plans.release(subscriber.plan, subscriber.payer)
        feed = subscriber.plan.feed
        if isinstance(feed, LogFeed):
            channel = self._channels[feed.channel]
            channel.remove(subscriber)
            if not len(channel):
                channel.close()
                del self._channels[feed.channel]
                self._runtime.bus.unlisten(feed.channel)
            return
        topic = self._topics[feed.topic]
        topic.remove(subscriber)
        if not len(topic):
            topic.close()
            del self._topics[feed.topic]
            for wake in feed.trigger_channels:
                del self._topics_by_wake[wake][topic]
                if not self._topics_by_wake[wake]:
                    del self._topics_by_wake[wake]
                self._runtime.bus.unlisten(wake)

    async def run(self) -> None:
        """Handle wake-ups and sweep until cancelled."""
        self._runtime.bus.receiver = self._wake
        self._runtime.revocations.receivers.insert(0, lambda: self._end_sessions(self._subscribers))
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            with suppress(Away):  # each dispatch checks the policy anyway
                await self._runtime.revocations.refresh()
                if self._subscribers:
                    await self._sweep(datetime.now(UTC))

    def _wake(self, channel: str, sequence: int) -> None:
        if channel.startswith(OF_USERS):
            self._tasks.start(self._refresh_revocations())
        if channel in self._channels:
            self._channels[channel].wake(sequence)
        for topic in self._topics_by_wake.get(channel, ()):
            topic.wake(sequence)
        for topic in self._topics_by_wake.get(ANY_CHANNEL, ()):
            topic.wake()

    async def _refresh_revocations(self) -> None:
        with suppress(Away):  # `run` checks twice a second anyway
            await self._runtime.revocations.refresh()

    def _end_sessions(self, subscribers: Iterable[Subscriber]) -> None:
        """End the subscriptions whose sessions have ended."""
        in_session(list(subscribers), self._runtime.revocations)

    async def _sweep(self, now: datetime) -> None:
        """End subscriptions whose token or account ended without an event; reset those of a log that was restored."""
        closed = self._runtime.revocations.closed
        doubtful = [one for one in self._subscribers if one.has_expired(now) or one.user_id in closed]
        await admit(self._runtime.writer, SIGNED_IN, doubtful, now)
        epoch = await log.epoch(self._runtime.writer)
        for channel in self._channels.values():
            channel.reset_unless_epoch(epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            for topic in self._topics.values():
                topic.reload()
        for topic in self._topics_by_wake.get(ANY_CHANNEL, ()):
            topic.wake()  # these states depend on more than one log
