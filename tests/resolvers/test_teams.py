"""Teams as clients found, find, change and delete them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.quest import FOUND, Caller, Quest

CREATE = """mutation ($input: CreateTeamInput!) { createTeam(input: $input) {
  team { id name description isPublic joinPolicy memberCount maxMembers timezone version viewerRole }
  membership { role user { id } team { id } } } }"""
UPDATE = """mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) {
  team { name description isPublic joinPolicy maxMembers timezone version } } }"""
DELETE = "mutation ($input: DeleteTeamInput!) { deleteTeam(input: $input) { deletedTeamId } }"
TEAM = "query ($id: ID!) { team(id: $id) { name memberCount viewerRole version } }"
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"name": " ab "}, "input.name", "TOO_SHORT"),
    ({"name": "a" * 51}, "input.name", "TOO_LONG"),
    ({"name": "tab\tbed"}, "input.name", "MALFORMED"),
    ({"name": "nul\0led"}, "input.name", "MALFORMED"),
    ({"description": "d" * 501}, "input.description", "TOO_LONG"),
    ({"maxMembers": 0}, "input.maxMembers", "OUT_OF_RANGE"),
    ({"maxMembers": 501}, "input.maxMembers", "OUT_OF_RANGE"),
    ({"timezone": "Mars/Olympus"}, "input.timezone", "UNKNOWN_ZONE"),
    ({"timezone": ""}, "input.timezone", "UNKNOWN_ZONE"),
    ({"idempotencyKey": "short"}, "input.idempotencyKey", "TOO_SHORT"),
]


async def test_a_team_is_founded_with_what_is_usual(quest: Quest) -> None:
    ann = await quest.user("Ann", "Europe/Paris")
    made = (await ann.run(CREATE, input={"name": "  Walkers  "}))["createTeam"]
    team = made["team"]
    assert team | {"id": ""} == {
        "id": "",
        "name": "Walkers",
        "description": None,
        "isPublic": False,
        "joinPolicy": "INVITE_ONLY",
        "memberCount": 1,
        "maxMembers": 50,
        "timezone": "Europe/Paris",
        "version": team["version"],
        "viewerRole": "ADMIN",
    }
    assert made["membership"]["role"] == "ADMIN"
    assert made["membership"]["team"] == {"id": team["id"]}
    assert made["membership"]["user"] == {"id": f"user_{ann.user_id.hex}"}


async def test_a_team_is_founded_with_what_is_given(quest: Quest) -> None:
    ann = await quest.user("Ann")
    given = {
        "name": "Strollers",
        "description": "We stroll.\nSlowly.",
        "isPublic": True,
        "joinPolicy": "OPEN",
        "maxMembers": 3,
        "timezone": "Asia/Kolkata",
    }
    made = (await ann.run(CREATE, input=given))["createTeam"]["team"]
    assert {name: made[name] for name in given} == given


async def test_invalid_team_fields_are_refused_by_field(quest: Quest) -> None:
    ann = await quest.user("Ann")
    for given, path, code in WRONG:
        refused = await quest.refusal(ann, CREATE, input={"name": "Walkers"} | given)
        assert refused["code"] == "VALIDATION_ERROR"
        assert [(fault["path"], fault["code"]) for fault in refused["fields"]] == [(path, code)]


async def test_a_name_is_taken_however_it_is_written_until_its_team_is_gone(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    team = await ann.found("Los Ñandúes")
    assert (await quest.refusal(bob, CREATE, input={"name": "los   ñandúes"}))["code"] == "CONFLICT"
    other = await bob.found("Others")
    taken = {"teamId": other, "name": "LOS ÑANDÚES"}
    assert (await quest.refusal(bob, UPDATE, input=taken))["code"] == "CONFLICT"
    await ann.run(DELETE, input={"teamId": team, "confirmName": "Los Ñandúes"})
    await bob.run(UPDATE, input=taken)


async def test_eleventh_team_founded_in_a_day_is_rate_limited(quest: Quest) -> None:
    ann = await quest.user("Ann")
    for number in range(10):
        team = await ann.found(f"Team {number}")
        await ann.run(DELETE, input={"teamId": team, "confirmName": f"Team {number}"})
        ann.now += timedelta(minutes=1)
    refused = await quest.refusal(ann, CREATE, input={"name": "One too many"})
    assert refused["code"] == "RATE_LIMITED"
    assert 23 * 3600 < refused["retryAfterSeconds"] < 24 * 3600
    ann.now += timedelta(seconds=refused["retryAfterSeconds"])
    await ann.found("The next day")


async def test_twenty_first_team_cannot_be_founded(quest: Quest) -> None:
    ann = await quest.user("Ann")
    for number in range(20):
        await ann.found(f"Team {number}")
        ann.now += timedelta(hours=3)
    assert (await quest.refusal(ann, CREATE, input={"name": "One too many"}))["code"] == "CONFLICT"


async def test_the_same_key_founds_once(quest: Quest) -> None:
    ann = await quest.user("Ann")
    given = {"name": "Walkers", "idempotencyKey": "a key of mine"}
    first = await ann.run(CREATE, input=given)
    assert await ann.run(CREATE, input=given) == first
    other = await quest.refusal(ann, CREATE, input=given | {"name": "Strollers"})
    assert other["code"] == "IDEMPOTENCY_MISMATCH"


async def test_team_update_keeps_absent_fields_and_clears_null_ones(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers", description="We walk.", maxMembers=7)
    await ann.run(UPDATE, input={"teamId": team, "name": "Strollers", "isPublic": True})
    changed = await ann.run(UPDATE, input={"teamId": team, "description": None, "timezone": "Pacific/Apia"})
    assert changed["updateTeam"]["team"] == {
        "name": "Strollers",
        "description": None,
        "isPublic": True,
        "joinPolicy": "INVITE_ONLY",
        "maxMembers": 7,
        "timezone": "Pacific/Apia",
        "version": changed["updateTeam"]["team"]["version"],
    }


async def test_team_update_with_null_for_a_required_field_is_refused(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    for name in ("name", "isPublic", "joinPolicy", "maxMembers", "timezone"):
        refused = await quest.refusal(ann, UPDATE, input={"teamId": team, name: None})
        assert (refused["fields"][0]["path"], refused["fields"][0]["code"]) == (f"input.{name}", "REQUIRED")


async def test_an_update_of_an_old_version_is_refused(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    version = (await ann.run(TEAM, id=team))["team"]["version"]
    first = await ann.run(UPDATE, input={"teamId": team, "name": "Strollers", "expectedVersion": version})
    assert first["updateTeam"]["team"]["version"] == version + 1
    refused = await quest.refusal(ann, UPDATE, input={"teamId": team, "name": "Amblers", "expectedVersion": version})
    assert (refused["code"], refused["currentVersion"]) == ("STALE_VERSION", version + 1)


async def test_team_update_without_a_change_records_no_event(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    before = await quest.state()
    await ann.run(UPDATE, input={"teamId": team, "name": "Walkers", "joinPolicy": "INVITE_ONLY"})
    assert await quest.state() == before


async def test_team_update_below_the_number_of_members_is_refused(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    team = await ann.found("Walkers")
    await bob.accept(await ann.invite(team))
    refused = await quest.refusal(ann, UPDATE, input={"teamId": team, "maxMembers": 1})
    assert refused["fields"] == [
        {
            "path": "input.maxMembers",
            "code": "OUT_OF_RANGE",
            "message": "the team has 2 members",
            "min": 2,
            "max": 500,
        }
    ]
    await ann.run(UPDATE, input={"teamId": team, "maxMembers": 2})


async def test_boards_follow_a_teams_zone_name_and_publicity(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    board, of_teams = await _versions(quest, team)
    await ann.run(UPDATE, input={"teamId": team, "name": "Strollers"})
    assert await _versions(quest, team) == (board, of_teams)
    await ann.run(UPDATE, input={"teamId": team, "timezone": "Asia/Tokyo"})
    assert await _versions(quest, team) == (board + 1, of_teams)
    changes: list[dict[str, Any]] = [{"isPublic": True}, {"name": "Amblers"}, {"isPublic": False}]
    for number, given in enumerate(changes, 1):
        await ann.run(UPDATE, input={"teamId": team} | given)
        assert (await _versions(quest, team))[1] == of_teams + number


async def _versions(quest: Quest, team: str) -> tuple[int, int]:
    """Return the versions of the team's boards, and of the boards of teams."""
    db = quest.runtime.reader
    of_team = await db.fetchval("SELECT version FROM team_board WHERE team_id = $1", _uuid(team))
    return of_team, await db.fetchval("SELECT sum(version)::bigint FROM teams_board_shard")


async def test_deleting_takes_the_name_letter_by_letter(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    refused = await quest.refusal(ann, DELETE, input={"teamId": team, "confirmName": "walkers"})
    assert refused["fields"][0]["path"] == "input.confirmName"


async def test_deleting_ends_what_is_open_and_keeps_what_was(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    team = await ann.found("Walkers", isPublic=True)
    code = await ann.invite(team)
    await bob.accept(code)
    used = await ann.invite(team, maxUses=1)
    await (await quest.user("Cid")).accept(used)
    goals = {status: await _goal(quest, team, ann, status) for status in ("DRAFT", "ACTIVE", "COMPLETED", "FAILED")}
    done = await ann.run(DELETE, input={"teamId": team, "confirmName": "Walkers"})
    assert done["deleteTeam"] == {"deletedTeamId": team}
    db = quest.runtime.reader
    statuses = {row["id"]: row["status"] for row in await db.fetch("SELECT id, status FROM goal")}
    assert statuses == {
        goals["DRAFT"]: "CANCELLED",
        goals["ACTIVE"]: "CANCELLED",
        goals["COMPLETED"]: "COMPLETED",
        goals["FAILED"]: "FAILED",
    }
    rows = await db.fetch("SELECT left_at, left_reason FROM team_member")
    assert [tuple(row) for row in rows] == [(ann.now, "TEAM_DELETED")] * 3
    states = await db.fetch("SELECT state FROM team_invite ORDER BY max_uses DESC")
    assert [row[0] for row in states] == ["REVOKED", "ACCEPTED"]
    for caller in (ann, bob, quest.anonymous):
        assert (await caller.run(TEAM, id=team))["team"] is None
        found = await caller.run('{ searchTeams(query: "Walkers") { nodes { id } } }')
        assert found == {"searchTeams": {"nodes": []}}
    assert (await quest.refusal(ann, UPDATE, input={"teamId": team, "name": "Zombies"}))["code"] == "NOT_FOUND"
    deleted_twice = {"teamId": team, "confirmName": "Walkers"}
    assert (await quest.refusal(ann, DELETE, input=deleted_twice))["code"] == "NOT_FOUND"
    assert (await bob.run("{ viewer { memberships { id } } }"))["viewer"]["memberships"] == []


async def _goal(quest: Quest, team: str, creator: Caller, status: str) -> UUID:
    """Insert a goal as a row: only its status matters here."""
    goal_id: UUID = await quest.runtime.writer.fetchval(
        """WITH line AS (
             INSERT INTO route (id, source, length_mm, south, west, north, east, overview, created_at)
             VALUES (gen_random_uuid(), 'WAYPOINTS', 1, 0, 0, 1, 1, '', $3) RETURNING id)
           INSERT INTO goal (id, team_id, route_id, name, status, starts_on, ends_on, target_mm, created_by,
                             created_at, updated_at)
           SELECT gen_random_uuid(), $1, line.id, 'Far', $4, '2026-01-01', '2026-02-01', 1, $2, $3, $3 FROM line
           RETURNING id""",
        _uuid(team),
        creator.user_id,
        creator.now,
        status,
    )
    return goal_id


async def test_founding_a_team_needs_a_signed_in_user(quest: Quest) -> None:
    assert (await quest.refusal(quest.anonymous, FOUND, input={"name": "Walkers"}))["code"] == "UNAUTHENTICATED"


def _uuid(text: str) -> UUID:
    return UUID(text.partition("_")[2])
