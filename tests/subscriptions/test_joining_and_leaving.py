"""Subscribers who join or leave between admission and delivery, or between two reads of a state."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from milequest.rules.enums import Delivery, EventKind
from milequest.rules.errors import not_found
from milequest.rules.identity import Identity, IdentityKind
from milequest.rules.live import LogEnd
from milequest.runtime import Runtime
from milequest.store.sql import log
from milequest.store.sql.log import LogEntry
from resolvers.context import Request
from resolvers.feeds import StateFeed, StateSnapshot
from subscriptions import dispatcher
from subscriptions.audiences import cohorts_of
from subscriptions.channels import LogChannel
from subscriptions.plans import Plans, request_for
from subscriptions.policy import admit
from subscriptions.states import StateTopic
from subscriptions.subscribers import Subscriber
from tests.documents import MARKER_LIVE as MARKER
from tests.subscriptions.collecting import Collected
from tests.subscriptions.team import ACCEPT, INVITE, JOIN, LEAVE, REMOVE, Team

TEAM_SEEN = """subscription ($team: ID!) { teamMemberChanged(teamId: $team) {
    sequence delivery team { name } snapshot { name } } }"""
OWN = """subscription ($team: ID!) { teamProgressUpdated(teamId: $team) {
    progress { viewerContribution { distanceMeters } } } }"""
BOARD = """subscription ($team: ID!) { teamLeaderboardUpdated(teamId: $team, period: GOAL, metric: DISTANCE) {
    leaderboard { version } } }"""


@dataclass
class Two:
    """Two members who subscribe to the same, of whom one is removed once both were admitted."""

    team: Team
    removed: UUID
    stays: UUID

    async def told(self, query: str, tell: Callable[[Runtime, list[Subscriber]], Awaitable[None]]) -> list[Collected]:
        """Return the results of the removed one, and of the other. The answer is worked out as the first's."""
        return await asyncio.to_thread(lambda: self.team.service.call(self._told(query, tell)))

    async def _told(self, query: str, tell: Callable[[Runtime, list[Subscriber]], Awaitable[None]]) -> list[Collected]:
        runtime = self.team.service.runtime
        identities = [Identity(IdentityKind.USER, one) for one in (self.removed, self.stays)]
        plan, _ = await Plans().subscribe(query, {"team": self.team.id}, None, request_for(runtime, identities[0]))
        sinks = [Collected(), Collected()]
        subscribers = [Subscriber(plan, identity, sink) for identity, sink in zip(identities, sinks, strict=True)]
        assert await admit(runtime.writer, plan.feed.access_rule, subscribers, datetime.now(UTC)) == subscribers
        await runtime.writer.execute(
            "UPDATE team_member SET left_at = now() WHERE team_id = $1 AND user_id = $2", self.team.uuid, self.removed
        )
        await tell(runtime, subscribers)
        return sinks


@pytest.fixture
async def two(team: Team) -> Two:
    """Return Ben, who is removed, and Eve."""
    code = (await team.do(team.ann, INVITE, teamId=team.id))["code"]
    await team.do(team.eve, ACCEPT, code=code)
    ids = [
        (await team.ask(token, "{ viewer { user { id } } }"))["viewer"]["user"]["id"] for token in (team.ben, team.eve)
    ]
    ben, eve = [UUID(one.removeprefix("user_")) for one in ids]
    return Two(team, ben, eve)


async def test_event_rendered_for_a_removed_member_is_rendered_again(two: Two) -> None:
    async def tell(runtime: Runtime, subscribers: list[Subscriber]) -> None:
        end = await log.end(runtime.writer, two.team.channel, datetime.now(UTC))
        entries = await log.read(runtime.writer, two.team.channel, 0, 100)
        await dispatcher.dispatch(runtime, end, entries, cohorts_of(subscribers))

    removed, stays = await two.told(TEAM_SEEN, tell)
    assert (removed.results, removed.errors) == ([], ["NOT_FOUND"])
    assert {event["team"] and event["team"]["name"] for event in stays.results} == {two.team.name}
    assert stays.errors == []


async def test_snapshot_rendered_for_a_removed_member_is_rendered_again(two: Two) -> None:
    async def tell(runtime: Runtime, subscribers: list[Subscriber]) -> None:
        end = await log.end(runtime.writer, two.team.channel, datetime.now(UTC))
        await dispatcher.send_initial(runtime, end, Delivery.SNAPSHOT, subscribers)

    removed, stays = await two.told(TEAM_SEEN, tell)
    assert (removed.results, removed.errors) == ([], ["NOT_FOUND"])
    assert [event["snapshot"] for event in stays.results] == [{"name": two.team.name}]


@pytest.mark.parametrize("query", [MARKER, BOARD], ids=["marker", "board"])
async def test_state_rendered_for_a_removed_member_is_loaded_again(two: Two, query: str) -> None:
    async def tell(runtime: Runtime, subscribers: list[Subscriber]) -> None:
        feed = subscribers[0].plan.feed
        assert isinstance(feed, StateFeed)
        topic = StateTopic(runtime, feed)
        topic.close()  # nothing else is read
        await topic._dispatch(cohorts_of(subscribers))
        assert topic._has_changed

    _, stays = await two.told(query, tell)
    assert (stays.results, stays.errors) == ([], [])


async def test_refusal_of_a_state_to_somebody_who_was_removed_meanwhile_ends_no_other_subscription(two: Two) -> None:
    async def refused(request: Request) -> StateSnapshot:
        raise not_found("team")

    async def tell(runtime: Runtime, subscribers: list[Subscriber]) -> None:
        feed = subscribers[0].plan.feed
        assert isinstance(feed, StateFeed)
        topic = StateTopic(runtime, replace(feed, snapshot=refused))
        topic.close()  # nothing else is read
        await topic._dispatch(cohorts_of(subscribers))
        assert topic._has_changed

    _, stays = await two.told(MARKER, tell)
    assert (stays.results, stays.errors) == ([], [])


async def test_member_who_left_and_rejoined_between_two_loads_is_sent_their_share_again(two: Two) -> None:
    team, runtime = two.team, two.team.service.runtime
    code = (await team.do(team.ann, INVITE, teamId=team.id))["code"]
    sink, identity = Collected(), Identity(IdentityKind.USER, two.stays)

    async def look(topic: StateTopic, subscriber: Subscriber) -> None:
        await admit(runtime.writer, subscriber.plan.feed.access_rule, [subscriber], datetime.now(UTC))
        await topic._dispatch(cohorts_of([subscriber]))

    async def looks() -> None:
        plan, _ = await Plans().subscribe(OWN, {"team": team.id}, None, request_for(runtime, identity))
        assert isinstance(plan.feed, StateFeed)
        topic, subscriber = StateTopic(runtime, plan.feed), Subscriber(plan, identity, sink)
        topic.close()
        for _ in range(2):
            await look(topic, subscriber)
        assert len(sink.results) == 1, "nothing has changed"
        await team.do(team.eve, LEAVE, teamId=team.id)
        await team.do(team.eve, ACCEPT, code=code)
        await look(topic, subscriber)

    await asyncio.to_thread(lambda: team.service.call(looks()))
    assert len(sink.results) == 2


async def test_member_removed_while_resuming_without_missed_events_is_refused(public_team: Team) -> None:
    team, runtime = public_team, public_team.service.runtime
    (row,) = await team.rows("SELECT user_id FROM team_member WHERE team_id = $1 AND role = 'MEMBER'", team.uuid)
    identity, sink = Identity(IdentityKind.USER, row[0]), Collected()

    async def resume() -> None:
        plan, _ = await Plans().subscribe(TEAM_SEEN, {"team": team.id}, None, request_for(runtime, identity))
        await team.do(team.ann, REMOVE, memberId=team.member)
        end = await log.end(runtime.writer, team.channel, datetime.now(UTC))
        channel = LogChannel(runtime, team.channel)
        channel.add(Subscriber(plan, identity, sink), str(end.cursor(end.sequence)))
        await team.do(team.eve, JOIN, teamId=team.id)
        channel.wake(end.sequence + 1)
        async with asyncio.timeout(10):
            await sink.told.wait()
        channel.close()

    await asyncio.to_thread(lambda: team.service.call(resume()))
    assert (sink.results, sink.errors) == ([], ["NOT_FOUND"])


async def test_events_read_before_a_restore_are_not_sent_to_reset_subscribers(team: Team) -> None:
    runtime, sink = team.service.runtime, Collected()
    (row,) = await team.rows("SELECT user_id FROM team_member WHERE team_id = $1 AND role = 'MEMBER'", team.uuid)
    identity = Identity(IdentityKind.USER, row[0])

    async def begun(channel: LogChannel) -> LogEnd:
        await asyncio.wait_for(sink.told.wait(), 10)
        sink.told.clear()
        assert channel._end is not None
        return channel._end

    async def restore() -> None:
        plan, _ = await Plans().subscribe(TEAM_SEEN, {"team": team.id}, None, request_for(runtime, identity))
        channel = LogChannel(runtime, team.channel)
        channel.add(Subscriber(plan, identity, sink), None)
        before = await begun(channel)
        channel._end = reached = replace(before, sequence=before.sequence + 1)
        entries = [LogEntry(reached.sequence, EventKind.MEMBER_ADDED, team.uuid, datetime.now(UTC))]
        await runtime.writer.execute("UPDATE log_epoch SET epoch = epoch + 1")
        channel.reset_unless_epoch(before.epoch + 1)
        assert (await begun(channel)).epoch == before.epoch + 1
        await channel._dispatch(before, entries, reached)
        channel.close()

    await asyncio.to_thread(lambda: team.service.call(restore()))
    assert [event["delivery"] for event in sink.results] == ["SNAPSHOT", "RESET"]
