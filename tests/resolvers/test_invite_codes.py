"""The codes of invites: shown to their creators, and written nowhere."""

import pytest

from tests.quest import Caller, Quest

CREATE = "mutation ($input: CreateInviteInput!) { createInvite(input: $input) { code inviteEdge { node { id } } } }"
PREVIEW = "query ($code: String!) { invitePreview(code: $code) { state } }"
ACCEPT = "mutation ($input: AcceptInviteInput!) { acceptInvite(input: $input) { team { id } } }"
DECLINE = "mutation ($input: DeclineInviteInput!) { declineInvite(input: $input) { ok } }"
MAILBOX = b"dev:mail"  # of the embedded servers, in place of mailboxes elsewhere: there the mails of invites arrive
REVOKE = "mutation ($input: RevokeInviteInput!) { revokeInvite(input: $input) { invite { state } } }"


async def test_no_code_is_written_anywhere_whatever_is_done_with_it(
    quest: Quest, caplog: pytest.LogCaptureFixture
) -> None:
    """Repeats, refusals and answers leave no code in any table, in Valkey or in the log, and no key that makes one."""
    caplog.set_level("DEBUG")
    ann, bob, eve = await quest.user("Ann"), await quest.user("Bob"), await quest.user("Eve")
    team = await ann.found("Walkers")
    email = str(await quest.runtime.reader.fetchval("SELECT email FROM app_user WHERE id = $1", bob.user_id))
    keys = ("a link of mine", "for my friend Bob", "a second link")
    codes, invites = [], []
    for key in keys:
        given = {"teamId": team, "idempotencyKey": key} | ({"email": email} if "Bob" in key else {})
        made = await ann.run(CREATE, input=given)
        assert await ann.run(CREATE, input=given) == made
        codes.append(made["createInvite"]["code"])
        invites.append(made["createInvite"]["inviteEdge"]["node"]["id"])
    codes.append(await ann.invite(team))
    for caller in (bob, eve):
        for number, code in enumerate(codes):
            await use(caller, code, number)
    for number, invite in enumerate(invites):
        await ann.result(REVOKE, {"input": {"inviteId": invite, "idempotencyKey": f"no longer {number}"}})
    kept = [row for table in (await quest.state()).values() for row in table]
    redis = quest.runtime.redis
    kept += [repr(key) + repr(await redis.dump(key)) for key in await redis.keys() if key != MAILBOX]
    everything = "\n".join([*kept, caplog.text]).lower()
    assert str(ann.user_id) in everything
    for secret in (*codes, *keys):
        assert secret.lower() not in everything
        assert secret.encode().hex() not in everything


async def use(caller: Caller, code: str, number: int) -> None:
    """Preview an invite and answer it in both ways, with any outcome."""
    await caller.result(PREVIEW, {"code": code})
    for text in (DECLINE, ACCEPT) if number % 2 else (ACCEPT, DECLINE):
        await caller.result(text, {"input": {"code": code, "idempotencyKey": f"answer {number}"}})
