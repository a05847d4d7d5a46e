"""A state in a process: subscribers of several scopes, connections that end meanwhile, logs that were restored."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.identity import Identity, IdentityKind
from resolvers.context import Request
from resolvers.feeds import StateFeed, StateSnapshot
from subscriptions.plans import Plans, request_for
from subscriptions.protocols.protocol_steps import Result
from subscriptions.states import StateTopic
from subscriptions.subscribers import Subscriber
from tests.documents import MARKER_LIVE as MARKER
from tests.subscriptions.collecting import Collected
from tests.subscriptions.team import Team


class Full(Collected):
    """A connection that ends as it has no room for what it is sent."""

    end: Callable[[], None]

    def deliver(self, results: Sequence[Result], *, newest: bool = False) -> None:
        """Keep results, and end."""
        super().deliver(results, newest=newest)
        self.end()


async def of_members(team: Team, sinks: Sequence[Collected], test: Callable[..., Awaitable[None]]) -> None:
    """Run a test with a feed and its subscribers, an admin and a member: one for each sink."""
    rows = await team.rows("SELECT user_id FROM team_member WHERE team_id = $1 ORDER BY role", team.uuid)
    identities = [Identity(IdentityKind.USER, row[0]) for row in rows]

    async def run() -> None:
        plan, _ = await Plans().subscribe(
            MARKER, {"team": team.id}, None, request_for(team.service.runtime, identities[0])
        )
        await test(plan.feed, [Subscriber(plan, *given) for given in zip(identities, sinks, strict=False)])

    await asyncio.to_thread(lambda: team.service.call(run()))


async def test_state_away_for_one_scope_is_soon_read_again_though_another_was_answered(team: Team) -> None:
    sinks, asked = [Collected(), Collected()], 0

    async def follow(feed: StateFeed, subscribers: Sequence[Subscriber]) -> None:
        async def first_away(request: Request) -> StateSnapshot:
            nonlocal asked
            asked += 1
            if asked == 1:
                raise Refused(ErrorCode.UNAVAILABLE, "Not now.", retryable=True, retryAfterSeconds=1)
            return await feed.snapshot(request)

        topic = StateTopic(team.service.runtime, replace(feed, snapshot=first_away))
        for subscriber in subscribers:
            topic.add(subscriber)
        try:
            async with asyncio.timeout(10):
                await asyncio.gather(*(sink.told.wait() for sink in sinks))
            await asyncio.sleep(0.6)  # in which a state that still seems to be due would be read again
        finally:
            topic.close()

    await of_members(team, sinks, follow)
    assert [len(sink.results) for sink in sinks] == [1, 1]
    assert asked == 4, "by each scope, and by each once again"


async def test_wake_up_for_a_sequence_that_a_restored_log_reuses_is_heeded(team: Team) -> None:
    changed = []

    async def restored(feed: StateFeed, _: Sequence[Subscriber]) -> None:
        topic = StateTopic(team.service.runtime, feed)
        topic.close()  # nothing is read
        wake = partial(topic.wake, 5)
        for step in (wake, wake, topic.reload, wake):
            topic._has_changed = False
            step()
            changed.append(topic._has_changed)

    await of_members(team, [], restored)
    assert changed == [True, False, True, True]


async def test_connection_that_ends_by_what_it_is_sent_keeps_nothing_from_others(team: Team) -> None:
    sinks = [Full(), Full()]

    async def follow(feed: StateFeed, subscribers: Sequence[Subscriber]) -> None:
        topic = StateTopic(team.service.runtime, feed)
        topic.close()  # only this is read
        first, _ = subscribers
        same = [first, Subscriber(first.plan, first.identity, sinks[1])]
        for subscriber, sink in zip(same, sinks, strict=True):
            topic.add(subscriber)
            sink.end = partial(topic.remove, subscriber)
        await topic._admit_pending()
        await topic._dispatch(topic._current.cohorts)

    await of_members(team, sinks, follow)
    assert [(len(sink.results), sink.errors) for sink in sinks] == [(1, []), (1, [])]
