"""Forgotten and changed passwords as clients use them."""

import asyncio
from typing import Any

import pytest

from milequest.rules.credentials import CODE_TRIES
from milequest.rules.errors import Refused
from milequest.rules.rate_limits import FAILED_SIGN_INS, PASSWORD_CHECKS
from tests.documents import CHANGE_PASSWORD as CHANGE
from tests.documents import FORGOT, REFRESH, RESET, SIGN_IN
from tests.quest import Quest, noon
from tests.resolvers.accounts import EMAIL, PASSWORD, account, code_in, elsewhere, sign_in
from tests.resolvers.passwords import NEW, forgotten, signed_in, signs_in, wrong


async def refreshes(quest: Quest, session: dict[str, Any]) -> bool:
    """Return whether the session is alive."""
    result = await elsewhere(quest).result(REFRESH, {"input": {"refreshToken": session["refreshToken"]}})
    return not result.errors


async def test_a_reset_gives_a_new_password_and_ends_every_session(quest: Quest) -> None:
    await account(quest)
    sessions = [await sign_in(quest) for _ in range(2)]
    given = await forgotten(quest)
    assert await elsewhere(quest).run(RESET, input=given) == {"resetPassword": {"ok": True}}
    assert [await signs_in(quest, password) for password in (PASSWORD, NEW)] == [False, True]
    assert [await refreshes(quest, session) for session in sessions] == [False, False]
    newest = (await quest.runtime.mailbox.newest())[0].mail
    assert (newest.to, newest.subject) == (EMAIL, "Your Mile Quest password was changed")
    assert (await elsewhere(quest).refused(RESET, input=given))["code"] == "CODE_INVALID"


async def test_reset_code_is_valid_with_its_own_request_alone(quest: Quest) -> None:
    await account(quest)
    adas, mallorys = await forgotten(quest), await forgotten(quest)
    for request, code in ((adas, mallorys), (mallorys, adas)):
        given = request | {"code": code["code"]}
        assert (await elsewhere(quest).refused(RESET, input=given))["code"] == "CODE_INVALID"
    await elsewhere(quest).run(RESET, input=adas)
    assert (await elsewhere(quest).refused(RESET, input=mallorys))["code"] == "CODE_INVALID"


@pytest.mark.parametrize(
    "change",
    [
        {"requestId": ""},
        {"requestId": "x" * 10_000},
        {"code": ""},
        {"code": "x" * 10_000},
        {"email": "bob@example.org"},
    ],
)
async def test_a_reset_with_anything_wrong_is_refused(quest: Quest, change: dict[str, str]) -> None:
    await account(quest)
    given = await forgotten(quest)
    assert (await elsewhere(quest).refused(RESET, input=given | change))["code"] == "CODE_INVALID"
    await elsewhere(quest).run(RESET, input=given)


async def test_wrong_codes_use_up_their_request_and_no_other(quest: Quest) -> None:
    await account(quest)
    adas, mallorys = await forgotten(quest), await forgotten(quest)
    tries = [{**mallorys, "code": wrong(mallorys["code"])}] * CODE_TRIES
    refusals = await asyncio.gather(*(elsewhere(quest).refused(RESET, input=given) for given in tries))
    assert {refusal["code"] for refusal in refusals} == {"CODE_INVALID"}
    uncounted = quest.runtime.identity.reset_password  # but in the database
    with pytest.raises(Refused, match="This code is wrong"):
        await uncounted(EMAIL, mallorys["requestId"], mallorys["code"], NEW, noon())
    await elsewhere(quest).run(RESET, input=adas)


async def test_reset_code_is_valid_for_15_minutes(quest: Quest) -> None:
    await account(quest)
    given = await forgotten(quest)
    late = elsewhere(quest)
    late.now = noon().replace(hour=13)
    assert (await late.refused(RESET, input=given))["code"] == "CODE_INVALID"


async def test_a_bad_new_password_is_refused_by_field_and_uses_nothing_up(quest: Quest) -> None:
    await account(quest)
    given = await forgotten(quest)
    refusal = await quest.refusal(elsewhere(quest), RESET, input=given | {"newPassword": "short"})
    assert {fault["path"] for fault in refusal["fields"]} == {"input.newPassword"}
    await elsewhere(quest).run(RESET, input=given)


async def test_sign_in_after_too_many_failures_succeeds_after_a_password_reset(quest: Quest) -> None:
    await account(quest)
    client = elsewhere(quest)
    for _ in range(FAILED_SIGN_INS.most):
        await client.refused(SIGN_IN, input={"email": EMAIL, "password": "Wrong-Horse-1"})
    await client.run(RESET, input=await forgotten(quest))
    await client.run(SIGN_IN, input={"email": EMAIL, "password": NEW})


async def test_an_address_that_only_signed_up_gets_no_password(quest: Quest) -> None:
    await quest.anonymous.run(
        "mutation ($input: SignUpInput!) { signUp(input: $input) { ok } }",
        input={"email": EMAIL, "password": PASSWORD, "name": "Ada"},
    )
    asked = await elsewhere(quest).run(FORGOT, input={"email": EMAIL})
    mails = await quest.runtime.mailbox.newest()
    assert mails[0].mail.subject == "No Mile Quest account has this address"
    given = {"email": EMAIL, "requestId": asked["forgotPassword"]["requestId"], "newPassword": NEW}
    code = code_in(mails[1].mail.text)
    assert (await elsewhere(quest).refused(RESET, input=given | {"code": code}))["code"] == "CODE_INVALID"


async def test_changing_the_password_ends_the_other_sessions(quest: Quest) -> None:
    await account(quest)
    own, other = await sign_in(quest), await sign_in(quest)
    caller = await signed_in(quest, own)
    given = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert await caller.run(CHANGE, input=given) == {"changePassword": {"ok": True}}
    assert [await signs_in(quest, password) for password in (PASSWORD, NEW)] == [False, True]
    assert [await refreshes(quest, session) for session in (own, other)] == [True, False]
    assert (await quest.runtime.mailbox.newest())[0].mail.subject == "Your Mile Quest password was changed"


async def test_password_change_drops_earlier_requests(quest: Quest) -> None:
    await account(quest)
    reset = await forgotten(quest)
    caller = await signed_in(quest, await sign_in(quest))
    await caller.run(CHANGE, input={"currentPassword": PASSWORD, "newPassword": "Third-Horse-3"})
    assert (await elsewhere(quest).refused(RESET, input=reset))["code"] == "CODE_INVALID"


async def test_a_wrong_current_password_changes_nothing_and_is_counted(quest: Quest) -> None:
    await account(quest)
    caller = await signed_in(quest, await sign_in(quest))
    given = {"currentPassword": "Wrong-Horse-1", "newPassword": NEW}
    for _ in range(PASSWORD_CHECKS.most):
        refusal = await quest.refusal(caller, CHANGE, input=given)
        assert (refusal["code"], refusal["fields"][0]["path"]) == ("VALIDATION_ERROR", "input.currentPassword")
    right = {**given, "currentPassword": PASSWORD}
    assert (await caller.refused(CHANGE, input=right))["code"] == "RATE_LIMITED"
    await (await signed_in(quest, await sign_in(quest))).run(CHANGE, input=right)


async def test_password_change_of_an_outside_account_is_unavailable(quest: Quest) -> None:
    given = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert (await (await quest.user("Ada")).refused(CHANGE, input=given))["code"] == "UNAVAILABLE"
    assert (await quest.anonymous.refused(CHANGE, input=given))["code"] == "UNAUTHENTICATED"
