"""Subscriptions to a team's log, the same on every gateway: the position, missed events, new events."""

import asyncio
from typing import Any

import pytest

from milequest.rules.live import Cursor, read_cursor
from tests.documents import EVENT_HEAD as HEAD
from tests.documents import GOALS_LIVE as GOALS
from tests.documents import LIVE_CURSOR
from tests.documents import WALKS_LIVE as WALKS
from tests.subscriptions.conftest import Dial
from tests.subscriptions.team import CANCEL, DELETE, LEAVE, LEG, REMOVE, ROLE, UPDATE, Team

MEMBERS = f"""subscription ($team: ID!, $after: String) {{ teamMemberChanged(teamId: $team, after: $after) {{
    {HEAD} change removedId edge {{ cursor node {{ id role user {{ name }} }} }} team {{ memberCount }}
    snapshot {{ id }} }} }}"""
MILESTONES = f"""subscription ($team: ID!, $after: String) {{ teamMilestoneReached(teamId: $team, after: $after) {{
    {HEAD} milestone {{ title reachedAt reachedBy {{ name }} }} snapshot {{ id }} }} }}"""


async def test_subscription_begins_with_a_snapshot_and_goes_on_with_live_events(connected: Dial, team: Team) -> None:
    before = await team.walk(team.ben)
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        first = await stream.next()
        assert (first["delivery"], first["change"], first["edge"]) == ("SNAPSHOT", None, None)
        assert first["snapshot"]["memberCount"] == 2
        assert [edge["node"]["id"] for edge in first["snapshot"]["activities"]["edges"]] == [before]
        walk = await team.walk(team.ben, 1500)
        added = await stream.next()
        assert (added["delivery"], added["change"], added["teamId"], added["snapshot"]) == (
            "LIVE",
            "ADDED",
            team.id,
            None,
        )
        assert added["edge"]["node"]["id"] == walk
        assert added["edge"]["node"]["distanceMeters"] == 1500
        assert added["edge"]["node"]["user"]["name"].startswith("ben-")
        assert added["sequence"] > first["sequence"]
        await team.do(team.ben, UPDATE, activityId=walk, notes="Up the hill")
        changed = await stream.next()
        assert (changed["change"], changed["edge"]["node"]["notes"]) == ("CHANGED", "Up the hill")
        await team.do(team.ben, UPDATE, activityId=walk, privacy="PRIVATE")
        hidden = await stream.next()
        assert (hidden["change"], hidden["removedId"], hidden["edge"]) == ("REMOVED", walk, None)
        await team.do(team.ben, UPDATE, activityId=walk, privacy="PUBLIC")
        assert (await stream.next())["change"] == "ADDED"
        await team.do(team.ben, DELETE, activityId=walk)
        gone = await stream.next()
        assert (gone["change"], gone["removedId"]) == ("REMOVED", walk)
        await team.walk(team.ben, privacy="PRIVATE")
        walk = await team.walk(team.ben)
        assert (await stream.next())["edge"]["node"]["id"] == walk, "the log has an order: the private one is not in it"
        await stream.stop()


async def test_replay_precedes_live_events_in_order(connected: Dial, team: Team) -> None:
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        cursor = (await stream.next())["cursor"]
        await stream.stop()
    walks = [await team.walk(team.ben, meters) for meters in (100, 200, 300)]
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id, after=cursor)
        missed = [await stream.next() for _ in walks]
        assert [event["edge"]["node"]["id"] for event in missed] == walks
        assert {event["delivery"] for event in missed} == {"REPLAY"}
        sequences = [event["sequence"] for event in missed]
        assert sequences == sorted(set(sequences))
        walks.append(await team.walk(team.ann))
        assert (await stream.next())["delivery"] == "LIVE"
        await stream.stop()
        stream = await connection.subscribe(WALKS, team=team.id, after=missed[1]["cursor"])
        assert [(await stream.next())["edge"]["node"]["id"] for _ in range(2)] == walks[2:]
        await stream.stop()
        stream = await connection.subscribe(MEMBERS, team=team.id, after=missed[0]["cursor"])
        await stream.silent(0.3)  # nothing comes after a replay in which there is nothing


async def test_replayed_event_of_a_walk_turned_private_arrives_empty(connected: Dial, team: Team) -> None:
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        cursor = (await stream.next())["cursor"]
        await stream.stop()
        walk = await team.walk(team.ben, notes="by the sea")
        await team.do(team.ben, UPDATE, activityId=walk, privacy="PRIVATE")
        stream = await connection.subscribe(WALKS, team=team.id, after=cursor)
        empty, removed = await stream.next(), await stream.next()
        assert (empty["change"], empty["edge"], empty["removedId"], empty["snapshot"]) == (None, None, None, None)
        assert (removed["change"], removed["removedId"]) == ("REMOVED", walk)
        assert removed["sequence"] == empty["sequence"] + 1


async def bad_cursors(team: Team) -> dict[str, str]:
    """Return invalid cursors, by their fault."""
    good = read_cursor((await team.ask(team.ann, LIVE_CURSOR, id=team.id))["team"]["liveCursor"])
    assert good is not None
    return {
        "empty": "",
        "garbage": "§%&",
        "of another list": "Zm9v",
        "of another team": str(Cursor(good.epoch, f"team:{'0' * 32}", good.sequence)),
        "of another epoch": str(Cursor(good.epoch + 1, good.channel, good.sequence)),
        "ahead": str(Cursor(good.epoch, good.channel, good.sequence + 1)),
        "before all": str(Cursor(good.epoch, good.channel, -1)),
        "too old": str(Cursor(good.epoch, good.channel, 2)),
    }


async def test_expired_cursor_is_answered_with_a_reset(connected: Dial, team: Team) -> None:
    walk = await team.walk(team.ben)
    await team.sql("UPDATE channel SET floor = 3 WHERE id = $1", team.channel)
    async with connected(team.ann) as connection:
        for what, cursor in (await bad_cursors(team)).items():
            stream = await connection.subscribe(WALKS, team=team.id, after=cursor)
            event = await stream.next()
            assert event["delivery"] == "RESET", what
            assert [edge["node"]["id"] for edge in event["snapshot"]["activities"]["edges"]] == [walk], what
            await stream.stop()
        again = await connection.subscribe(WALKS, team=team.id, after=event["cursor"])
        await team.walk(team.ben)
        assert (await again.next())["change"] == "ADDED"


async def test_subscription_from_a_pages_cursor_replays_events_since_the_page(connected: Dial, team: Team) -> None:
    shown = await team.walk(team.ben)
    page = (await team.ask(team.ann, LIVE_CURSOR, id=team.id))["team"]
    assert [node["id"] for node in page["activities"]["nodes"]] == [shown]
    missed = await team.walk(team.ben)
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id, after=page["liveCursor"])
        event = await stream.next()
        assert (event["delivery"], event["edge"]["node"]["id"]) == ("REPLAY", missed)
    assert (await team.ask(team.eve, LIVE_CURSOR, id=team.id))["team"] is None


async def test_member_events_are_sent_for_joins_changes_and_leaves(connected: Dial, team: Team) -> None:
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(MEMBERS, team=team.id)
        assert (await stream.next())["delivery"] == "SNAPSHOT"
        await team.do(team.ann, ROLE, memberId=team.member, role="ADMIN")
        changed = await stream.next()
        assert (changed["change"], changed["edge"]["node"]["role"]) == ("CHANGED", "ADMIN")
        await team.do(team.ben, LEAVE, teamId=team.id)
        gone = await stream.next()
        assert (gone["change"], gone["removedId"]) == ("REMOVED", team.member)
        assert gone["team"] == {"memberCount": 1}


async def test_goal_and_milestone_events_are_sent(connected: Dial, team: Team) -> None:
    async with connected(team.ann) as connection:
        goals = await connection.subscribe(GOALS, team=team.id)
        milestones = await connection.subscribe(MILESTONES, team=team.id)
        assert (await goals.next())["snapshot"] == {"activeGoal": {"id": team.goal}}
        await milestones.next()
        await team.walk(team.ben, LEG + 1)
        reached = [(await milestones.next())["milestone"] for _ in range(2)]
        assert [each["title"] for each in reached] == ["A quarter of the way", "At 0.015"]
        assert all(each["reachedAt"] and each["reachedBy"]["name"].startswith("ben-") for each in reached)
        await team.walk(team.ann, 2 * LEG, privacy="PRIVATE")
        await milestones.until(lambda event: event["milestone"]["title"] == "The whole way")
        done = await goals.next()
        assert done["goal"] == {"id": team.goal, "status": "COMPLETED"}
        assert done["team"] == {"activeGoal": None}


async def test_cancelled_goal_is_an_event(connected: Dial, team: Team) -> None:
    async with connected(team.ben) as connection:
        goals = await connection.subscribe(GOALS, team=team.id)
        await goals.next()
        await team.do(team.ann, CANCEL, goalId=team.goal)
        assert (await goals.next())["goal"]["status"] == "CANCELLED"


async def test_a_filter_lets_through_what_it_says_and_what_is_gone(connected: Dial, team: Team) -> None:
    wanted = (
        '{"filterGroup": [{"filters": [{"fieldName": "edge.node.distanceMeters", "operator": "ge", "value": 1000}]}]}'
    )
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id, filter=wanted)
        assert (await stream.next())["delivery"] == "SNAPSHOT"
        short, long = await team.walk(team.ben, 500), await team.walk(team.ben, 2000)
        assert (await stream.next())["edge"]["node"]["id"] == long
        await team.do(team.ben, DELETE, activityId=short)
        assert (await stream.next())["removedId"] == short
        bad = await connection.subscribe(
            WALKS,
            team=team.id,
            filter='{"filterGroup": [{"filters": [{"fieldName": "x", "operator": "eq", "value": 1}]}]}',
        )
        assert await bad.failure() == ["VALIDATION_ERROR"]


@pytest.mark.parametrize("query", [WALKS, MEMBERS, GOALS, MILESTONES])
async def test_subscription_to_a_hidden_team_is_refused(connected: Dial, team: Team, query: str) -> None:
    for token, code in ((team.eve, "NOT_FOUND"), (None, "UNAUTHENTICATED")):
        async with connected(token) as connection:
            assert await (await connection.subscribe(query, team=team.id)).failure() == [code]


async def test_strangers_follow_a_public_teams_goals_and_no_people(connected: Dial, public_team: Team) -> None:
    async with connected(public_team.eve) as connection:
        for query, allowed in ((WALKS, False), (MEMBERS, False), (GOALS, True), (MILESTONES, True)):
            stream = await connection.subscribe(query, team=public_team.id)
            if allowed:
                assert (await stream.next())["delivery"] == "SNAPSHOT"
            else:
                assert await stream.failure() == ["NOT_FOUND"]


async def test_removed_member_receives_no_further_events(connected: Dial, team: Team, soon: float) -> None:
    async with connected(team.ann) as stays, connected(team.ben) as leaves:
        streams: list[Any] = [await one.subscribe(WALKS, team=team.id) for one in (stays, leaves)]
        for stream in streams:
            await stream.next()
        await team.do(team.ann, REMOVE, memberId=team.member)
        async with asyncio.timeout(soon):
            assert await streams[1].failure() == ["NOT_FOUND"]
        walk = await team.walk(team.ann)
        assert (await streams[0].next())["edge"]["node"]["id"] == walk
        await streams[1].silent(0.3)  # another connection's events have no order among them


async def test_subscriber_begun_during_writes_misses_no_event(connected: Dial, team: Team) -> None:
    async with connected(team.ann) as connection:
        streams = []
        for _ in range(15):
            streams.append(await connection.subscribe(WALKS, team=team.id))
            await asyncio.gather(*(team.walk(token, 10) for token in (team.ann, team.ben)))
        end = await team.ask(team.ann, LIVE_CURSOR, id=team.id)
        last = read_cursor(end["team"]["liveCursor"])
        assert last is not None
        rows = await team.rows(
            "SELECT sequence FROM event WHERE channel = $1 AND kind = 'ACTIVITY_ADDED'", team.channel
        )
        for stream in streams:
            first = await stream.next()
            missed = sorted(row[0] for row in rows if row[0] > first["sequence"])
            assert [(await stream.next())["sequence"] for _ in missed] == missed
