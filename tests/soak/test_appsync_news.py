"""Events behind Amplify's AppSync simulator: the service's events, published as they are, reach AppSync's subscribers.

The simulator applies no filter of subscriptions; that ours is set is proved in `tests/schema/test_appsync.py`.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from schema.appsync.printed import publisher
from schema.build import build
from tests.documents import LOG_WHOLE_WALK as LOG
from tests.event_streams import asked
from tests.listening import PATIENCE
from tests.soak.appsync.team import Team, gathered, team, together, walk, world
from tests.soak.appsync.world import ROLE, World
from tests.sockets import Socket
from tests.subscriptions.team import ASK, CANCEL, JOIN, PRESENCE, RENAME, UPDATE_TEAM

__all__ = ["team", "world"]

Deed = Callable[[World, Team], Awaitable[Any]]

LOGGED = "__typename cursor sequence delivery occurredAt teamId"
BOARD = """teamId period metric basis leaderboard { id version period windowStartsOn entries(first: 5) {
  totalCount edges { cursor node { rank value lastActivityAt competitor { __typename id name } } } } }"""
WALKS = f"""{LOGGED} change removedId snapshot {{ id }}
  edge {{ cursor node {{ id type distanceMeters localDate startedAt user {{ id name }} }} }}"""


async def log(world: World, team: Team) -> None:
    """Log a walk that takes the team past the half of its way."""
    await world.run(LOG, team.ann, input=walk(2222))


async def join(world: World, team: Team) -> None:
    """Add a member."""
    await world.run(JOIN, world.sign_up("Eve"), input={"teamId": team.id})


async def ask(world: World, team: Team) -> None:
    """Have somebody ask to join, once the team takes requests."""
    await world.run(UPDATE_TEAM, team.ann, input={"teamId": team.id, "isPublic": True, "joinPolicy": "REQUEST"})
    await world.run(ASK, world.sign_up("Eve"), input={"teamId": team.id})


async def cancel(world: World, team: Team) -> None:
    """Cancel their goal."""
    await world.run(CANCEL, team.ann, input={"goalId": team.goal})


async def set_out(world: World, team: Team) -> None:
    """Start Ann's presence."""
    await world.run(PRESENCE, team.ann, input={"teamId": team.id, "walking": True})


async def rename(world: World, team: Team) -> None:
    """Rename their team."""
    await world.run(RENAME, team.ann, input={"teamId": team.id, "name": f"{team.id[-20:]} now"})


@dataclass
class Feed:
    """A subscription: its selection, an action that causes an event, and the expected event."""

    selected: str
    deed: Deed
    says: Callable[[Any], object]
    what: object
    given: dict[str, str] = field(default_factory=dict)
    is_of_team: bool = True


FEEDS = {
    "teamActivityChanged": Feed(WALKS, log, lambda told: told["edge"]["node"]["distanceMeters"], 2222),
    "teamMemberChanged": Feed(
        f"{LOGGED} change removedId edge {{ cursor node {{ id role user {{ id name }} }} }} team {{ id memberCount }}",
        join,
        lambda told: (told["change"], told["edge"]["node"]["user"]["name"], told["team"]["memberCount"]),
        ("ADDED", "Eve", 3),
    ),
    "teamJoinRequestChanged": Feed(
        f"{LOGGED} change removedId edge {{ cursor node {{ id requestState user {{ id name }} }} }}",
        ask,
        lambda told: (told["change"], told["edge"]["node"]["user"]["name"]),
        ("ADDED", "Eve"),
    ),
    "teamGoalChanged": Feed(
        f"{LOGGED} goal {{ id name status progress {{ totalMeters }} }} team {{ id activeGoal {{ id }} }}",
        cancel,
        lambda told: (told["goal"]["status"], told["team"]["activeGoal"]),
        ("CANCELLED", None),
    ),
    "teamMilestoneReached": Feed(
        f"{LOGGED} milestone {{ id title atMeters }}",
        log,
        lambda told: round(told["milestone"]["atMeters"]),
        5566,
    ),
    "teamUpdated": Feed(
        "teamId team { id name memberCount }", rename, lambda told: told["team"]["name"].endswith(" now"), True
    ),
    "teamProgressUpdated": Feed(
        "teamId progress { totalMeters percent position { lat lng } goal { id name } milestones { id title } }",
        log,
        lambda told: told["progress"]["totalMeters"],
        6722,
    ),
    "teamLeaderboardUpdated": Feed(
        BOARD,
        log,
        lambda told: [edge["node"]["value"] for edge in told["leaderboard"]["entries"]["edges"]],
        [5222, 1500],
        {"period": "WEEK", "metric": "DISTANCE"},
    ),
    "teamsLeaderboardUpdated": Feed(
        BOARD,
        log,
        lambda told: told["leaderboard"]["entries"]["edges"][0]["node"]["competitor"]["__typename"],
        "Team",
        {"period": "WEEK", "basis": "TOTAL"},
        is_of_team=False,
    ),
    "teamPresenceUpdated": Feed(
        "teamId walkers { id name }", set_out, lambda told: [one["name"] for one in told["walkers"]], ["Ann"]
    ),
}


def subscription(name: str, **more: str) -> str:
    """Return the document, its arguments written out: AppSync and the service get the same."""
    feed = FEEDS[name]
    of_team = {"teamId": "$id"} if feed.is_of_team else {}
    given = ", ".join(f"{each}: {value}" for each, value in (of_team | feed.given | more).items())
    declared = [text for text, used in (("$id: ID!", feed.is_of_team), ("$filter: AWSJSON", "filter" in more)) if used]
    variables = f" ({', '.join(declared)})" if declared else ""
    return f"subscription{variables} {{ {name}({given}) {{ {feed.selected} }} }}"


def publication(name: str) -> str:
    """Return the mutation that publishes to AppSync: subscribers get its selection."""
    field = publisher(name)
    return f"mutation ($event: AWSJSON!) {{ {field}(event: $event) {{ {FEEDS[name].selected} }} }}"


async def subscribe(socket: Socket, token: str, query: str, variables: dict[str, Any]) -> None:
    """Begin an operation."""
    data = json.dumps({"query": query, "variables": variables})
    await socket.send(
        id="1", type="start", payload={"data": data, "extensions": {"authorization": {"authorization": token}}}
    )


def test_every_subscription_of_the_schema_has_a_feed_to_try() -> None:
    root = build()._schema.subscription_type
    assert root is not None
    assert FEEDS.keys() == root.fields.keys()


@together
@pytest.mark.parametrize("name", FEEDS)
async def test_event_of_the_service_published_to_appsync_reaches_its_subscribers(world: World, name: str) -> None:
    feed, team = FEEDS[name], await gathered(world, name)
    variables = {"id": team.id} if feed.is_of_team else {}
    async with (
        asked(world.service, subscription(name), team.ann, **variables) as stream,
        world.socket(team.ben) as socket,
    ):
        await stream.next()  # the position
        await subscribe(socket, team.ben, subscription(name), variables)
        assert (await socket.receive())["type"] == "start_ack"
        await feed.deed(world, team)
        event = (await stream.next()).news
        while feed.says(event) != feed.what:  # a state may be seen before all of an action is
            event = (await stream.next()).news
        published = await world.sent(publication(name), {"authorization": ROLE}, {"event": json.dumps(event)})
        assert published == {"data": {publisher(name): event}}
        heard = await asyncio.wait_for(socket.receive(), PATIENCE)
        assert heard["payload"] == {"data": {name: event}}


async def start(world: World, token: str, id: str, filter: object = None) -> dict[str, Any]:
    """Return the answer to a subscription to a team's walks."""
    async with world.socket(token) as socket:
        given = {"id": id, "filter": json.dumps(filter) if filter else None}
        await subscribe(socket, token, subscription("teamActivityChanged", filter="$filter"), given)
        told: dict[str, Any] = await socket.receive()
        return told


@together
async def test_appsync_subscription_without_access_or_with_a_bad_filter_is_an_error(world: World, team: Team) -> None:
    far = {"fieldName": "edge.node.distanceMeters", "operator": "gt", "value": 9}
    for filter in (None, {"filterGroup": [{"filters": [far]}]}):
        assert (await start(world, team.ann, team.id, filter))["type"] == "start_ack"
    hidden = await start(world, world.sign_up("Eve"), f"team_{'0' * 32}")
    assert (hidden["type"], hidden["payload"]["errors"][0]["errorType"]) == ("error", "NOT_FOUND")
    unknown = {"fieldName": "a", "operator": "eq", "value": 1}
    for groups in ([], [{"filters": [unknown]}]):
        wrong = await start(world, team.ann, team.id, {"filterGroup": groups})
        assert (wrong["type"], wrong["payload"]["errors"][0]["errorType"]) == ("error", "BadRequestException")


@together
async def test_publication_by_a_user_or_an_api_key_is_unauthorized(world: World, team: Team) -> None:
    for token in (team.ann, None):
        assert (await world.refused(publication("teamActivityChanged"), token, event="{}"))[0] == "Unauthorized"
