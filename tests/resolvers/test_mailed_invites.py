"""Invites that arrive: their mails, the links, and what their receivers see of them."""

from dataclasses import replace
from typing import Any

from milequest.rules.mail import Mail
from milequest.rules.rate_limits import INVITE_MAILS_OF_ADDRESS
from tests.quest import Caller, Quest

CREATE = """mutation ($input: CreateInviteInput!) { createInvite(input: $input) { code url inviteEdge { node {
  id mailedAt } } } }"""
DECLINE = "mutation ($input: DeclineInviteInput!) { declineInvite(input: $input) { ok } }"
ACCEPT = "mutation ($input: AcceptInviteInput!) { acceptInvite(input: $input) { team { id } } }"
RECEIVED = """{ viewer { receivedInvites { teamName memberCount state inviterName message isForViewer inviteId } } }"""
PREVIEW = """query ($code: String!) { invitePreview(code: $code) {
  teamName memberCount state inviterName message isForViewer inviteId } }"""


async def test_invite_of_an_address_is_mailed_with_its_message_inviter_and_link(quest: Quest) -> None:
    ann = await quest.user("Ann")
    made = await _create(ann, await ann.found("Walkers"), email="dee@t.example", message="Come <b>walk</b>\nwith us!")
    (mail,) = await _mails(quest)
    assert (mail.to, mail.subject) == ("dee@t.example", "Ann invites you to walk with Walkers")
    for part in ("Ann writes:", "Come <b>walk</b>\nwith us!", made["url"], "Ann invites you to the team Walkers"):
        assert part in mail.text
    assert "Come &lt;b&gt;walk&lt;/b&gt;<br>with us!" in mail.html
    assert f'<a href="{made["url"]}">' in mail.html
    assert made["inviteEdge"]["node"]["mailedAt"] is not None


async def test_invite_link_is_mailed_to_nobody(quest: Quest) -> None:
    ann = await quest.user("Ann")
    made = await _create(ann, await ann.found("Walkers"))
    assert await _mails(quest) == []
    assert made["inviteEdge"]["node"]["mailedAt"] is None


async def test_invite_requested_twice_with_one_key_is_mailed_once(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    first = await _create(ann, team, email="dee@t.example", idempotencyKey="for my Dee")
    assert await _create(ann, team, email="dee@t.example", idempotencyKey="for my Dee") == first
    assert len(await _mails(quest)) == 1


async def test_invite_of_an_address_that_declined_the_team_is_made_and_not_mailed(quest: Quest) -> None:
    ann, dee = await quest.user("Ann"), await quest.user("Dee")
    team, other = await ann.found("Walkers"), await ann.found("Runners")
    first = await _create(ann, team, email=await _email(dee))
    await dee.run(DECLINE, input={"code": first["code"]})
    again = await _create(ann, team, email=await _email(dee))
    assert again["inviteEdge"]["node"]["mailedAt"] is None
    assert len(await _mails(quest)) == 1
    await _create(ann, other, email=await _email(dee))
    assert len(await _mails(quest)) == 2
    received = (await dee.run(RECEIVED))["viewer"]["receivedInvites"]
    assert sorted(one["teamName"] for one in received) == ["Runners", "Walkers"]


async def test_invites_beyond_the_limit_of_an_address_are_made_without_a_mail(quest: Quest) -> None:
    ann, ben = await quest.user("Ann"), await quest.user("Ben")
    team, his = await ann.found("Walkers"), await ben.found("Runners")
    for _ in range(INVITE_MAILS_OF_ADDRESS.most):
        await _create(ann, team, email="dee@t.example")
    made = await _create(ben, his, email="DEE@t.example")
    assert made["inviteEdge"]["node"]["mailedAt"] is None
    assert len(await _mails(quest)) == INVITE_MAILS_OF_ADDRESS.most


async def test_invite_that_no_server_mails_is_made_all_the_same(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    ann.runtime = replace(ann.runtime, mailer=_Away())
    made = await _create(ann, team, email="dee@t.example")
    assert made["inviteEdge"]["node"]["mailedAt"] is None
    assert (await quest.anonymous.run(PREVIEW, code=made["code"]))["invitePreview"]["state"] == "PENDING"


async def test_invite_links_lead_to_the_client_that_the_settings_name(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    settings = replace(ann.runtime.settings, client_url="https://walk.example")
    ann.runtime = replace(ann.runtime, settings=settings)
    made = await _create(ann, team)
    assert made["url"] == f"https://walk.example/invite/{made['code']}"


async def test_received_invites_are_those_of_the_viewers_address_and_are_answered_by_their_ids(quest: Quest) -> None:
    ann, dee, eve = await quest.user("Ann"), await quest.user("Dee"), await quest.user("Eve")
    team = await ann.found("Walkers")
    made = await _create(ann, team, email=(await _email(dee)).upper(), message="Come!")
    await _create(ann, team)
    (received,) = (await dee.run(RECEIVED))["viewer"]["receivedInvites"]
    assert received == {
        "teamName": "Walkers",
        "memberCount": 1,
        "state": "PENDING",
        "inviterName": "Ann",
        "message": "Come!",
        "isForViewer": True,
        "inviteId": made["inviteEdge"]["node"]["id"],
    }
    assert (await eve.run(RECEIVED))["viewer"]["receivedInvites"] == []
    for text in (ACCEPT, DECLINE):
        refused = await quest.refusal(eve, text, input={"inviteId": received["inviteId"]})
        assert refused["code"] == "NOT_FOUND"
    await dee.run(ACCEPT, input={"inviteId": received["inviteId"]})
    assert (await dee.run(RECEIVED))["viewer"]["receivedInvites"] == []


async def test_received_invite_that_is_over_is_not_listed(quest: Quest) -> None:
    ann, dee = await quest.user("Ann"), await quest.user("Dee")
    address = await _email(dee)
    declined = await _create(ann, await ann.found("Walkers"), email=address)
    ended = await ann.found("Runners")
    await _create(ann, ended, email=address)
    short = await _create(ann, await ann.found("Climbers"), email=address, expiresInHours=1)
    assert len((await dee.run(RECEIVED))["viewer"]["receivedInvites"]) == 3
    await dee.run(DECLINE, input={"inviteId": declined["inviteEdge"]["node"]["id"]})
    await ann.run(
        'mutation ($t: ID!) { deleteTeam(input: {teamId: $t, confirmName: "Runners"}) { deletedTeamId } }', t=ended
    )
    assert [one["inviteId"] for one in (await dee.run(RECEIVED))["viewer"]["receivedInvites"]] == [
        short["inviteEdge"]["node"]["id"]
    ]
    dee.now = dee.now.replace(hour=23)
    assert (await dee.run(RECEIVED))["viewer"]["receivedInvites"] == []


async def test_link_is_not_answered_by_its_id(quest: Quest) -> None:
    ann, dee = await quest.user("Ann"), await quest.user("Dee")
    made = await _create(ann, await ann.found("Walkers"))
    refused = await quest.refusal(dee, ACCEPT, input={"inviteId": made["inviteEdge"]["node"]["id"]})
    assert refused["code"] == "NOT_FOUND"


async def test_answer_that_names_no_invite_or_two_is_refused(quest: Quest) -> None:
    dee = await quest.user("Dee")
    for text in (ACCEPT, DECLINE):
        for given in ({}, {"code": "A", "inviteId": f"invite_{dee.user_id.hex}"}, {"code": None}):
            refused = await quest.refusal(dee, text, input=given)
            assert refused["code"] == "VALIDATION_ERROR"
            assert refused["fields"][0]["path"] == "input.code"


async def test_preview_says_who_invites_and_whether_it_is_for_the_viewer(quest: Quest) -> None:
    ann, dee, eve = await quest.user("Ann"), await quest.user("Dee"), await quest.user("Eve")
    team = await ann.found("Walkers")
    made = await _create(ann, team, email=await _email(dee), message="Come!")
    for caller, is_for_viewer in ((dee, True), (eve, False), (quest.anonymous, None)):
        seen = (await caller.run(PREVIEW, code=made["code"]))["invitePreview"]
        assert (seen["inviterName"], seen["message"], seen["isForViewer"]) == ("Ann", "Come!", is_for_viewer)
        assert (seen["inviteId"] is not None) == (caller is dee)
    link = await _create(ann, team)
    for caller in (dee, quest.anonymous):
        assert (await caller.run(PREVIEW, code=link["code"]))["invitePreview"]["isForViewer"] is True
    await dee.run(ACCEPT, input={"code": made["code"]})
    over = (await quest.anonymous.run(PREVIEW, code=made["code"]))["invitePreview"]
    assert over == {
        "teamName": "Walkers",
        "memberCount": 0,
        "state": "ACCEPTED",
        "inviterName": None,
        "message": None,
        "isForViewer": False,
        "inviteId": None,
    }


async def test_accepting_after_ones_own_decline_says_so(quest: Quest) -> None:
    ann, dee = await quest.user("Ann"), await quest.user("Dee")
    made = await _create(ann, await ann.found("Walkers"), email=await _email(dee))
    await dee.run(DECLINE, input={"code": made["code"]})
    result = await dee.result(ACCEPT, {"input": {"code": made["code"]}})
    assert result.errors is not None
    assert result.errors[0].message == "You declined this invite: ask for another one."


async def test_inviting_the_address_of_a_member_is_refused(quest: Quest) -> None:
    ann, dee = await quest.user("Ann"), await quest.user("Dee")
    team = await ann.found("Walkers")
    await dee.accept(await ann.invite(team))
    given = {"teamId": team, "email": (await _email(dee)).upper()}
    assert (await quest.refusal(ann, CREATE, input=given))["code"] == "ALREADY_MEMBER"
    leave = "mutation ($t: ID!) { leaveTeam(input: {teamId: $t}) { deletedMemberId } }"
    await dee.run(leave, t=team)
    await _create(ann, team, email=await _email(dee))


class _Away:
    """A server of mail that is away."""

    async def send(self, mail: Mail) -> None:
        raise OSError("away")


async def _create(caller: Caller, team: str, **given: Any) -> dict[str, Any]:
    made: dict[str, Any] = (await caller.run(CREATE, input={"teamId": team} | given))["createInvite"]
    return made


async def _mails(quest: Quest) -> list[Mail]:
    return [one.mail for one in await quest.runtime.mailbox.newest()]


async def _email(caller: Caller) -> str:
    return str((await caller.run("{ viewer { email } }"))["viewer"]["email"])
