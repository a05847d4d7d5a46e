"""States in a process, where one scope can be answered and another one cannot."""

import asyncio
from dataclasses import replace

from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.identity import Identity, IdentityKind
from resolvers.context import Request
from resolvers.feeds import StateFeed, StateSnapshot
from subscriptions.plans import Plans, request_for
from subscriptions.states import StateTopic
from subscriptions.subscribers import Subscriber
from tests.subscriptions.team import Team
from tests.subscriptions.test_moving import MARKER, Collected


async def test_state_away_for_one_scope_is_soon_read_again_though_another_was_answered(team: Team) -> None:
    runtime = team.service.runtime
    rows = await team.rows("SELECT user_id FROM team_member WHERE team_id = $1", team.uuid)
    identities = [Identity(IdentityKind.USER, row[0]) for row in rows]
    sinks, asked = [Collected() for _ in identities], 0

    async def follow() -> None:
        plan, _ = await Plans().subscribe(MARKER, {"team": team.id}, None, request_for(runtime, identities[0]))
        feed = plan.feed
        assert isinstance(feed, StateFeed)
        look = feed.snapshot

        async def first_away(request: Request) -> StateSnapshot:
            nonlocal asked
            asked += 1
            if asked == 1:
                raise Refused(ErrorCode.UNAVAILABLE, "Not now.", retryable=True, retryAfterSeconds=1)
            return await look(request)

        topic = StateTopic(runtime, replace(feed, snapshot=first_away))
        for identity, sink in zip(identities, sinks, strict=True):
            topic.add(Subscriber(plan, identity, sink))
        try:
            async with asyncio.timeout(10):
                await asyncio.gather(*(sink.told.wait() for sink in sinks))
        finally:
            topic.close()

    await asyncio.to_thread(lambda: team.service.call(follow()))
    assert [len(sink.results) for sink in sinks] == [1, 1], "an admin and a member"
