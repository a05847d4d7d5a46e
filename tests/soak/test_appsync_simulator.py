"""Amplify's AppSync simulator takes our print, calls the deployed function by field and by batch, and gives clients
what the service itself gives them. Its AppSync runs no JavaScript: ours is run beside it, and held to AWS's own rules.
"""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from redis import Redis

from app.bundle import find_node, install_packages
from tests.event_streams import EVENTS, parsed
from tests.journeys import along
from tests.schema.test_appsync import LOG, TEAM
from tests.soak.appsync.world import API_KEY, HERE, ROLE, SCRIPTS, World, standing
from tests.subscriptions.team import ACCEPT, FOUND, GOAL, INVITE

together = pytest.mark.asyncio(loop_scope="module")

NEWS = """subscription ($id: ID!, $filter: AWSJSON) { teamActivityChanged(teamId: $id, filter: $filter) {
  __typename cursor sequence delivery occurredAt teamId change removedId
  edge { cursor node { id type distanceMeters localDate startedAt user { id name } } } } }"""
PUBLISH = """mutation ($event: AWSJSON!) { publishTeamActivity(event: $event) {
  __typename cursor sequence delivery occurredAt teamId change removedId
  edge { cursor node { id type distanceMeters localDate startedAt user { id name } } } } }"""


@dataclass
class Team:
    """Two people with a goal."""

    id: str
    ann: str
    ben: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(new_database: Callable[[], AbstractContextManager[str]], _valkey: Redis) -> AsyncIterator[World]:
    """The simulator, the function and the service."""
    with new_database() as url:
        async with standing(url, f"unix://{_valkey.get_connection_kwargs()['path']}") as stands:
            yield stands


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def team(world: World) -> Team:
    """Made by AppSync alone."""
    ann, ben = world.sign_up("Ann"), world.sign_up("Ben")
    made = await world.run(FOUND, ann, input={"name": "Walkers", "isPublic": True, "joinPolicy": "OPEN"})
    team = made["createTeam"]["team"]["id"]
    code = (await world.run(INVITE, ann, input={"teamId": team}))["createInvite"]["code"]
    await world.run(ACCEPT, ben, input={"code": code})
    starts = str(datetime.now(UTC).date())
    goal = {"teamId": team, "name": "North", "startsOn": starts, "waypoints": along(0, 0.1), "activate": True}
    await world.run(GOAL, ann, input=goal)
    for walker in (ann, ben, ann):
        await world.run(LOG, walker, input=walk())
    return Team(team, ann, ben)


def walk(**changes: Any) -> dict[str, Any]:
    """A walk that has just begun."""
    at = datetime.now(UTC).isoformat()[:19] + "Z"
    of_itself = {"idempotencyKey": uuid4().hex, "allowDuplicate": True}
    return {"distanceMeters": 1500, "durationSeconds": 1200, "startedAt": at} | of_itself | changes


@together
async def test_a_page_comes_out_as_from_the_service_and_children_come_in_batches(world: World, team: Team) -> None:
    await world.asked()
    assert await world.run(TEAM, team.ben, id=team.id) == await world.ours(TEAM, team.ben, id=team.id)
    asked = await world.asked()
    assert ("Query.team", 1) in asked
    assert ("GoalProgress.milestones", 1) in asked
    assert len(asked) < 20


@together
async def test_one_call_serves_all_parents_of_a_field(world: World, team: Team) -> None:
    several = (
        "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Team { id members(first: 2) { nodes { user { name } } } } } }"
    )
    others = [
        (await world.run(FOUND, team.ben, input={"name": f"Team {number}"}))["createTeam"]["team"]["id"]
        for number in range(3)
    ]
    await world.asked()
    found = await world.run(several, team.ben, ids=[team.id, *others])
    assert found == await world.ours(several, team.ben, ids=[team.id, *others])
    assert await world.asked() == [("Query.nodes", 1), ("Team.members", 4)]


@together
async def test_in_a_batch_each_parent_is_judged_by_itself(world: World, team: Team) -> None:
    founded = await world.run(FOUND, team.ann, input={"name": "Ann's own", "isPublic": True})
    asking = """query ($ids: [ID!]!) { nodes(ids: $ids) {
      ... on Team { id liveCursor activities(first: 5) { nodes { id } } } } }"""
    ids = [team.id, founded["createTeam"]["team"]["id"]]
    told = await world.run(asking, team.ben, ids=ids)
    assert told == await world.ours(asking, team.ben, ids=ids)
    assert [bool(each["activities"]) for each in told["nodes"]] == [True, False]


@together
async def test_who_has_a_key_is_anybody(world: World, team: Team) -> None:
    public = "query ($id: ID!) { viewer { id } team(id: $id) { name memberCount viewerRole } }"
    told = await world.run(public, id=team.id)
    assert told == {"viewer": None, "team": {"name": "Walkers", "memberCount": 2, "viewerRole": None}}
    assert (await world.run(public, team.ann, id=team.id))["team"]["viewerRole"] == "ADMIN"
    assert (await world.refused('{ activity(id: "activity_0") { id } }'))[0] == "Unauthorized"
    assert (await world.refused(LOG, input=walk()))[0] == "Unauthorized"
    stranger = await world.sent(public, {"x-api-key": API_KEY[::-1]}, {"id": team.id})
    assert stranger["errors"][0]["errorType"] == "UnauthorizedException"


@together
async def test_what_is_wrong_with_input_is_said_in_appsyncs_words(world: World, team: Team) -> None:
    assert await world.refused(LOG, team.ann, input=walk(distanceMeters=-1)) == (
        "BadRequestException",
        await said(world, team),
    )
    key = walk()
    await world.run(LOG, team.ann, input=key)
    assert (await world.run(LOG, team.ann, input=key))["logActivity"]["activity"]["distanceMeters"] == 1500
    assert (await world.refused(LOG, team.ann, input=key | {"distanceMeters": 1600}))[0] == "IDEMPOTENCY_MISMATCH"
    missing = "mutation ($input: DeleteActivityInput!) { deleteActivity(input: $input) { deletedActivityId } }"
    assert (await world.refused(missing, team.ann, input={"activityId": f"activity_{'0' * 32}"}))[0] == "NOT_FOUND"


async def said(world: World, team: Team) -> str:
    """What the service says of a walk backwards."""
    body = {"query": LOG, "variables": {"input": walk(distanceMeters=-1)}}
    answer = await world.client.post(world.service.url, json=body, headers={"authorization": team.ann})
    return str(answer.json()["errors"][0]["message"])


async def start(world: World, token: str, id: str, filter: object = None) -> dict[str, Any]:
    """The answer to somebody who would hear of a team's walks."""
    async with world.socket(token) as socket:
        given = {"id": id, "filter": json.dumps(filter) if filter else None}
        await subscribe(socket, token, NEWS, given)
        told: dict[str, Any] = await socket.receive()
        return told


async def subscribe(socket: Any, token: str, query: str, variables: dict[str, Any]) -> None:
    """Begin an operation."""
    data = json.dumps({"query": query, "variables": variables})
    await socket.send(
        id="1", type="start", payload={"data": data, "extensions": {"authorization": {"authorization": token}}}
    )


@together
async def test_what_the_service_tells_is_published_and_comes_to_subscribers(world: World, team: Team) -> None:
    told = {"query": NEWS, "variables": {"id": team.id}}
    streaming = {"authorization": team.ann, "accept": EVENTS}
    async with (
        world.client.stream("POST", world.service.url, json=told, headers=streaming) as stream,
        world.socket(team.ben) as socket,
    ):
        news = following(stream.aiter_text())
        await anext(news)  # where it stands
        large = {
            "filterGroup": [{"filters": [{"fieldName": "edge.node.distanceMeters", "operator": "gt", "value": 9}]}]
        }
        await subscribe(socket, team.ben, NEWS, {"id": team.id, "filter": json.dumps(large)})
        assert (await socket.receive())["type"] == "start_ack"
        await world.run(LOG, team.ann, input=walk(distanceMeters=2222))
        event = await anext(news)
        assert event["edge"]["node"]["distanceMeters"] == 2222
        await world.asked()
        published = await world.sent(PUBLISH, {"authorization": ROLE}, {"event": json.dumps(event)})
        assert published == {"data": {"publishTeamActivity": event}}
        heard = await socket.receive()
        assert heard["payload"] == {"data": {"teamActivityChanged": event}}


async def following(texts: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    """The news of a stream."""
    rest = ""
    async for text in texts:
        *blocks, rest = (rest + text).split("\n\n")
        for block in blocks:
            if event := parsed(block):
                yield event.news


@together
async def test_who_may_not_subscribe_or_filters_by_nonsense_is_told_so(world: World, team: Team) -> None:
    assert (await start(world, team.ann, team.id))["type"] == "start_ack"
    hidden = await start(world, world.sign_up("Eve"), f"team_{'0' * 32}")
    assert (hidden["type"], hidden["payload"]["errors"][0]["errorType"]) == ("error", "NOT_FOUND")
    unknown = {"fieldName": "a", "operator": "eq", "value": 1}
    for groups in ([], [{"filters": [unknown]}]):
        wrong = await start(world, team.ann, team.id, {"filterGroup": groups})
        assert (wrong["type"], wrong["payload"]["errors"][0]["errorType"]) == ("error", "BadRequestException")


@together
async def test_only_a_role_publishes(world: World, team: Team) -> None:
    for token in (team.ann, None):
        assert (await world.refused(PUBLISH, token, event="{}"))[0] == "Unauthorized"


def test_aws_accepts_our_javascript(tmp_path: Path) -> None:
    found = linted(tmp_path, {name: (SCRIPTS / name).read_text() for name in ("subscribe.js", "publish.js")})
    assert found == []


def test_aws_rules_find_what_appsync_cannot_run(tmp_path: Path) -> None:
    recursive = "export function request(ctx) { return ctx.args.n ? request(ctx) : null; }\n"
    assert {rule for _, rule in linted(tmp_path, {"bad.js": recursive + "for (let i = 0; i < 3; i++) {}\n"})} == {
        "@aws-appsync/no-recursion",
        "@aws-appsync/no-for",
        "@aws-appsync/no-disallowed-unary-operators",
    }


def linted(folder: Path, files: dict[str, str]) -> list[tuple[str, str]]:
    """What AWS's rules find, by file."""
    node, npm = find_node()
    install_packages(npm, HERE)
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    shutil.copy(HERE / "eslint.config.mjs", folder)
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": {"allowJs": True, "target": "es2022"}}))
    for name, text in files.items():
        (folder / name).write_text(text)
    command: list[str | Path] = [node, HERE / "node_modules/eslint/bin/eslint.js", "--format", "json", *files]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.stdout, ran.stderr[-3000:]
    return [
        (Path(each["filePath"]).name, str(one["ruleId"])) for each in json.loads(ran.stdout) for one in each["messages"]
    ]
