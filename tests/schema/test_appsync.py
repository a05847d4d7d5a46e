"""The schema behind AppSync: its print, and documents with the same answers by one event a field as by our engine."""

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, validate_schema

from app.aws.appsync import answer
from app.bundle import find_node
from milequest.rules.budgets import Payer
from milequest.rules.identity import ANONYMOUS
from milequest.settings import PROJECT
from milequest.store.cache.budgets import Budgets
from resolvers.context import Request
from schema.appsync.printed import printed, publisher
from schema.appsync.sources import ROW, packed, restored
from schema.build import build
from tests.documents import LOG_WHOLE_WALK as LOG
from tests.documents import WHOLE_TEAM as TEAM
from tests.fakes.appsync import COGNITO, run, sdl
from tests.journeys import along
from tests.quest import Caller, Quest, just_begun

PER_HOUR = 10_000  # points
GOAL = "mutation ($input: CreateGoalInput!) { createGoal(input: $input) { goalEdge { node { id } } } }"


def invoking(caller: Caller) -> Any:
    """Return the function behind AppSync, for a caller whose token is valid."""

    async def new_request(_: str | None, address: str, told: Any) -> Request:
        return Request(uuid4().hex, caller.now, caller.identity, caller.runtime, address=address)

    return lambda event: answer(new_request, event)


@pytest.fixture
async def ann(quest: Quest) -> Caller:
    """Return an admin, whose walks begin now."""
    ann = await quest.user("Ann")
    ann.now = datetime.now(UTC)
    return ann


async def team_of(ann: Caller) -> str:
    """Found a team with a goal and a walk."""
    team = await ann.found("Walkers")
    today = str(datetime.now(UTC).date())
    goal = {"teamId": team, "name": "North", "startsOn": today, "waypoints": along(0, 0.1), "activate": True}
    await ann.run(GOAL, input=goal)
    await ann.run(LOG, input=walk(1500))
    return team


def walk(meters: float) -> dict[str, Any]:
    """Return a walk that begins now: earlier might be yesterday."""
    return just_begun(meters) | {"startedAt": datetime.now(UTC).isoformat()[:19] + "Z"}


def test_the_print_is_valid_sdl_without_what_appsync_refuses() -> None:
    text = printed(build()._schema)
    assert validate_schema(sdl()) == []
    assert '"""' not in text
    assert "directive " not in text
    assert "scalar " not in text
    assert " = " not in text


def test_appsync_schema_has_our_types_and_fields_and_a_mutation_for_each_subscription() -> None:
    ours, theirs = build()._schema, sdl()
    for name, kind in ours.type_map.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__"):
            other = theirs.type_map[name]
            assert isinstance(other, GraphQLObjectType | GraphQLInterfaceType)
            assert {each: str(field.type) for each, field in kind.fields.items()}.items() <= {
                each: str(field.type) for each, field in other.fields.items()
            }.items()
    assert ours.subscription_type is not None
    assert theirs.mutation_type is not None
    assert {publisher(name) for name in ours.subscription_type.fields} <= theirs.mutation_type.fields.keys()


def test_types_say_by_which_modes_they_are_reached() -> None:
    text = printed(build()._schema)
    assert "type TeamActivityEvent implements LiveEvent @aws_cognito_user_pools @aws_iam {" in text
    assert "type Session @aws_api_key @aws_cognito_user_pools {" in text
    assert "publishTeamActivity(event: AWSJSON!): TeamActivityEvent @aws_iam" in text
    tied = 'TeamActivityEvent @aws_cognito_user_pools @aws_subscribe(mutations: ["publishTeamActivity"])'
    assert tied in text


async def test_a_document_comes_out_the_same_by_an_event_a_field(ann: Caller) -> None:
    team = await team_of(ann)
    assert await run(TEAM, invoking(ann), "token", id=team) == {"data": await ann.run(TEAM, id=team)}


async def test_a_mutation_runs_and_its_payload_goes_on(ann: Caller) -> None:
    await team_of(ann)
    done = (await run(LOG, invoking(ann), "token", input=walk(2500)))["data"]["logActivity"]
    assert done["activity"]["distanceMeters"] == 2500
    assert done["progress"][0]["totalMeters"] == 4000
    assert done["progress"][0]["goal"] == {"name": "North"}


def event(
    parent: str, field: str, source: Any = None, selected: list[str] | None = None, **args: Any
) -> dict[str, Any]:
    """Return a documented event."""
    info = {"parentTypeName": parent, "fieldName": field, "variables": {}, "selectionSetList": selected or []}
    request = {"headers": {"x-forwarded-for": "198.51.100.7, 10.0.0.1"}, "domainName": None}
    base = {"identity": COGNITO, "request": request, "prev": None, "stash": {}}
    return {**base, "arguments": args, "source": source, "info": {**info, "selectionSetGraphQL": ""}}


async def test_a_batch_answers_each_item_in_its_place(ann: Caller) -> None:
    teams = [await ann.found(f"Team {number}") for number in range(3)]
    invoke = invoking(ann)
    sources = json.loads(json.dumps([await invoke(event("Query", "team", id=team)) for team in teams]))
    sources[1][ROW]["state"]["id"]["state"] = "0" * 32
    batch = [event("Team", "members", source, first=5) for source in sources]
    batch.append(event("Team", "members", sources[0], first=5_000))
    done = await invoke(batch)
    assert [len(item["data"]["nodes"]) if item["data"] else item["errorType"] for item in done] == [
        1,
        0,
        1,
        "BadRequestException",
    ]
    assert {key for item in done for key in item} == {"data", "errorMessage", "errorType"}


async def test_a_direct_call_that_fails_raises_what_becomes_the_error_type(ann: Caller) -> None:
    with pytest.raises(Exception, match="public") as raised:
        await invoking(ann)(
            event("Mutation", "updateTeam", input={"teamId": await ann.found("Walkers"), "isPublic": "public"})
        )
    assert type(raised.value).__name__ == "BadRequestException"
    with pytest.raises(Exception, match="id") as raised:
        await invoking(ann)(event("Query", "team", id="team_x"))
    assert type(raised.value).__name__ == "BadRequestException"


async def test_each_call_of_a_resolver_is_paid_for(ann: Caller) -> None:
    ann.runtime = replace(ann.runtime, budgets=Budgets(ann.runtime.redis, dict.fromkeys(Payer, PER_HOUR)))
    search = event("Query", "searchTeams", query="x", first=50)
    assert [item["errorType"] for item in await invoking(ann)([search] * (PER_HOUR // 10 // 50))] == [None] * 20
    (told,) = await invoking(ann)([event("Query", "viewer")])
    assert told["errorType"] == "LimitExceededError"


@pytest.mark.parametrize("forged", ["", "203.0.113.9, ", "203.0.113.9, 203.0.113.10, "])
async def test_the_address_is_the_one_that_the_edge_saw(quest: Quest, forged: str) -> None:
    seen: list[str] = []

    async def new_request(_: str | None, address: str, __: Any) -> Request:
        seen.append(address)
        return Request(uuid4().hex, quest.anonymous.now, ANONYMOUS, quest.runtime, address=address)

    asked = event("Query", "viewer")
    asked["request"]["headers"]["x-forwarded-for"] = f"{forged}198.51.100.7, 10.0.0.1"
    await answer(new_request, asked)
    assert seen == ["198.51.100.7"]


async def test_appsync_event_without_an_identity_is_anonymous(quest: Quest) -> None:
    invoke = invoking(quest.anonymous)
    assert await invoke(event("Query", "viewer")) is None
    with pytest.raises(Exception, match="Sign in") as raised:
        await invoke(event("Query", "user", id="user_" + "0" * 32))
    assert type(raised.value).__name__ == "UnauthorizedException"


async def test_a_subscription_only_asks_whether_it_may_be_had(ann: Caller, quest: Quest) -> None:
    team = await ann.found("Walkers")
    assert await invoking(ann)(event("Subscription", "teamActivityChanged", teamId=team)) is None
    stranger = invoking(await quest.user("Eve"))
    with pytest.raises(Exception, match="team"):
        await stranger(event("Subscription", "teamActivityChanged", teamId=team))


@pytest.mark.parametrize("sent", [lambda filter: filter, json.dumps], ids=["parsed, as AppSync has AWSJSON", "as text"])
async def test_appsync_subscription_with_an_invalid_filter_is_refused(ann: Caller, sent: Any) -> None:
    team = await ann.found("Walkers")
    good = {"filterGroup": [{"filters": [{"fieldName": "edge.node.distanceMeters", "operator": "gt", "value": 9}]}]}
    unknown = {"filterGroup": [{"filters": [{"fieldName": "edge.nothing", "operator": "gt", "value": 9}]}]}
    asked = event("Subscription", "teamActivityChanged", teamId=team, filter=sent(good))
    assert await invoking(ann)(asked) is None
    wrongs: list[object] = [unknown, {"filterGroup": []}, []]
    for wrong in wrongs:
        with pytest.raises(Exception, match=r"filter") as raised:
            await invoking(ann)(asked | {"arguments": {"teamId": team, "filter": sent(wrong)}})
        assert type(raised.value).__name__ == "BadRequestException"


async def test_published_object_gives_its_fields_by_name_without_a_caller() -> None:
    async def nobody(*_: Any) -> Request:
        raise AssertionError("who publishes is known by IAM alone")

    node = {"id": "activity_1", "user": {"name": "Ann"}}
    asked = event("Activity", "user", node)
    assert await answer(nobody, asked) == {"name": "Ann"}
    told = {"data": {"name": "Ann"}, "errorMessage": None, "errorType": None}
    assert await answer(nobody, [asked, event("Activity", "user", {"id": "activity_2"})]) == [
        told,
        told | {"data": None},
    ]


def test_appsync_javascript_asks_the_function_filters_and_passes_events_on() -> None:
    own = {"fieldName": "teamId", "operator": "eq", "value": "team_1"}
    far = {"fieldName": "edge.node.distanceMeters", "operator": "gt", "value": 9}
    filtered = {"args": {"teamId": "team_1", "after": "1", "filter": {"filterGroup": [{"filters": [far]}]}}}
    refused = {"args": {"teamId": "team_1"}, "error": {"message": "No such team.", "type": "NOT_FOUND"}}
    given = event("Subscription", "teamActivityChanged", teamId="team_1")
    asked, plain, narrow, failed, published = scripted(
        ("subscribe.js", "request", {**given, "args": given["arguments"], "result": 1}),
        ("subscribe.js", "response", {"args": {"teamId": "team_1"}}),
        ("subscribe.js", "response", filtered),
        ("subscribe.js", "response", refused),
        ("publish.js", "request", {"args": {"event": {"sequence": 7}}}),
    )
    assert asked["result"] == {"operation": "Invoke", "payload": given}
    assert plain == {"result": None, "filter": {"filterGroup": [{"filters": [own]}]}}
    removed = {"fieldName": "change", "operator": "eq", "value": "REMOVED"}
    assert narrow["filter"] == {"filterGroup": [{"filters": [own, far]}, {"filters": [own, removed]}]}
    assert failed == {"error": refused["error"]}
    assert published["result"] == {"payload": {"sequence": 7}}


def test_every_argument_that_a_subscription_is_filtered_by_is_a_field_of_its_event() -> None:
    subscription = build()._schema.subscription_type
    assert subscription is not None
    for feed in subscription.fields.values():
        assert isinstance(feed.type, GraphQLObjectType)
        assert feed.args.keys() - {"after", "filter"} <= feed.type.fields.keys()


def scripted(*calls: tuple[str, str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the results of calls of functions in AppSync's JavaScript."""
    node, _ = find_node()
    given = json.dumps([[str(PROJECT / "schema" / "appsync" / file), name, ctx] for file, name, ctx in calls])
    command: list[str | Path] = [node, PROJECT / "tests" / "fakes" / "appsync-js.mjs", given]
    ran = subprocess.run(command, text=True, capture_output=True, check=True)
    return [json.loads(line) for line in ran.stdout.splitlines()]


async def test_unexpected_appsync_error_is_masked(ann: Caller) -> None:
    await ann.runtime.writer.execute("ALTER TABLE team RENAME TO gone")
    with pytest.raises(Exception, match="Something went wrong") as raised:
        await invoking(ann)(event("Query", "team", id="team_" + "0" * 32))
    assert type(raised.value).__name__ == "InternalFailure"


def test_restored_values_are_plain_values_and_no_foreign_class() -> None:
    with pytest.raises(KeyError):
        restored({"class": "os.system", "state": {}})
    now = datetime.now(UTC)
    assert restored(json.loads(json.dumps(packed((now, None, 1.5, now.date()))))) == (now, None, 1.5, now.date())
