"""A change of an account's address, as clients make it: both mailboxes have to agree."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from milequest.rules.credentials import CODE_TRIES
from tests.documents import ASK_EMAIL_CHANGE as ASK
from tests.documents import CONFIRM_EMAIL_CHANGE as CONFIRM
from tests.documents import RESET, SIGN_UP
from tests.quest import Caller, Quest
from tests.resolvers.accounts import EMAIL, PASSWORD, account, code_in, elsewhere, sign_in
from tests.resolvers.email_changes import NEW, asked
from tests.resolvers.passwords import forgotten, signed_in, signs_in, wrong


@dataclass
class Change:
    """Ada signed in, and her mails."""

    ada: Caller
    given: dict[str, Any]


@pytest.fixture
async def change(quest: Quest) -> Change:
    """Return a change that was requested."""
    await account(quest)
    ada = await signed_in(quest, await sign_in(quest))
    return Change(ada, await asked(quest, ada))


async def test_email_change_with_both_codes_changes_the_address(quest: Quest, change: Change) -> None:
    answer = await change.ada.run(CONFIRM, input=change.given)
    assert answer == {"confirmEmailChange": {"viewer": {"email": NEW, "user": {"name": "Ada"}}}}
    assert [await signs_in(quest, PASSWORD, email) for email in (EMAIL, NEW.lower())] == [False, True]
    notices = [received.mail for received in (await quest.runtime.mailbox.newest())[:2]]
    assert {notice.to for notice in notices} == {EMAIL, NEW}
    assert {notice.subject for notice in notices} == {"The address of your Mile Quest account was changed"}
    assert (await change.ada.refused(CONFIRM, input=change.given))["code"] == "CODE_INVALID"


async def test_the_address_before_is_free_again(quest: Quest, change: Change) -> None:
    await change.ada.run(CONFIRM, input=change.given)
    await account(quest)
    assert (await sign_in(quest))["accessToken"]
    assert await quest.runtime.writer.fetchval("SELECT count(*) FROM app_user") == 2


@pytest.mark.parametrize("name", ["oldCode", "newCode"])
async def test_email_change_with_one_wrong_code_changes_nothing(quest: Quest, change: Change, name: str) -> None:
    given = {**change.given, name: wrong(change.given[name])}
    assert (await change.ada.refused(CONFIRM, input=given))["code"] == "CODE_INVALID"
    swapped = {**change.given, "oldCode": change.given["newCode"], "newCode": change.given["oldCode"]}
    assert (await change.ada.refused(CONFIRM, input=swapped))["code"] == "CODE_INVALID"
    assert await signs_in(quest, PASSWORD)
    await change.ada.run(CONFIRM, input=change.given)


async def test_email_change_ends_after_five_wrong_tries_even_concurrent_ones(quest: Quest, change: Change) -> None:
    given = {**change.given, "newCode": wrong(change.given["newCode"])}
    refusals = await asyncio.gather(*(change.ada.refused(CONFIRM, input=given) for _ in range(CODE_TRIES)))
    assert {refusal["code"] for refusal in refusals} == {"CODE_INVALID"}
    await quest.runtime.writer.execute("UPDATE address_change SET wrong_codes = wrong_codes - 1")
    assert await quest.runtime.writer.fetchval("SELECT wrong_codes FROM address_change") == CODE_TRIES - 1


async def test_a_later_request_takes_the_place_of_an_earlier_one(quest: Quest, change: Change) -> None:
    later = await asked(quest, change.ada, "other@example.net")
    assert (await change.ada.refused(CONFIRM, input=change.given))["code"] == "CODE_INVALID"
    answer = await change.ada.run(CONFIRM, input=later)
    assert answer["confirmEmailChange"]["viewer"]["email"] == "other@example.net"


async def test_email_change_is_not_confirmed_by_a_different_caller(quest: Quest, change: Change) -> None:
    await account(quest, "bob@example.org")
    bob = await signed_in(quest, await sign_in(quest, "bob@example.org"))
    assert (await bob.refused(CONFIRM, input=change.given))["code"] == "CODE_INVALID"
    assert (await quest.anonymous.refused(CONFIRM, input=change.given))["code"] == "UNAUTHENTICATED"


async def test_a_change_needs_the_password(quest: Quest, change: Change) -> None:
    mails = await quest.runtime.mailbox.newest()
    refusal = await quest.refusal(change.ada, ASK, input={"newEmail": "x@example.net", "password": "Wrong-Horse-1"})
    assert (refusal["code"], refusal["fields"][0]["path"]) == ("VALIDATION_ERROR", "input.password")
    assert await quest.runtime.mailbox.newest() == mails


@pytest.mark.parametrize("taken_by", ["an account", "a user of another issuer", "an account that comes between"])
async def test_email_change_to_a_taken_address_is_not_revealed(quest: Quest, taken_by: str) -> None:
    await account(quest)
    ada = await signed_in(quest, await sign_in(quest))
    if taken_by == "an account":
        await account(quest, NEW)
    elif taken_by == "a user of another issuer":
        await quest.user("Lea", email=NEW, email_key=NEW.lower())
    answer = await ada.run(ASK, input={"newEmail": NEW, "password": PASSWORD})
    new, old = [received.mail for received in (await quest.runtime.mailbox.newest())[:2]]
    given = {"requestId": answer["requestEmailChange"]["requestId"], "oldCode": code_in(old.text)}
    if taken_by == "an account that comes between":
        given["newCode"] = code_in(new.text)
        await account(quest, NEW)
    else:
        assert (new.to, new.subject) == (NEW, "You already have a Mile Quest account")
        given["newCode"] = "000000"
    assert (await ada.refused(CONFIRM, input=given))["code"] == "CODE_INVALID"
    assert await signs_in(quest, PASSWORD)


async def test_email_changes_of_two_accounts_to_one_address_have_one_winner(quest: Quest, change: Change) -> None:
    await account(quest, "bob@example.org")
    bob = await signed_in(quest, await sign_in(quest, "bob@example.org"))
    answer = await bob.run(ASK, input={"newEmail": NEW, "password": PASSWORD})
    new, old = [received.mail for received in (await quest.runtime.mailbox.newest())[:2]]
    bobs = {"requestId": answer["requestEmailChange"]["requestId"], "oldCode": code_in(old.text)}
    bobs["newCode"] = code_in(new.text)
    results = await asyncio.gather(
        change.ada.result(CONFIRM, {"input": change.given}), bob.result(CONFIRM, {"input": bobs})
    )
    codes = [result.errors[0].extensions["code"] for result in results if result.errors and result.errors[0].extensions]
    assert codes == ["CODE_INVALID"]


async def test_a_reset_by_the_address_before_ends_with_a_change(quest: Quest, change: Change) -> None:
    reset = await forgotten(quest)
    await change.ada.run(CONFIRM, input=change.given)
    for email in (EMAIL, NEW):
        assert (await elsewhere(quest).refused(RESET, input=reset | {"email": email}))["code"] == "CODE_INVALID"


async def test_an_address_that_a_release_before_left_behind_follows_at_the_next_sign_in(
    quest: Quest, change: Change
) -> None:
    await change.ada.run(CONFIRM, input=change.given)
    await quest.runtime.writer.execute("UPDATE app_user SET email = $1, email_key = lower($1)", EMAIL)
    await sign_in(quest, NEW)
    assert await quest.runtime.writer.fetchval("SELECT email FROM app_user") == NEW


async def test_a_new_spelling_of_the_same_address_is_no_other(quest: Quest, change: Change) -> None:
    given = await asked(quest, change.ada, "ada@example.org")
    answer = await change.ada.run(CONFIRM, input=given)
    assert answer["confirmEmailChange"]["viewer"]["email"] == "ada@example.org"
    assert (await elsewhere(quest).run(SIGN_UP, input={"email": EMAIL, "password": PASSWORD, "name": "Ada"}))["signUp"]
    assert (await quest.runtime.mailbox.newest())[0].mail.subject == "You already have a Mile Quest account"
