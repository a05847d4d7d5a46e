"""Python's gql, unmodified: it subscribes, receives events, unsubscribes, is refused, and resumes from a cursor."""

import asyncio
from contextlib import aclosing

import pytest
from gql import GraphQLRequest
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.websockets import WebsocketsTransport

from tests.eventually import eventually
from tests.subscriptions.resuming import gql_session
from tests.subscriptions.team import Team
from tests.wires import wired

WALKS = """subscription ($team: ID!, $after: String) { teamActivityChanged(teamId: $team, after: $after) {
    cursor sequence delivery edge { node { id notes } } snapshot { activities(first: 5) { nodes { id } } } } }"""
STRANGERS = "team_0192f1c27b1e7c3a9d7e3f2a6c1b4d5e"


def walks(team_id: str) -> GraphQLRequest:
    return GraphQLRequest(WALKS, variable_values={"team": team_id})


@pytest.mark.parametrize("protocols", [None, [WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL]])
async def test_gql_client_subscribes_and_begins_with_a_snapshot_after_a_cut(
    team: Team, protocols: list[str] | None
) -> None:
    async with wired(team.service) as wire:
        async with gql_session(team, wire.url, protocols) as session:
            with pytest.raises(TransportQueryError) as refused:
                await anext(session.subscribe(walks(STRANGERS)))
            assert [error["extensions"]["code"] for error in refused.value.errors or ()] == ["NOT_FOUND"]
            results = session.subscribe(walks(team.id))
            assert (await anext(results))["teamActivityChanged"]["delivery"] == "SNAPSHOT"
            first = await team.walk(team.ben)
            assert (await anext(results))["teamActivityChanged"]["edge"]["node"]["id"] == first
            wire.cut()
            with pytest.raises(TransportConnectionFailed):
                await anext(results)
        second = await team.walk(team.ben)
        async with gql_session(team, wire.url, protocols) as session:
            async with aclosing(session.subscribe(walks(team.id))) as results:
                event = (await anext(results))["teamActivityChanged"]
            assert event["delivery"] == "SNAPSHOT"
            assert [node["id"] for node in event["snapshot"]["activities"]["nodes"]] == [second, first]
            await asyncio.to_thread(eventually, lambda: not len(team.service.hub))
            assert await session.execute(GraphQLRequest("{ __typename }")) == {"__typename": "Query"}
