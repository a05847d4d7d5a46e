"""After a removal: what the team still counts and shows of whom it removed, and the ways back in."""

from datetime import timedelta
from typing import Any

import pytest

from milequest.store.sql.comparison import wrong_totals
from tests.journeys import LEG, NOW, Crew, crew, draft, walk
from tests.quest import Caller, Quest

REMOVE = "mutation ($i: RemoveMemberInput!) { removeMember(input: $i) { deletedMemberId team { memberCount } } }"
LEAVE = "mutation ($i: LeaveTeamInput!) { leaveTeam(input: $i) { deletedMemberId } }"
LIFT = "mutation ($i: LiftBanInput!) { liftBan(input: $i) { deletedBanId team { id } } }"
JOIN = "mutation ($i: JoinTeamInput!) { joinTeam(input: $i) { team { id } } }"
ACCEPT = "mutation ($i: AcceptInviteInput!) { acceptInvite(input: $i) { team { id } } }"
UPDATE = "mutation ($i: UpdateActivityInput!) { updateActivity(input: $i) { activity { version } } }"
DELETE = "mutation ($i: DeleteActivityInput!) { deleteActivity(input: $i) { deletedActivityId } }"
RENAME = 'mutation { updateProfile(input: {name: "You are all idiots"}) { viewer { id } } }'
PAGE = """query ($t: ID!) { team(id: $t) {
  activities { nodes { notes user { name } } }
  currentGoal {
    createdBy { name }
    leaderboard { entries { totalCount nodes { competitor { name } } } }
    progress {
      totalMeters version unattributedMeters topContributors { user { name } isFormerMember }
      milestones { reachedAt reachedBy { name } } } } } }"""
BANS = """query ($t: ID!, $first: Int, $after: String) { team(id: $t) { bans(first: $first, after: $after) {
  nodes { id user { name } bannedAt team { id } } pageInfo { hasNextPage endCursor } } } }"""
INVITE = "mutation ($i: CreateInviteInput!) { createInvite(input: $i) { code } }"
INVITES = "mutation ($i: CreateInvitesInput!) { createInvites(input: $i) { results { problem { code } } } }"
RECEIVED = "{ viewer { receivedInvites { teamName } } }"
LINKS = "query ($t: ID!) { team(id: $t) { invites { nodes { id } } } }"
ROTATE = "mutation ($i: RotateInviteInput!) { rotateInvite(input: $i) { code } }"
ASK = "mutation ($i: RequestToJoinInput!) { requestToJoin(input: $i) { joinRequest { id } } }"
APPROVE = "mutation ($i: ApproveJoinRequestInput!) { approveJoinRequest(input: $i) { team { memberCount } } }"
BY_REQUEST = "mutation ($t: ID!) { updateTeam(input: {teamId: $t, joinPolicy: REQUEST}) { team { id } } }"
NODE = "query ($id: ID!) { node(id: $id) { id } }"


@pytest.fixture
async def team(quest: Quest) -> Crew:
    """Ann's team of an open door, where Ben has walked a leg and a half of the goal that he proposed."""
    team = await crew(quest, is_public=True)
    await team.admin.run(
        "mutation ($t: ID!) { updateTeam(input: {teamId: $t, joinPolicy: OPEN}) { team { id } } }", t=team.team
    )
    goal = await draft(team.member, team.team)
    await team.admin.run("mutation ($g: ID!) { activateGoal(input: {goalId: $g}) { goal { id } } }", g=goal)
    return team


async def remove(team: Crew, **given: Any) -> None:
    rows = await team.admin.run(
        "query ($t: ID!) { team(id: $t) { members { nodes { id user { id } } } } }", t=team.team
    )
    user = f"user_{team.member.user_id.hex}"
    member = next(row["id"] for row in rows["team"]["members"]["nodes"] if row["user"]["id"] == user)
    await team.admin.run(REMOVE, i={"memberId": member} | given)


async def page(team: Crew) -> dict[str, Any]:
    return dict((await team.admin.run(PAGE, t=team.team))["team"])


async def total(team: Crew) -> float:
    return float((await page(team))["currentGoal"]["progress"]["totalMeters"])


async def refusal(caller: Caller, text: str, **given: Any) -> str:
    return str((await caller.refused(text, i=given))["code"])


async def test_walk_received_after_the_removal_counts_for_nothing_in_the_team(team: Crew) -> None:
    await walk(team.member, 1000)
    team.later(minutes=20)
    await remove(team)
    team.later(hours=2)
    await walk(team.member, 700, NOW + timedelta(minutes=10), notes="You are all idiots")
    assert await total(team) == 1000
    assert (await page(team))["activities"]["nodes"] == []
    assert await team.count("contribution") == 1


async def test_walk_received_after_leaving_counts_as_it_began_before(team: Crew) -> None:
    team.later(minutes=20)
    await team.member.run(LEAVE, i={"teamId": team.team})
    team.later(hours=2)
    await walk(team.member, 700, NOW + timedelta(minutes=10), notes="Sent late")
    assert await total(team) == 700
    assert [one["notes"] for one in (await page(team))["activities"]["nodes"]] == ["Sent late"]


async def test_edit_after_the_removal_can_only_lessen_the_sums(team: Crew) -> None:
    id = await walk(team.member, 1000)
    team.later(minutes=20)
    await remove(team)
    for meters, counted in ((1900, 1000), (600, 600), (1500, 600)):
        await team.member.run(UPDATE, i={"activityId": id, "distanceMeters": meters})
        assert await total(team) == counted
    earlier = (NOW - timedelta(hours=1)).isoformat()
    await team.member.run(UPDATE, i={"activityId": id, "startedAt": earlier})
    assert await total(team) == 600
    assert await wrong_totals(team.quest.runtime.reader) == {}
    before_joining = (NOW - timedelta(days=1)).isoformat()
    await team.member.run(UPDATE, i={"activityId": id, "startedAt": before_joining})
    assert await total(team) == 0
    await team.member.run(UPDATE, i={"activityId": id, "startedAt": earlier})
    assert await total(team) == 0, "who was removed puts nothing back"


async def test_walk_deleted_after_the_removal_leaves_the_sums(team: Crew) -> None:
    id = await walk(team.member, 1000)
    team.later(minutes=20)
    await remove(team)
    await team.member.run(DELETE, i={"activityId": id})
    assert await total(team) == 0


async def test_walk_that_stopped_being_private_after_the_removal_stays_so_for_the_team(team: Crew) -> None:
    id = await walk(team.member, 1000, privacy="PRIVATE")
    team.later(minutes=20)
    await remove(team)
    await team.member.run(UPDATE, i={"activityId": id, "privacy": "PUBLIC"})
    assert await total(team) == 1000
    assert await team.count("board_entry") == 0


async def test_whom_the_team_removed_is_named_nowhere_in_it_though_the_distance_stays(team: Crew) -> None:
    id = await walk(team.member, 1.5 * LEG, notes="You are all idiots")
    await walk(team.admin, 500)
    before = await page(team)
    assert "Ben" in str(before)
    team.later(minutes=20)
    await remove(team)
    await team.member.run(RENAME)
    shown = await page(team)
    assert "idiots" not in str(shown)
    assert "Ben" not in str(shown)
    assert [one["user"]["name"] for one in shown["activities"]["nodes"]] == ["Ann"]
    goal = shown["currentGoal"]
    assert goal["createdBy"] is None
    assert goal["leaderboard"]["entries"] == {"totalCount": 1, "nodes": [{"competitor": {"name": "Ann"}}]}
    progress = goal["progress"]
    assert progress["topContributors"] == [{"user": {"name": "Ann"}, "isFormerMember": False}]
    assert progress["totalMeters"] == before["currentGoal"]["progress"]["totalMeters"]
    assert progress["unattributedMeters"] == pytest.approx(1.5 * LEG, abs=0.001)
    assert progress["version"] > before["currentGoal"]["progress"]["version"]
    reached = [one for one in progress["milestones"] if one["reachedAt"]]
    assert reached
    assert all(one["reachedBy"] is None for one in reached)
    assert (await team.admin.run(NODE, id=id))["node"] is None
    assert (await team.member.run(NODE, id=id))["node"] == {"id": id}


async def test_lists_are_told_of_the_walks_they_lose_and_get_back(team: Crew) -> None:
    id = (await walk(team.member, 1000)).removeprefix("activity_")
    await walk(team.member, 900, privacy="PRIVATE")
    team.later(minutes=20)
    await remove(team)
    assert [event for event in await team.events() if event[1] == id][1:] == [("ACTIVITY_REMOVED", id)]
    team.later(minutes=1)
    await team.member.accept(await team.admin.invite(team.team))
    assert [event for event in await team.events() if event[1] == id][2:] == [("ACTIVITY_ADDED", id)]
    assert len((await page(team))["activities"]["nodes"]) == 1


async def test_only_an_invite_made_after_the_removal_lets_in_again(team: Crew) -> None:
    link = await team.admin.invite(team.team)
    address = await team.quest.runtime.reader.fetchval("SELECT email FROM app_user WHERE id = $1", team.member.user_id)
    team.later(minutes=20)
    await remove(team)
    team.later(minutes=1)
    assert await refusal(team.member, JOIN, teamId=team.team) == "FORBIDDEN"
    assert await refusal(team.member, ACCEPT, code=link) == "FORBIDDEN"
    rotated = await team.admin.run(
        ROTATE, i={"inviteId": (await team.admin.run(LINKS, t=team.team))["team"]["invites"]["nodes"][0]["id"]}
    )
    await team.member.run(ACCEPT, i={"code": rotated["rotateInvite"]["code"]})
    team.later(minutes=1)
    await remove(team)
    team.later(minutes=1)
    await team.stranger.run(JOIN, i={"teamId": team.team})
    await team.member.run(ACCEPT, i={"code": await team.admin.invite(team.team, email=address)})
    await team.member.run(LEAVE, i={"teamId": team.team})
    await team.member.run(JOIN, i={"teamId": team.team})


async def test_no_invite_lets_the_banned_in_before_the_ban_is_lifted(team: Crew) -> None:
    team.later(minutes=20)
    await remove(team, ban=True)
    team.later(minutes=1)
    fresh = await team.admin.invite(team.team)
    assert await refusal(team.member, ACCEPT, code=fresh) == "FORBIDDEN"
    assert await refusal(team.member, JOIN, teamId=team.team) == "FORBIDDEN"
    (ban,) = (await team.admin.run(BANS, t=team.team))["team"]["bans"]["nodes"]
    assert ban == {
        "id": ban["id"],
        "user": {"name": "Ben"},
        "bannedAt": "2026-11-22T09:50:00.000Z",
        "team": {"id": team.team},
    }
    for who in (team.member, team.stranger):
        assert (await who.run(BANS, t=team.team))["team"]["bans"] is None
        assert (await who.run(NODE, id=ban["id"]))["node"] is None
        assert await refusal(who, LIFT, banId=ban["id"]) == "NOT_FOUND"
    lifted = (await team.admin.run(LIFT, i={"banId": ban["id"]}))["liftBan"]
    assert lifted == {"deletedBanId": ban["id"], "team": {"id": team.team}}
    assert await refusal(team.admin, LIFT, banId=ban["id"]) == "NOT_FOUND"
    assert (await team.admin.run(BANS, t=team.team))["team"]["bans"]["nodes"] == []
    assert await refusal(team.member, JOIN, teamId=team.team) == "FORBIDDEN"
    await team.member.run(ACCEPT, i={"code": fresh})
    record = await team.quest.runtime.reader.fetchrow("SELECT banned_by, lifted_by FROM team_ban")
    assert record is not None
    assert tuple(record) == (team.admin.user_id, team.admin.user_id)


async def test_banned_address_gets_no_invite_and_is_shown_none(team: Crew) -> None:
    address = await team.quest.runtime.reader.fetchval("SELECT email FROM app_user WHERE id = $1", team.member.user_id)
    team.later(minutes=20)
    await remove(team)
    pending = {"teamId": team.team, "email": address}
    await team.admin.run(INVITE, i=pending)
    assert len((await team.member.run(RECEIVED))["viewer"]["receivedInvites"]) == 1
    team.later(minutes=1)
    await team.member.accept(await team.admin.invite(team.team))
    await remove(team, ban=True)
    assert (await team.member.run(RECEIVED))["viewer"]["receivedInvites"] == []
    assert await refusal(team.admin, INVITE, **pending) == "CONFLICT"
    both = {"teamId": team.team, "emails": [address, "new@example.com"]}
    results = (await team.admin.run(INVITES, i=both))["createInvites"]["results"]
    assert [one["problem"] and one["problem"]["code"] for one in results] == ["CONFLICT", None]


async def test_removed_member_is_let_in_by_an_approved_request_and_a_banned_one_asks_for_nothing(team: Crew) -> None:
    await team.admin.run(BY_REQUEST, t=team.team)
    team.later(minutes=20)
    await remove(team)
    team.later(minutes=1)
    request = (await team.member.run(ASK, i={"teamId": team.team}))["requestToJoin"]["joinRequest"]["id"]
    assert (await team.admin.run(APPROVE, i={"requestId": request}))["approveJoinRequest"]["team"]["memberCount"] == 2
    team.later(minutes=1)
    await remove(team, ban=True)
    team.later(minutes=1)
    assert await refusal(team.member, ASK, teamId=team.team) == "FORBIDDEN"


async def test_bans_are_paged_newest_first(team: Crew) -> None:
    for who in (team.member, team.stranger):
        team.later(minutes=5)
        if who is team.stranger:
            await who.accept(await team.admin.invite(team.team))
        await remove(Crew(team.quest, team.team, team.admin, who, who), ban=True)
    first = (await team.admin.run(BANS, t=team.team, first=1))["team"]["bans"]
    assert [one["user"]["name"] for one in first["nodes"]] == ["Eve"]
    assert first["pageInfo"]["hasNextPage"]
    rest = (await team.admin.run(BANS, t=team.team, first=1, after=first["pageInfo"]["endCursor"]))["team"]["bans"]
    assert [one["user"]["name"] for one in rest["nodes"]] == ["Ben"]
    assert not rest["pageInfo"]["hasNextPage"]
