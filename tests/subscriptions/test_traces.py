"""A walk followed from its mutation to its subscribers, on a server and on API Gateway; and what no trace holds."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from tests.listening import Stream
from tests.service import Service
from tests.subscriptions.conftest import Dial
from tests.subscriptions.team import Team
from tests.traces import Traces, kept_traces

FOLLOW = "subscription Follow($team: ID!) { teamActivityChanged(teamId: $team) { cursor change } }"
LOG = "mutation LogIt($input: LogActivityInput!) { logActivity(input: $input) { activity { id } } }"
WALKS = 5  # at most, until one is delivered by its own notification
STATEMENT = ("SELECT", "INSERT", "WITH", "BEGIN", "COMMIT")


@pytest.fixture
def traces() -> Iterator[Traces]:
    """Trace the service of this process."""
    with kept_traces() as kept:
        yield kept


async def walk_traced_to(name: str, traces: Traces, team: Team, stream: Stream) -> list[list[str]]:
    """Walk until the trace of a walk has spans of a name; return their paths, and keep the spans of that walk alone.

    A sweep, or a look that was under way, may deliver a walk before its own notification does: under their trace.
    """
    for _ in range(WALKS):
        traces.exporter.clear()
        await team.walk(team.ben)
        assert (await stream.next())["change"] == "ADDED"
        if paths := await paths_of(name, traces):
            return paths
    pytest.fail(f"No trace of {WALKS} walks has a span {name}.")


async def paths_of(name: str, traces: Traces) -> list[list[str]]:
    """Wait up to 3 s for spans of a name in the trace of the only walk; return their paths.

    A span is kept once it has ended, so those above it come later: a path is whole when it begins at the request.
    """
    for _ in range(60):
        spans = [one for walk in traces.named("mutation logActivity") for one in traces.trace(walk)]
        paths = [traces.path(one) for one in spans if one.name == name]
        if paths and all(path[0] == "/graphql" for path in paths):
            return paths
        await asyncio.sleep(0.05)
    return []


@pytest.mark.parametrize("connected", ["asgi", "sse"], indirect=True)
async def test_trace_of_a_walk_goes_from_its_mutation_to_its_subscribers(
    connected: Dial, team: Team, traces: Traces
) -> None:
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(FOLLOW, team=team.id)
        await stream.next()
        (dispatch,) = await walk_traced_to("dispatch", traces, team, stream)
    assert dispatch[:3] == ["/graphql", "mutation logActivity", "Mutation.logActivity"]
    assert dispatch[-1] == "dispatch"
    (mutation,) = traces.named("mutation logActivity")
    way = ("/graphql", "mutation logActivity", "Mutation.logActivity")
    expected = {(*way, "BEGIN"), (*way, "COMMIT"), (*way, "Valkey")}
    for _ in range(60):  # a wake-up by Valkey that takes long is sent in the background
        paths = {tuple(traces.path(one)) for one in traces.trace(mutation)}
        if expected <= paths:
            break
        await asyncio.sleep(0.05)
    assert expected <= paths
    told = [path for path in paths if "dispatch" in path and path[-1] in STATEMENT]
    assert told, paths


@pytest.mark.parametrize("connected", ["apigateway"], indirect=True)
async def test_trace_of_a_walk_goes_through_the_queues_to_the_sockets_of_api_gateway(
    connected: Dial, team: Team, traces: Traces
) -> None:
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(FOLLOW, team=team.id)
        await stream.next()
        posted = await walk_traced_to("AWS execute-api", traces, team, stream)
    (mutation,) = traces.named("mutation logActivity")
    names = [one.name for one in traces.trace(mutation)]
    assert "AWS AmazonSQS.SendMessageBatch" in names
    assert any(name.startswith("AWS DynamoDB") for name in names)
    for path in posted:
        queues = [name.rpartition("-")[2] for name in path if name.startswith("process ")]
        assert queues == ["kicks", "news.fifo", "posts.fifo"], path
        assert path[0] == "/graphql"


async def test_event_names_its_write_only_where_that_is_traced(team: Team) -> None:
    async def causes() -> list[str | None]:
        rows = await team.rows("SELECT details->>'traceparent' FROM event WHERE channel = $1", team.channel)
        return [row[0] for row in rows]

    await team.walk(team.ben)
    assert set(await causes()) == {None}
    with kept_traces() as traces:
        await team.walk(team.ben)
        (mutation,) = traces.named("mutation logActivity")
    named = {text for text in await causes() if text}
    assert {text.split("-")[1] for text in named} == {f"{mutation.context.trace_id:032x}"}


@pytest.mark.parametrize("connected", ["asgi"], indirect=True)
async def test_event_whose_write_is_named_badly_is_delivered(connected: Dial, team: Team, traces: Traces) -> None:
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(FOLLOW, team=team.id)
        cursor = (await stream.next())["cursor"]
        await team.walk(team.ben)
        await stream.next()
        await team.sql('UPDATE event SET details = \'{"traceparent": "no trace"}\' WHERE channel = $1', team.channel)
        after = FOLLOW.replace("teamId: $team", f'teamId: $team, after: "{cursor}"')
        assert (await (await connection.subscribe(after, team=team.id)).next())["change"] == "ADDED"


@pytest.mark.parametrize("connected", ["asgi"], indirect=True)
async def test_trace_holds_no_variable_no_token_and_no_message(
    connected: Dial, team: Team, traces: Traces, service: Service
) -> None:
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(FOLLOW, team=team.id)
        await stream.next()
        await team.walk(team.ben, notes="Zsecretnotes")
        await stream.next()
    service.post("query Zsecretname($id: ID!) { team(id: $id) { name } }", variables={"id": "zsecretid"})
    service.post("{ viewer { id } }", token="zsecrettoken")
    service.post("{ zsecretfield }")
    everything = "\n".join(one.to_json() for one in traces.exporter.get_finished_spans())
    assert "mutation logActivity" in everything
    found = json.dumps(everything).lower()
    for secret in ("zsecretnotes", "zsecretid", "zsecrettoken", "zsecretfield", team.ben.lower(), team.id):
        assert secret not in found, secret
    assert all(not one.events for one in traces.exporter.get_finished_spans())


async def test_polling_of_a_process_is_no_trace(service: Service, traces: Traces) -> None:
    await asyncio.sleep(1.5)  # the hub sweeps twice a second
    service.post("{ viewer { id } }")
    roots = {one.name for one in traces.exporter.get_finished_spans() if one.parent is None}
    assert "/graphql" in roots
    assert all(root in {"/graphql", "dispatch"} or root.startswith(("job ", "process ")) for root in roots), roots


async def test_trace_says_of_an_error_only_its_kind(service: Service, traces: Traces) -> None:
    service.post("{ zsecretfield }")
    service.post("{ viewer { id } }", token="zsecrettoken")
    kinds = [dict(one.attributes or {}).get("error.type") for one in traces.named("operation")]
    assert kinds == ["VALIDATION_ERROR", "UNAUTHENTICATED"]
