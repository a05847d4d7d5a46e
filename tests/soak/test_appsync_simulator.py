"""Amplify's AppSync simulator accepts our print, calls the deployed function by field and by batch, and gives clients
the service's own answers. Its AppSync runs no JavaScript: ours is run beside it, and checked by AWS's own rules.
"""

import json
import shutil
import subprocess
from pathlib import Path

from app.bundle import find_node, install_packages
from tests.documents import LOG_WHOLE_WALK as LOG
from tests.documents import WHOLE_TEAM as TEAM
from tests.soak.appsync.team import Team, team, together, walk, world
from tests.soak.appsync.world import API_KEY, HERE, SCRIPTS, World
from tests.subscriptions.team import FOUND

__all__ = ["team", "world"]


@together
async def test_a_page_comes_out_as_from_the_service_and_children_come_in_batches(world: World, team: Team) -> None:
    await world.asked()
    assert await world.run(TEAM, team.ben, id=team.id) == await world.ours(TEAM, team.ben, id=team.id)
    asked = await world.asked()
    assert ("Query.team", 1) in asked
    assert ("GoalProgress.milestones", 1) in asked
    assert len(asked) < 20


@together
async def test_field_of_several_parents_is_one_batch_call(world: World, team: Team) -> None:
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
async def test_api_key_caller_reads_as_anonymous(world: World, team: Team) -> None:
    public = "query ($id: ID!) { viewer { id } team(id: $id) { name memberCount viewerRole } }"
    told = await world.run(public, id=team.id)
    assert told == {"viewer": None, "team": {"name": "Walkers", "memberCount": 2, "viewerRole": None}}
    assert (await world.run(public, team.ann, id=team.id))["team"]["viewerRole"] == "ADMIN"
    assert (await world.refused('{ activity(id: "activity_0") { id } }'))[0] == "Unauthorized"
    assert (await world.refused(LOG, input=walk()))[0] == "Unauthorized"
    stranger = await world.sent(public, {"x-api-key": API_KEY[::-1]}, {"id": team.id})
    assert stranger["errors"][0]["errorType"] == "UnauthorizedException"


@together
async def test_refused_mutation_has_appsyncs_error_type(world: World, team: Team) -> None:
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
    """Return the service's refusal of a walk backwards."""
    body = {"query": LOG, "variables": {"input": walk(distanceMeters=-1)}}
    answer = await world.client.post(world.service.url, json=body, headers={"authorization": team.ann})
    return str(answer.json()["errors"][0]["message"])


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
    """Return the findings of AWS's rules, by file."""
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
