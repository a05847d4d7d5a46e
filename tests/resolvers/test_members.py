"""Joining and leaving, roles, and the list of members."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.quest import Caller, Quest

JOIN = """mutation ($team: ID!) { joinTeam(input: {teamId: $team}) {
  team { id memberCount viewerRole } memberEdge { cursor node { id role user { name } team { id memberCount } } } } }"""
LEAVE = (
    "mutation ($team: ID!) { leaveTeam(input: {teamId: $team}) { deletedMemberId team { id memberCount viewerRole } } }"
)
REMOVE = "mutation ($id: ID!) { removeMember(input: {memberId: $id}) { deletedMemberId team { memberCount } } }"
ROLE = """mutation ($id: ID!, $role: TeamRole!) { setMemberRole(input: {memberId: $id, role: $role}) {
  member { id role } } }"""
MEMBERS = """query ($team: ID!, $first: Int, $after: String) { team(id: $team) { memberCount
  members(first: $first, after: $after) { totalCount nodes { id role user { name } }
  edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""

WRONG_PAGES: list[tuple[dict[str, Any], str]] = [
    ({"first": 0}, "first"),
    ({"first": 51}, "first"),
    ({"after": "nonsense"}, "after"),
    ({"after": "MQAy"}, "after"),  # a member's sort key is no such cursor
    ({"after": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkAMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA"}, "after"),
]


async def test_joining_an_open_team_makes_a_member_and_an_event(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    team = await ann.found("Walkers", isPublic=True, joinPolicy="OPEN")
    joined = (await bob.run(JOIN, team=team))["joinTeam"]
    assert joined["team"] == {"id": team, "memberCount": 2, "viewerRole": "MEMBER"}
    assert joined["memberEdge"]["node"]["role"] == "MEMBER"
    assert joined["memberEdge"]["node"]["user"] == {"name": "Bob"}
    assert joined["memberEdge"]["node"]["team"] == {"id": team, "memberCount": 2}
    page = await _members(ann, team)
    assert page["edges"][1]["cursor"] == joined["memberEdge"]["cursor"]
    assert await _events(quest, team) == ["MEMBER_ADDED", "MEMBER_ADDED"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"isPublic": True, "joinPolicy": "INVITE_ONLY"}, "FORBIDDEN"),
        ({"isPublic": True, "joinPolicy": "REQUEST"}, "FORBIDDEN"),
        ({"isPublic": True, "joinPolicy": "OPEN", "maxMembers": 1}, "TEAM_FULL"),
        ({"isPublic": False, "joinPolicy": "OPEN"}, "NOT_FOUND"),
        ({"isPublic": False, "joinPolicy": "INVITE_ONLY"}, "NOT_FOUND"),
    ],
)
async def test_join_of_a_closed_full_or_private_team_is_refused(
    quest: Quest, given: dict[str, object], code: str
) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    team = await ann.found("Walkers", **given)
    assert (await quest.refusal(bob, JOIN, team=team))["code"] == code
    assert (await quest.refusal(ann, JOIN, team=team))["code"] == "ALREADY_MEMBER"
    assert (await quest.refusal(quest.anonymous, JOIN, team=team))["code"] == "UNAUTHENTICATED"


async def test_twenty_first_team_cannot_be_joined(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    for number in range(20):
        await ann.found(f"Team {number}")
        ann.now += timedelta(hours=3)
    team = await bob.found("Walkers", isPublic=True, joinPolicy="OPEN")
    assert (await quest.refusal(ann, JOIN, team=team))["code"] == "CONFLICT"
    code = await bob.invite(team)
    accept = "mutation ($code: String!) { acceptInvite(input: {code: $code}) { team { id } } }"
    assert (await quest.refusal(ann, accept, code=code))["code"] == "CONFLICT"


async def test_rejoining_after_leaving_makes_a_new_membership(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    team = await ann.found("Walkers", isPublic=True, joinPolicy="OPEN")
    first = (await bob.run(JOIN, team=team))["joinTeam"]["memberEdge"]["node"]["id"]
    bob.now += timedelta(hours=1)
    left = (await bob.run(LEAVE, team=team))["leaveTeam"]
    assert left == {"deletedMemberId": first, "team": {"id": team, "memberCount": 1, "viewerRole": None}}
    assert (await quest.refusal(bob, LEAVE, team=team))["code"] == "NOT_MEMBER"
    again = (await bob.run(JOIN, team=team))["joinTeam"]["memberEdge"]["node"]["id"]
    assert again != first
    rows = await quest.runtime.reader.fetch(
        "SELECT counts_from, left_at, left_reason FROM team_member WHERE user_id = $1 ORDER BY counts_from", bob.user_id
    )
    midnight = bob.now.replace(hour=0, minute=0, second=0, microsecond=0)
    assert [tuple(row) for row in rows] == [(midnight, bob.now, "LEFT"), (bob.now, None, None)]
    assert (await _events(quest, team))[1:] == ["MEMBER_ADDED", "MEMBER_REMOVED", "MEMBER_ADDED"]


async def test_a_clock_that_runs_behind_ends_no_membership_before_it_began(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    team = await ann.found("Walkers", isPublic=True, joinPolicy="OPEN")
    await bob.run(JOIN, team=team)
    await bob.run(LEAVE, team=team)
    await bob.run(JOIN, team=team)
    bob.now -= timedelta(days=2)
    await bob.run(LEAVE, team=team)
    assert await quest.runtime.reader.fetchval("SELECT count(*) FROM team_member WHERE left_at < counts_from") == 0
    assert await quest.runtime.reader.fetchval("SELECT bool_and(member_count = 1) FROM team")


async def test_the_only_admin_stays_while_others_do(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    team = await ann.found("Walkers")
    member = await bob.accept(await ann.invite(team))
    assert (await quest.refusal(ann, LEAVE, team=team))["code"] == "LAST_ADMIN"
    own = (await _members(ann, team))["nodes"][0]["id"]
    assert (await quest.refusal(ann, ROLE, id=own, role="MEMBER"))["code"] == "LAST_ADMIN"
    promoted = await ann.run(ROLE, id=member, role="ADMIN")
    assert promoted["setMemberRole"]["member"] == {"id": member, "role": "ADMIN"}
    assert (await ann.run(LEAVE, team=team))["leaveTeam"]["team"] is None
    assert [node["role"] for node in (await _members(bob, team))["nodes"]] == ["ADMIN"]


async def test_a_team_ends_with_its_only_member(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers", isPublic=True)
    code = await ann.invite(team)
    assert (await ann.run(LEAVE, team=team))["leaveTeam"]["team"] is None
    row = await quest.runtime.reader.fetchrow("SELECT deleted_at, member_count FROM team")
    assert row is not None
    assert tuple(row) == (ann.now, 0)
    assert await quest.runtime.reader.fetchval("SELECT left_reason FROM team_member") == "LEFT"
    preview = "query ($code: String!) { invitePreview(code: $code) { state } }"
    assert (await ann.run(preview, code=code))["invitePreview"] is None
    await ann.found("Walkers")


async def test_an_admin_removes_others_but_not_themselves(quest: Quest) -> None:
    ann, bob, cid = await quest.user("Ann"), await quest.user("Bob"), await quest.user("Cid")
    team = await ann.found("Walkers", isPublic=True)
    code = await ann.invite(team)
    of_bob, of_cid = await bob.accept(code), await cid.accept(code)
    own = (await _members(ann, team))["nodes"][0]["id"]
    assert (await quest.refusal(ann, REMOVE, id=own))["code"] == "FORBIDDEN"
    assert (await quest.refusal(bob, REMOVE, id=of_cid))["code"] == "FORBIDDEN"
    assert (await quest.refusal(bob, REMOVE, id=of_bob))["code"] == "FORBIDDEN"
    removed = await ann.run(REMOVE, id=of_bob)
    assert removed["removeMember"] == {"deletedMemberId": of_bob, "team": {"memberCount": 2}}
    assert (await quest.refusal(ann, REMOVE, id=of_bob))["code"] == "NOT_FOUND"
    assert (await quest.refusal(bob, REMOVE, id=of_cid))["code"] == "NOT_FOUND"
    assert (await bob.run(MEMBERS, team=team))["team"]["members"] is None
    reason = "SELECT left_reason FROM team_member WHERE user_id = $1"
    assert await quest.runtime.reader.fetchval(reason, bob.user_id) == "REMOVED"
    assert (await _events(quest, team))[-1] == "MEMBER_REMOVED"


async def test_roles_are_given_by_admins_alone(quest: Quest) -> None:
    ann, bob, cid = await quest.user("Ann"), await quest.user("Bob"), await quest.user("Cid")
    team = await ann.found("Walkers", isPublic=True)
    member = await bob.accept(await ann.invite(team))
    assert (await quest.refusal(bob, ROLE, id=member, role="ADMIN"))["code"] == "FORBIDDEN"
    assert (await quest.refusal(cid, ROLE, id=member, role="ADMIN"))["code"] == "NOT_FOUND"
    await ann.run(ROLE, id=member, role="ADMIN")
    assert (await _events(quest, team))[-1] == "MEMBER_CHANGED"
    before = await quest.state()
    await ann.run(ROLE, id=member, role="ADMIN")
    assert await quest.state() == before
    await bob.run(REMOVE, id=(await _members(ann, team))["nodes"][0]["id"])
    assert (await quest.refusal(ann, ROLE, id=member, role="MEMBER"))["code"] == "NOT_FOUND"


async def test_boards_follow_who_comes_and_goes(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    team = await ann.found("Walkers", isPublic=True, joinPolicy="OPEN")
    version = await _board(quest)
    await bob.run(JOIN, team=team)
    assert await _board(quest) == version + 1
    member = (await _members(ann, team))["nodes"][1]["id"]
    await ann.run(ROLE, id=member, role="ADMIN")
    assert await _board(quest) == version + 1
    await ann.run(REMOVE, id=member)
    assert await _board(quest) == version + 2
    ann.now += timedelta(minutes=1)
    bob.now = ann.now
    await bob.accept(await ann.invite(team))
    await bob.run(LEAVE, team=team)
    assert await _board(quest) == version + 4


async def test_walk_earlier_on_the_joining_day_counts_for_the_team(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    for caller in (ann, bob):
        caller.now = caller.now.replace(hour=12)
    team = await ann.found("Walkers", isPublic=True, joinPolicy="OPEN")
    for hours in (3, 13):
        started = (bob.now - timedelta(hours=hours)).isoformat()
        walk = {"distanceMeters": 1000, "durationSeconds": 900, "startedAt": started}
        await bob.run("mutation ($i: LogActivityInput!) { logActivity(input: $i) { activity { id } } }", i=walk)
    await bob.run(JOIN, team=team)
    counted = await quest.runtime.reader.fetch("SELECT team_id, user_id, started_at FROM contribution")
    assert [tuple(row) for row in counted] == [(_uuid(team), bob.user_id, bob.now - timedelta(hours=3))]


async def test_pages_of_members_neither_skip_nor_repeat(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    code = await ann.invite(team)
    names = ["Ann"]
    for name in ("Bob", "Cid", "Dee", "Eva"):
        caller = await quest.user(name)
        caller.now = ann.now + timedelta(seconds=len(names) // 2)  # several at one instant
        await caller.accept(code)
        names.append(name)
    whole = await _members(ann, team, first=50)
    assert whole["totalCount"] == 5
    assert sorted(node["user"]["name"] for node in whole["nodes"]) == sorted(names)
    assert whole["pageInfo"]["hasNextPage"] is False
    seen: list[dict[str, Any]] = []
    after = None
    for _ in names:
        page = await _members(ann, team, first=1, after=after)
        assert page["totalCount"] == 5
        assert page["pageInfo"]["startCursor"] == page["pageInfo"]["endCursor"] == page["edges"][0]["cursor"]
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
    assert seen == whole["nodes"]
    beyond = await _members(ann, team, first=1, after=after)
    assert beyond["nodes"] == []
    assert beyond["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "startCursor": None,
        "endCursor": None,
    }


async def test_invalid_page_arguments_are_refused_by_field(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    for given, path in WRONG_PAGES:
        refused = await ann.refused(MEMBERS, team=team, **given)
        assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", path)


async def _members(caller: Caller, team: str, **page: object) -> dict[str, Any]:
    members: dict[str, Any] = (await caller.run(MEMBERS, team=team, **page))["team"]["members"]
    return members


async def _events(quest: Quest, team: str) -> list[str]:
    rows = await quest.runtime.reader.fetch(
        "SELECT kind FROM event WHERE channel = $1 ORDER BY sequence", f"team:{_uuid(team).hex}"
    )
    return [row[0] for row in rows]


async def _board(quest: Quest) -> int:
    version: int = await quest.runtime.reader.fetchval("SELECT version FROM team_board")
    return version


def _uuid(text: str) -> UUID:
    return UUID(text.partition("_")[2])
