"""Requests to join a team: asking, answering, and what ends them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.quest import Caller, Quest

FIELDS = "id requestState message answeredAt mayAskAgainAt user { name } team { id memberCount viewerRole }"
ASK = f"mutation ($input: RequestToJoinInput!) {{ requestToJoin(input: $input) {{ joinRequest {{ {FIELDS} }} }} }}"
WITHDRAW = """mutation ($input: WithdrawJoinRequestInput!) { withdrawJoinRequest(input: $input) {
  joinRequest { id requestState } } }"""
APPROVE = f"""mutation ($input: ApproveJoinRequestInput!) {{ approveJoinRequest(input: $input) {{
  joinRequest {{ {FIELDS} }} team {{ memberCount }} memberEdge {{ cursor node {{ id role user {{ name }} }} }} }} }}"""
REJECT = f"""mutation ($input: RejectJoinRequestInput!) {{ rejectJoinRequest(input: $input) {{
  joinRequest {{ {FIELDS} }} }} }}"""
QUEUE = """query ($id: ID!, $after: String) { team(id: $id) { joinRequests(first: 2, after: $after) {
  nodes { id user { name } } pageInfo { hasNextPage endCursor } } } }"""
MINE = "{ viewer { sentJoinRequests { id requestState team { name } } } }"
JOIN = "mutation ($input: JoinTeamInput!) { joinTeam(input: $input) { team { id } } }"
LEAVE = "mutation ($input: LeaveTeamInput!) { leaveTeam(input: $input) { deletedMemberId } }"
UPDATE = "mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { team { id } } }"
DELETE = "mutation ($input: DeleteTeamInput!) { deleteTeam(input: $input) { deletedTeamId } }"
NODE = "query ($id: ID!) { node(id: $id) { id } }"


async def test_request_that_is_approved_makes_its_author_a_member(quest: Quest) -> None:
    ann, ben, team = await _asked_team(quest)
    asked = await _ask(ben, team, message=" I walk\nfast. ")
    assert asked["requestState"] == "PENDING"
    assert asked["message"] == "I walk\nfast."
    assert await _queue(ann, team) == ["Ben"]
    done = (await ann.run(APPROVE, input={"requestId": asked["id"]}))["approveJoinRequest"]
    assert done["joinRequest"]["requestState"] == "APPROVED"
    assert done["team"] == {"memberCount": 2}
    assert done["memberEdge"]["node"] | {"id": ""} == {"id": "", "role": "MEMBER", "user": {"name": "Ben"}}
    assert await _queue(ann, team) == []
    assert (await ben.run(MINE))["viewer"]["sentJoinRequests"][0]["requestState"] == "APPROVED"
    again = (await ann.run(APPROVE, input={"requestId": asked["id"]}))["approveJoinRequest"]
    assert again == done
    await ben.run(LEAVE, input={"teamId": team})
    assert (await ann.run(APPROVE, input={"requestId": asked["id"]}))["approveJoinRequest"]["memberEdge"] is None
    assert (await quest.refusal(ann, REJECT, input={"requestId": asked["id"]}))["code"] == "CONFLICT"


async def test_request_while_one_is_pending_is_that_one(quest: Quest) -> None:
    ann, ben, team = await _asked_team(quest)
    first = await _ask(ben, team, message="Please")
    assert await _ask(ben, team, message="Now") == first
    assert await _queue(ann, team) == ["Ben"]


@pytest.mark.parametrize("policy", ["OPEN", "INVITE_ONLY"])
async def test_request_to_a_team_of_another_policy_is_forbidden(quest: Quest, policy: str) -> None:
    _, ben, team = await _asked_team(quest, joinPolicy=policy)
    assert (await quest.refusal(ben, ASK, input={"teamId": team}))["code"] == "FORBIDDEN"


async def test_request_to_a_private_team_is_answered_as_one_to_a_missing_team(quest: Quest) -> None:
    _, ben, team = await _asked_team(quest, isPublic=False)
    hidden = await quest.refusal(ben, ASK, input={"teamId": team})
    missing = await quest.refusal(ben, ASK, input={"teamId": f"team_{'0' * 31}7"})
    assert hidden["code"] == "NOT_FOUND"
    assert hidden | {"requestId": ""} == missing | {"requestId": ""}


async def test_request_of_a_member_is_refused(quest: Quest) -> None:
    ann, _, team = await _asked_team(quest)
    assert (await quest.refusal(ann, ASK, input={"teamId": team}))["code"] == "ALREADY_MEMBER"


async def test_joining_a_team_that_takes_requests_is_forbidden(quest: Quest) -> None:
    _, ben, team = await _asked_team(quest)
    assert (await quest.refusal(ben, JOIN, input={"teamId": team}))["code"] == "FORBIDDEN"


async def test_rejected_user_may_ask_again_after_a_week(quest: Quest) -> None:
    ann, ben, team = await _asked_team(quest)
    first = await _ask(ben, team)
    rejected = (await ann.run(REJECT, input={"requestId": first["id"]}))["rejectJoinRequest"]["joinRequest"]
    assert rejected["requestState"] == "REJECTED"
    assert rejected["mayAskAgainAt"] > rejected["answeredAt"]
    assert (await ann.run(REJECT, input={"requestId": first["id"]}))["rejectJoinRequest"]["joinRequest"] == rejected
    ben.now = ann.now + timedelta(days=7, seconds=-1)
    refused = await quest.refusal(ben, ASK, input={"teamId": team})
    assert (refused["code"], refused["retryAfterSeconds"]) == ("RATE_LIMITED", 1)
    ben.now += timedelta(seconds=1)
    assert (await _ask(ben, team))["id"] != first["id"]


async def test_withdrawn_request_is_withdrawn_once_and_may_be_made_again_at_once(quest: Quest) -> None:
    ann, ben, team = await _asked_team(quest)
    first = await _ask(ben, team)
    for _ in range(2):
        done = await ben.run(WITHDRAW, input={"requestId": first["id"]})
        assert done["withdrawJoinRequest"]["joinRequest"] == {"id": first["id"], "requestState": "WITHDRAWN"}
    assert (await quest.refusal(ann, APPROVE, input={"requestId": first["id"]}))["code"] == "CONFLICT"
    second = await _ask(ben, team)
    await ann.run(REJECT, input={"requestId": second["id"]})
    assert (await quest.refusal(ben, WITHDRAW, input={"requestId": second["id"]}))["code"] == "CONFLICT"


async def test_approval_into_a_full_team_is_refused_and_leaves_the_request_pending(quest: Quest) -> None:
    ann, ben, team = await _asked_team(quest, maxMembers=1)
    asked = await _ask(ben, team)
    assert (await quest.refusal(ann, APPROVE, input={"requestId": asked["id"]}))["code"] == "TEAM_FULL"
    await ann.run(UPDATE, input={"teamId": team, "maxMembers": 2})
    await ann.run(APPROVE, input={"requestId": asked["id"]})


async def test_request_is_visible_to_its_author_and_admins_alone(quest: Quest) -> None:
    ann, ben, team = await _asked_team(quest)
    eve, dee = await quest.user("Eve"), await quest.user("Dee")
    await dee.accept(await ann.invite(team))
    asked = await _ask(ben, team)
    for caller in (ann, ben):
        assert (await caller.run(NODE, id=asked["id"]))["node"] == {"id": asked["id"]}
    for caller in (eve, dee, quest.anonymous):
        assert (await caller.run(NODE, id=asked["id"]))["node"] is None
        assert (await caller.run(QUEUE, id=team))["team"]["joinRequests"] is None
    for text in (APPROVE, REJECT, WITHDRAW):
        for caller in (eve, dee):
            assert (await quest.refusal(caller, text, input={"requestId": asked["id"]}))["code"] == "NOT_FOUND"


async def test_requests_are_paged_oldest_first(quest: Quest) -> None:
    ann, ben, team = await _asked_team(quest)
    for number, caller in enumerate([ben, await quest.user("Dee"), await quest.user("Eve")]):
        caller.now += timedelta(seconds=number)
        await _ask(caller, team)
    page = (await ann.run(QUEUE, id=team))["team"]["joinRequests"]
    assert [one["user"]["name"] for one in page["nodes"]] == ["Ben", "Dee"]
    assert page["pageInfo"]["hasNextPage"]
    rest = (await ann.run(QUEUE, id=team, after=page["pageInfo"]["endCursor"]))["team"]["joinRequests"]
    assert [one["user"]["name"] for one in rest["nodes"]] == ["Eve"]


@pytest.mark.parametrize(
    "change", [{"joinPolicy": "INVITE_ONLY"}, {"joinPolicy": "OPEN"}, {"isPublic": False}], ids=str
)
async def test_pending_requests_end_when_the_team_takes_none(quest: Quest, change: dict[str, Any]) -> None:
    ann, ben, team = await _asked_team(quest)
    asked = await _ask(ben, team)
    await ann.run(UPDATE, input={"teamId": team, "name": "Strollers"})
    assert await _queue(ann, team) == ["Ben"]
    await ann.run(UPDATE, input={"teamId": team} | change)
    assert await _queue(ann, team) == []
    assert (await quest.refusal(ann, APPROVE, input={"requestId": asked["id"]}))["code"] == "CONFLICT"


async def test_pending_request_ends_when_its_author_joins_by_an_invite(quest: Quest) -> None:
    ann, ben, team = await _asked_team(quest)
    dee = await quest.user("Dee")
    await _ask(ben, team)
    await _ask(dee, team)
    await ben.accept(await ann.invite(team))
    assert await _queue(ann, team) == ["Dee"]
    assert (await ben.run(MINE))["viewer"]["sentJoinRequests"][0]["requestState"] == "ENDED"


async def test_request_ends_with_its_team(quest: Quest) -> None:
    ann, ben, team = await _asked_team(quest)
    asked = await _ask(ben, team)
    await ann.run(DELETE, input={"teamId": team, "confirmName": "Walkers"})
    assert await quest.runtime.writer.fetchval("SELECT state FROM join_request") == "ENDED"
    assert (await ben.run(MINE))["viewer"]["sentJoinRequests"] == []
    assert (await quest.refusal(ben, WITHDRAW, input={"requestId": asked["id"]}))["code"] == "NOT_FOUND"


async def test_pending_requests_of_a_user_are_limited(quest: Quest) -> None:
    ben = await quest.user("Ben")
    teams = []
    for number in range(3):
        ann = await quest.user(f"Ann{number}")
        teams += [await _found(ann, f"Walkers {number} {place}") for place in range(7)]
    first = await _ask(ben, teams[0])
    for team in teams[1:20]:
        await _ask(ben, team)
    assert (await quest.refusal(ben, ASK, input={"teamId": teams[20]}))["code"] == "CONFLICT"
    await ben.run(WITHDRAW, input={"requestId": first["id"]})
    await _ask(ben, teams[20])


async def _asked_team(quest: Quest, **given: Any) -> tuple[Caller, Caller, str]:
    """Return an admin, a stranger, and a public team that takes requests."""
    ann, ben = await quest.user("Ann"), await quest.user("Ben")
    return ann, ben, await _found(ann, "Walkers", **given)


async def _found(admin: Caller, name: str, **given: Any) -> str:
    return await admin.found(name, **{"isPublic": True, "joinPolicy": "REQUEST"} | given)


async def _ask(caller: Caller, team: str, **given: Any) -> dict[str, Any]:
    return dict((await caller.run(ASK, input={"teamId": team} | given))["requestToJoin"]["joinRequest"])


async def _queue(caller: Caller, team: str) -> list[str]:
    """Return the names in the first page of a team's queue."""
    return [one["user"]["name"] for one in (await caller.run(QUEUE, id=team))["team"]["joinRequests"]["nodes"]]
