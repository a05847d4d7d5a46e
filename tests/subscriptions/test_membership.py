"""All streams of a team end with the right to follow them, of any kind, and former members receive nothing more."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from graphql import GraphQLNonNull, get_named_type, is_leaf_type

from schema.build import build
from tests.documents import PRESENCE_LIVE as WALKERS
from tests.listening import Stream
from tests.subscriptions.conftest import Dial
from tests.subscriptions.team import ACCEPT, DELETE_TEAM, INVITE, LEAVE, PRESENCE, REMOVE, UPDATE_TEAM, Team

SUBSCRIPTIONS = build()._schema.subscription_type
GIVEN = {"period": "WEEK", "metric": "DISTANCE"}  # the required arguments that have no id
GATEWAYS = pytest.mark.parametrize("connected", ["asgi", "sse", "apigateway"], indirect=True)
OF_ADMINS = ("teamJoinRequestChanged",)
OF_STRANGERS = ("teamGoalChanged", "teamMilestoneReached", "teamProgressUpdated", "teamUpdated")  # of a public team


def of_teams() -> Mapping[str, str]:
    """Return the document of each subscription to a team."""
    assert SUBSCRIPTIONS is not None
    documents = {}
    for name, field in SUBSCRIPTIONS.fields.items():
        if "teamId" in field.args:
            required = [one for one, given in field.args.items() if isinstance(given.type, GraphQLNonNull)]
            values = "".join(f", {one}: {GIVEN[one]}" for one in required if one != "teamId")
            kind: Any = get_named_type(field.type)
            leaf = next(one for one, inner in kind.fields.items() if is_leaf_type(get_named_type(inner.type)))
            documents[name] = f"subscription ($team: ID!) {{ {name}(teamId: $team{values}) {{ {leaf} }} }}"
    return documents


async def all_ended(streams: Mapping[str, Stream], seconds: float) -> None:
    """Fail unless each of the streams ends in time, as for a team that does not exist."""
    async with asyncio.timeout(seconds):
        ended = {name: await stream.failure() for name, stream in streams.items()}
    assert ended == {name: ["NOT_FOUND"] for name in streams}


@GATEWAYS
@pytest.mark.parametrize("end", ["removed", "left", "deleted"])
async def test_all_streams_of_a_member_end_with_the_membership(
    connected: Dial, team: Team, soon: float, end: str
) -> None:
    async with connected(team.ben) as connection:
        asked = {name: await connection.subscribe(text, team=team.id) for name, text in of_teams().items()}
        await all_ended({name: asked[name] for name in OF_ADMINS}, soon)
        streams = {name: stream for name, stream in asked.items() if name not in OF_ADMINS}
        for stream in streams.values():
            await stream.next()
        if end == "removed":
            await team.do(team.ann, REMOVE, memberId=team.member)
        elif end == "left":
            await team.do(team.ben, LEAVE, teamId=team.id)
        else:
            await team.do(team.ann, DELETE_TEAM, teamId=team.id, confirmName=team.name)
        await all_ended(streams, soon)


@GATEWAYS
async def test_all_streams_of_a_stranger_end_when_the_team_turns_private(
    connected: Dial, public_team: Team, soon: float
) -> None:
    async with connected(public_team.eve) as connection:
        asked = {name: await connection.subscribe(text, team=public_team.id) for name, text in of_teams().items()}
        refused = {name: stream for name, stream in asked.items() if name not in OF_STRANGERS}
        await all_ended(refused, soon)
        streams = {name: asked[name] for name in OF_STRANGERS}
        for stream in streams.values():
            await stream.next()
        await public_team.do(public_team.ann, UPDATE_TEAM, teamId=public_team.id, isPublic=False)
        await all_ended(streams, soon)


@GATEWAYS
async def test_a_removed_walker_vanishes_and_joins_again_without_walking(connected: Dial, team: Team) -> None:
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(WALKERS, team=team.id)
        await stream.next()
        await team.do(team.ben, PRESENCE, teamId=team.id, walking=True)
        assert len((await stream.next())["walkers"]) == 1
        await stream.silent()  # a wake-up is delivered twice, and the second one must not reveal the removal
        await team.do(team.ann, REMOVE, memberId=team.member)
        assert (await stream.next())["walkers"] == []
        code = (await team.do(team.ann, INVITE, teamId=team.id))["code"]
        await team.do(team.ben, ACCEPT, code=code)
        again = await connection.subscribe(WALKERS, team=team.id)
        assert (await again.next())["walkers"] == []
