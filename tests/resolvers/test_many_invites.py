"""Batches of invites, of which each has its own outcome, new codes of invites, and their QR codes."""

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.quest import Caller, Quest

BATCH = """mutation ($input: CreateInvitesInput!) { createInvites(input: $input) { results {
  email code url inviteEdge { node { id invitedEmail message mailedAt } } problem { code message field } } } }"""
CREATE = """mutation ($input: CreateInviteInput!) { createInvite(input: $input) { code url qrSvg inviteEdge { node {
  id } } } }"""
ROTATE = """mutation ($input: RotateInviteInput!) { rotateInvite(input: $input) { code url qrSvg invite {
  id state useCount expiresAt mailedAt } } }"""
REVOKE = "mutation ($id: ID!) { revokeInvite(input: {inviteId: $id}) { invite { state } } }"
ACCEPT = "mutation ($input: AcceptInviteInput!) { acceptInvite(input: $input) { team { id } } }"
INVITES = "query ($t: ID!) { team(id: $t) { invites { nodes { invitedEmail } } } }"
SVG = "{http://www.w3.org/2000/svg}"


async def test_batch_of_invites_makes_what_it_can_and_says_why_not_the_rest(quest: Quest) -> None:
    ann, ben = await quest.user("Ann"), await quest.user("Ben")
    team = await ann.found("Walkers")
    await ben.accept(await ann.invite(team))
    member = str((await ben.run("{ viewer { email } }"))["viewer"]["email"])
    emails = ["dee@t.example", "no address", member, "DEE@t.example", "eve@t.example"]
    results = await _batch(ann, team, emails, message="Come!")
    assert [one["email"] for one in results] == emails
    problems = [one["problem"] and (one["problem"]["code"], one["problem"]["field"]) for one in results]
    assert problems == [
        None,
        ("VALIDATION_ERROR", "input.emails.1"),
        ("ALREADY_MEMBER", "input.emails.2"),
        ("VALIDATION_ERROR", "input.emails.3"),
        None,
    ]
    for one in results:
        made = one["inviteEdge"]
        assert (made is None) == (one["code"] is None) == (one["url"] is None) == (one["problem"] is not None)
        if made is not None:
            assert (made["node"]["invitedEmail"], made["node"]["message"]) == (one["email"], "Come!")
            assert made["node"]["mailedAt"] is not None
    sent = [(each.mail.to, each.mail.text) for each in await quest.runtime.mailbox.newest()]
    assert {to for to, _ in sent} == {"dee@t.example", "eve@t.example"}
    for one in (results[0], results[4]):
        assert [to for to, text in sent if one["url"] in text] == [one["email"]]


async def test_batch_of_invites_repeated_with_its_key_gets_the_same_answer_and_mails_nothing(quest: Quest) -> None:
    ann, ben = await quest.user("Ann"), await quest.user("Ben")
    team = await ann.found("Walkers")
    await ben.accept(await ann.invite(team))
    member = str((await ben.run("{ viewer { email } }"))["viewer"]["email"])
    emails = ["dee@t.example", member, "?", "eve@t.example"]
    first = await _batch(ann, team, emails, idempotencyKey="all my friends")
    assert await _batch(ann, team, emails, idempotencyKey="all my friends") == first
    assert len(await quest.runtime.mailbox.newest()) == 2
    invited = (await ann.run(INVITES, t=team))["team"]["invites"]["nodes"]
    assert sorted(one["invitedEmail"] or "a link" for one in invited) == ["a link", "dee@t.example", "eve@t.example"]


async def test_batch_of_invites_without_a_valid_address_makes_none(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    before = await quest.state()
    assert [one["problem"]["code"] for one in await _batch(ann, team, ["?", "!"])] == ["VALIDATION_ERROR"] * 2
    assert await quest.state() == before


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"emails": []}, "input.emails"),
        ({"emails": [f"{number}@t.example" for number in range(51)]}, "input.emails"),
        ({"emails": ["dee@t.example"], "message": "m" * 201}, "input.message"),
        ({"emails": ["dee@t.example"], "expiresInHours": 0}, "input.expiresInHours"),
    ],
)
async def test_batch_of_invites_with_bad_terms_is_refused_whole(quest: Quest, given: Any, path: str) -> None:
    ann = await quest.user("Ann")
    refused = await quest.refusal(ann, BATCH, input={"teamId": await ann.found("Walkers")} | given)
    assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", path)


async def test_batch_of_fifty_invites_makes_all_of_them(quest: Quest) -> None:
    ann = await quest.user("Ann")
    results = await _batch(ann, await ann.found("Walkers"), [f"{number}@t.example" for number in range(50)])
    assert len({one["code"] for one in results}) == 50
    assert len(await quest.runtime.mailbox.newest()) == 50


async def test_rotated_link_admits_by_its_new_code_alone_and_keeps_its_uses(quest: Quest) -> None:
    ann, ben, dee = await quest.user("Ann"), await quest.user("Ben"), await quest.user("Dee")
    made = await _create(ann, await ann.found("Walkers"), maxUses=2)
    await ben.accept(made["code"])
    rotated = await _rotate(ann, made)
    assert rotated["code"] != made["code"]
    assert rotated["code"] in rotated["url"]
    assert (rotated["invite"]["state"], rotated["invite"]["useCount"]) == ("PENDING", 1)
    assert (await quest.refusal(dee, ACCEPT, input={"code": made["code"]}))["code"] == "INVALID_INVITE_CODE"
    await dee.accept(rotated["code"])
    last = await quest.user("Eve")
    assert (await quest.refusal(last, ACCEPT, input={"code": rotated["code"]}))["code"] == "CONFLICT"


async def test_rotated_invite_of_an_address_is_mailed_anew(quest: Quest) -> None:
    ann = await quest.user("Ann")
    made = await _create(ann, await ann.found("Walkers"), email="dee@t.example")
    rotated = await _rotate(ann, made)
    assert rotated["invite"]["mailedAt"] is not None
    assert rotated["url"] in (await quest.runtime.mailbox.newest())[0].mail.text


async def test_invite_rotated_twice_with_one_key_gets_the_same_code(quest: Quest) -> None:
    ann = await quest.user("Ann")
    made = await _create(ann, await ann.found("Walkers"))
    first = await _rotate(ann, made, idempotencyKey="a new code")
    assert await _rotate(ann, made, idempotencyKey="a new code") == first


async def test_rotated_invite_expires_as_before_or_as_requested_and_in_a_week_once_it_has_expired(quest: Quest) -> None:
    ann = await quest.user("Ann")
    made = await _create(ann, await ann.found("Walkers"), expiresInHours=2)
    ann.now += timedelta(hours=1)
    assert (await _rotate(ann, made))["invite"]["expiresAt"] == _wire(ann.now + timedelta(hours=1))
    assert (await _rotate(ann, made, expiresInHours=3))["invite"]["expiresAt"] == _wire(ann.now + timedelta(hours=3))
    ann.now += timedelta(hours=4)
    rotated = (await _rotate(ann, made))["invite"]
    assert (rotated["state"], rotated["expiresAt"]) == ("PENDING", _wire(ann.now + timedelta(days=7)))


async def test_invite_that_was_answered_or_revoked_gets_no_new_code(quest: Quest) -> None:
    ann, ben = await quest.user("Ann"), await quest.user("Ben")
    team = await ann.found("Walkers")
    used, revoked = await _create(ann, team, maxUses=1), await _create(ann, team)
    await ben.accept(used["code"])
    await ann.run(REVOKE, id=revoked["inviteEdge"]["node"]["id"])
    for made in (used, revoked):
        given = {"inviteId": made["inviteEdge"]["node"]["id"]}
        assert (await quest.refusal(ann, ROTATE, input=given))["code"] == "CONFLICT"
        assert (await quest.refusal(ben, ROTATE, input=given))["code"] == "NOT_FOUND"


async def test_qr_code_of_a_link_is_an_svg_of_its_modules_with_a_margin(quest: Quest) -> None:
    ann = await quest.user("Ann")
    made = await _create(ann, await ann.found("Walkers"))
    rotated = await _rotate(ann, made)
    assert rotated["qrSvg"] != made["qrSvg"]
    for each in (made, rotated):
        drawn = ElementTree.fromstring(each["qrSvg"])
        assert drawn.tag == f"{SVG}svg"
        assert {part.tag for part in drawn.iter()} == {f"{SVG}svg", f"{SVG}path"}
        assert not {"style", "class", "id", "width", "onload"} & {name for part in drawn.iter() for name in part.attrib}


async def _batch(caller: Caller, team: str, emails: list[str], **given: Any) -> Any:
    return (await caller.run(BATCH, input={"teamId": team, "emails": emails} | given))["createInvites"]["results"]


async def _create(caller: Caller, team: str, **given: Any) -> Any:
    return (await caller.run(CREATE, input={"teamId": team} | given))["createInvite"]


async def _rotate(caller: Caller, made: Any, **given: Any) -> Any:
    invite_id = made["inviteEdge"]["node"]["id"]
    return (await caller.run(ROTATE, input={"inviteId": invite_id} | given))["rotateInvite"]


def _wire(instant: Any) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03}Z"
