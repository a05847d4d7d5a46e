"""Invites: making them, the preview by a code, and all outcomes of using one."""

import re
from datetime import timedelta
from typing import Any

from milequest.rules.invites import ALPHABET, code_hash
from tests.quest import Caller, Quest

CREATE = """mutation ($input: CreateInviteInput!) { createInvite(input: $input) { code url inviteEdge { cursor node {
  id invitedEmail role maxUses useCount state message expiresAt team { id } } } } }"""
ACCEPT = """mutation ($input: AcceptInviteInput!) { acceptInvite(input: $input) {
  team { id memberCount viewerRole } memberEdge { node { id role } } } }"""
DECLINE = "mutation ($code: String!) { declineInvite(input: {code: $code}) { ok } }"
REVOKE = "mutation ($id: ID!) { revokeInvite(input: {inviteId: $id}) { invite { id state } } }"
PREVIEW = "query ($code: String!) { invitePreview(code: $code) { teamName memberCount state expiresAt } }"
INVITES = """query ($team: ID!, $first: Int, $after: String) { team(id: $team) { invites(first: $first, after: $after) {
  nodes { id state useCount invitedEmail } edges { cursor } pageInfo { hasNextPage endCursor } } } }"""

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"maxUses": 0}, "input.maxUses"),
    ({"maxUses": 501}, "input.maxUses"),
    ({"email": "bob@example.com", "maxUses": 2}, "input.maxUses"),
    ({"expiresInHours": 0}, "input.expiresInHours"),
    ({"expiresInHours": 721}, "input.expiresInHours"),
    ({"message": "m" * 201}, "input.message"),
    ({"message": "bell\7"}, "input.message"),
    ({"email": f"{'b' * 60}@{'e' * 200}.com"}, "input.email"),
]


async def test_invite_link_admits_several_users(quest: Quest) -> None:
    ann, bob, cid = await quest.user("Ann"), await quest.user("Bob"), await quest.user("Cid")
    team = await ann.found("Walkers")
    made = await _create(ann, team, maxUses=2, expiresInHours=1, message="Come along!")
    node = made["inviteEdge"]["node"]
    assert re.fullmatch(f"[{ALPHABET}]{{10}}", made["code"])
    assert made["url"] == f"{quest.runtime.settings.origin}/invite/{made['code']}"
    assert node | {"id": ""} == {
        "id": "",
        "invitedEmail": None,
        "role": "MEMBER",
        "maxUses": 2,
        "useCount": 0,
        "state": "PENDING",
        "message": "Come along!",
        "expiresAt": _wire(ann.now + timedelta(hours=1)),
        "team": {"id": team},
    }
    joined = (await bob.run(ACCEPT, input={"code": made["code"]}))["acceptInvite"]
    assert joined["team"] == {"id": team, "memberCount": 2, "viewerRole": "MEMBER"}
    assert joined["memberEdge"]["node"]["role"] == "MEMBER"
    spaced = f" {made['code'][:5].lower()}-{made['code'][5:].lower()} "
    await cid.run(ACCEPT, input={"code": spaced})
    dee = await quest.user("Dee")
    assert (await quest.refusal(dee, ACCEPT, input={"code": made["code"]}))["code"] == "CONFLICT"
    page = await _invites(ann, team)
    assert [(invite["state"], invite["useCount"]) for invite in page["nodes"]] == [("ACCEPTED", 2)]
    invited_by = await quest.runtime.reader.fetch("SELECT invited_by FROM team_member WHERE role = 'MEMBER'")
    assert [row[0] for row in invited_by] == [ann.user_id, ann.user_id]


async def test_a_code_is_kept_as_a_hash_only(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    code = (await _create(ann, team))["code"]
    assert await quest.runtime.reader.fetchval("SELECT code_hash FROM team_invite") == code_hash(code)
    rows = [row for table in (await quest.state()).values() for row in table]
    assert not [row for row in rows if code.lower() in row.lower()]


async def test_invite_created_twice_with_one_key_returns_the_same_code(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    first = await _create(ann, team, idempotencyKey="my first invite")
    assert await _create(ann, team, idempotencyKey="my first invite") == first
    assert await quest.runtime.reader.fetchval("SELECT count(*) FROM team_invite") == 1


async def test_invite_link_without_options_has_50_uses_and_7_days(quest: Quest) -> None:
    ann = await quest.user("Ann")
    node = (await _create(ann, await ann.found("Walkers")))["inviteEdge"]["node"]
    assert (node["maxUses"], node["expiresAt"]) == (50, _wire(ann.now + timedelta(days=7)))


async def test_invalid_invite_is_refused_by_field(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    for given, path in WRONG:
        refused = await quest.refusal(ann, CREATE, input={"teamId": team} | given)
        assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", path)


async def test_an_invite_of_an_address_is_for_its_owner_once(quest: Quest) -> None:
    ann, bob, eve = await quest.user("Ann"), await quest.user("Bob"), await quest.user("Eve")
    team = await ann.found("Walkers")
    made = await _create(ann, team, email=(await _email(bob)).upper())
    assert made["inviteEdge"]["node"]["maxUses"] == 1
    code = made["code"]
    for text in (ACCEPT, "mutation ($input: DeclineInviteInput!) { declineInvite(input: $input) { ok } }"):
        assert (await quest.refusal(eve, text, input={"code": code}))["code"] == "INVITE_WRONG_RECIPIENT"
    await bob.run(ACCEPT, input={"code": code})
    assert (await quest.refusal(bob, ACCEPT, input={"code": code}))["code"] == "ALREADY_MEMBER"
    assert (await _invites(ann, team))["nodes"][0]["state"] == "ACCEPTED"


async def test_inviting_an_address_again_renews_its_invite(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    team = await ann.found("Walkers")
    address = await _email(bob)
    first = await _create(ann, team, email=address, expiresInHours=1)
    ann.now += timedelta(hours=2)  # it has expired by now, and still counts
    second = await _create(ann, team, email=address.title(), expiresInHours=5, message="Really!")
    assert second["inviteEdge"]["node"]["id"] == first["inviteEdge"]["node"]["id"]
    assert second["inviteEdge"]["cursor"] == first["inviteEdge"]["cursor"]
    assert second["code"] != first["code"]
    assert second["inviteEdge"]["node"]["expiresAt"] == _wire(ann.now + timedelta(hours=5))
    assert (await quest.refusal(bob, ACCEPT, input={"code": first["code"]}))["code"] == "INVALID_INVITE_CODE"
    bob.now = ann.now
    await bob.run(ACCEPT, input={"code": second["code"]})
    leave = "mutation ($t: ID!) { leaveTeam(input: {teamId: $t}) { deletedMemberId } }"
    await bob.run(leave, t=team)
    third = await _create(ann, team, email=address)
    assert third["inviteEdge"]["node"]["id"] != first["inviteEdge"]["node"]["id"]


async def test_invite_is_valid_until_the_instant_it_expires(quest: Quest) -> None:
    ann, bob, cid = await quest.user("Ann"), await quest.user("Bob"), await quest.user("Cid")
    team = await ann.found("Walkers")
    code = await ann.invite(team, expiresInHours=1)
    expiry = ann.now + timedelta(hours=1)
    bob.now = expiry
    assert (await quest.refusal(bob, ACCEPT, input={"code": code}))["code"] == "INVITE_EXPIRED"
    assert (await quest.refusal(bob, DECLINE, code=code))["code"] == "INVITE_EXPIRED"
    assert (await bob.run(PREVIEW, code=code))["invitePreview"]["state"] == "EXPIRED"
    ann.now = expiry
    assert (await _invites(ann, team))["nodes"][0]["state"] == "EXPIRED"
    cid.now = expiry - timedelta(microseconds=1)
    assert (await cid.run(PREVIEW, code=code))["invitePreview"]["state"] == "PENDING"
    await cid.run(ACCEPT, input={"code": code})


async def test_a_refused_invite_is_not_used_up(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    team = await ann.found("Walkers", maxMembers=1)
    code = await ann.invite(team, maxUses=1)
    assert (await quest.refusal(bob, ACCEPT, input={"code": code}))["code"] == "TEAM_FULL"
    assert (await quest.refusal(ann, ACCEPT, input={"code": code}))["code"] == "ALREADY_MEMBER"
    update = "mutation ($team: ID!) { updateTeam(input: {teamId: $team, maxMembers: 2}) { team { id } } }"
    await ann.run(update, team=team)
    await bob.run(ACCEPT, input={"code": code})


async def test_declined_invite_of_an_address_is_closed_and_a_link_stays_open(quest: Quest) -> None:
    ann, bob, cid = await quest.user("Ann"), await quest.user("Bob"), await quest.user("Cid")
    team = await ann.found("Walkers")
    code = await ann.invite(team, email=await _email(bob))
    for _ in range(2):
        assert (await bob.run(DECLINE, code=code))["declineInvite"] == {"ok": True}
    assert (await _invites(ann, team))["nodes"][0]["state"] == "DECLINED"
    assert (await quest.refusal(bob, ACCEPT, input={"code": code}))["code"] == "CONFLICT"
    link = await ann.invite(team, maxUses=1)
    await bob.run(DECLINE, code=link)
    await cid.run(ACCEPT, input={"code": link})


async def test_revoked_invite_is_neither_accepted_declined_nor_previewed(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    team = await ann.found("Walkers", isPublic=True)
    made = await _create(ann, team)
    invite, code = made["inviteEdge"]["node"]["id"], made["code"]
    for _ in range(2):
        assert (await ann.run(REVOKE, id=invite))["revokeInvite"]["invite"] == {"id": invite, "state": "REVOKED"}
    assert (await quest.refusal(bob, ACCEPT, input={"code": code}))["code"] == "INVALID_INVITE_CODE"
    assert (await quest.refusal(bob, DECLINE, code=code))["code"] == "INVALID_INVITE_CODE"
    for caller in (ann, bob, quest.anonymous):
        assert (await caller.run(PREVIEW, code=code))["invitePreview"] is None
    used = await _create(ann, team, maxUses=1)
    await bob.run(ACCEPT, input={"code": used["code"]})
    ended = (await quest.anonymous.run(PREVIEW, code=used["code"]))["invitePreview"]
    assert (ended["state"], ended["memberCount"]) == ("ACCEPTED", 0)  # the growth of a private team is hidden
    assert (await quest.refusal(ann, REVOKE, id=used["inviteEdge"]["node"]["id"]))["code"] == "CONFLICT"


async def test_invites_are_for_admins_only(quest: Quest) -> None:
    ann, bob, cid = await quest.user("Ann"), await quest.user("Bob"), await quest.user("Cid")
    team = await ann.found("Walkers", isPublic=True)
    made = await _create(ann, team)
    await bob.run(ACCEPT, input={"code": made["code"]})
    invite = made["inviteEdge"]["node"]["id"]
    for caller in (bob, cid, quest.anonymous):
        assert await _invites(caller, team) is None
        assert (await caller.run("query ($id: ID!) { node(id: $id) { id } }", id=invite))["node"] is None
    for caller in (bob, cid):
        assert (await quest.refusal(caller, CREATE, input={"teamId": team}))["code"] == "FORBIDDEN"
        assert (await quest.refusal(caller, REVOKE, id=invite))["code"] == "NOT_FOUND"


async def test_a_preview_is_for_everybody_who_has_the_code(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Secret Walkers")
    made = await _create(ann, team, email="somebody@example.com")
    assert (await quest.anonymous.run(PREVIEW, code=made["code"]))["invitePreview"] == {
        "teamName": "Secret Walkers",
        "memberCount": 1,
        "state": "PENDING",
        "expiresAt": made["inviteEdge"]["node"]["expiresAt"],
    }
    for wrong in ("", "AAAAAAAAAA", "x" * 1000, "né", made["inviteEdge"]["node"]["id"]):
        assert (await quest.anonymous.run(PREVIEW, code=wrong))["invitePreview"] is None


async def test_invite_code_guesses_beyond_the_rate_limit_are_refused(quest: Quest) -> None:
    ann, eve, bob = await quest.user("Ann"), await quest.user("Eve"), await quest.user("Bob")
    code = await ann.invite(await ann.found("Walkers"))
    for number in range(5):
        assert (await eve.run(PREVIEW, code=code))["invitePreview"]  # a right one is no guess
        assert (await eve.run(PREVIEW, code=f"WRONG{number}"))["invitePreview"] is None
        wrong = await quest.refusal(eve, ACCEPT, input={"code": f"WRONG{number}"})
        assert wrong["code"] == "INVALID_INVITE_CODE"
    for refused in (
        await quest.refusal(eve, ACCEPT, input={"code": code}),
        await quest.refusal(eve, DECLINE, code=code),
        await eve.refused(PREVIEW, code=code),
    ):
        assert refused["code"] == "RATE_LIMITED"
        assert 0 < refused["retryAfterSeconds"] <= 3600
    await bob.run(ACCEPT, input={"code": code})


async def test_pages_of_invites_neither_skip_nor_repeat(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    made = []
    for number in range(5):
        made.append((await _create(ann, team))["inviteEdge"]["node"]["id"])
        ann.now += timedelta(seconds=number % 2)  # several at one instant
    seen: list[str] = []
    after = None
    while True:
        page = await _invites(ann, team, first=2, after=after)
        seen += [invite["id"] for invite in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sorted(seen) == sorted(made)
    assert seen == [invite["id"] for invite in (await _invites(ann, team))["nodes"]]
    assert seen[0] == made[-1]


async def _create(caller: Caller, team: str, **given: Any) -> dict[str, Any]:
    made: dict[str, Any] = (await caller.run(CREATE, input={"teamId": team} | given))["createInvite"]
    return made


async def _invites(caller: Caller, team: str, **page: Any) -> Any:
    return (await caller.run(INVITES, team=team, **page))["team"]["invites"]


async def _email(caller: Caller) -> str:
    return str((await caller.run("{ viewer { email } }"))["viewer"]["email"])


def _wire(instant: Any) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03}Z"
