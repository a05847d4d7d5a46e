"""Signing up and in as clients do it: the whole way, and the refusals."""

from datetime import timedelta

import pytest

from resolvers.identity import Identify
from tests.documents import CONFIRM_EMAIL as CONFIRM
from tests.documents import REFRESH, SIGN_IN, SIGN_OUT, SIGN_UP
from tests.quest import Quest, noon
from tests.resolvers.accounts import ADA, EMAIL, PAIR, PASSWORD, account, code_in, elsewhere, mailed, sign_in

VIEWER = "{ viewer { email } }"


async def test_a_repeated_sign_up_is_an_attempt_of_its_own_whatever_its_key(quest: Quest) -> None:
    attempts = [
        (await elsewhere(quest).run(SIGN_UP, input=ADA | {"idempotencyKey": "the same one"}))["signUp"]["attemptId"]
        for _ in range(2)
    ]
    second, first = (code_in(received.mail.text) for received in (await quest.runtime.mailbox.newest())[:2])
    assert attempts[0] != attempts[1]
    wrong = {"email": EMAIL, "code": second, "attemptId": attempts[0]}
    assert first == second or (await elsewhere(quest).refused(CONFIRM, input=wrong))["code"] == "CODE_INVALID"
    await elsewhere(quest).run(CONFIRM, input={"email": EMAIL, "code": first, "attemptId": attempts[0]})


async def test_account_goes_from_sign_up_through_refresh_to_sign_out(quest: Quest) -> None:
    client = quest.anonymous
    given = {**ADA, "timezone": "Europe/London", "preferredUnits": "KILOMETERS"}
    assert (await client.run(SIGN_UP, input=given))["signUp"]["ok"]
    assert (await client.refused(SIGN_IN, input=PAIR))["code"] == "EMAIL_NOT_VERIFIED"
    await client.run(CONFIRM, input={"email": EMAIL, "code": await mailed(quest)})
    answer = (await client.run(SIGN_IN, input=PAIR))["signIn"]
    viewer = {"email": EMAIL, "timezone": "Europe/London", "preferredUnits": "KILOMETERS", "user": {"name": "Ada"}}
    assert answer["viewer"] == viewer
    identify = Identify(quest.runtime.identity, quest.runtime.writer, noon)
    client.identity = await identify(f"Bearer {answer['session']['accessToken']}")
    assert await client.run(VIEWER) == {"viewer": {"email": EMAIL}}
    token = {"refreshToken": answer["session"]["refreshToken"]}
    newer = (await client.run(REFRESH, input=token))["refreshToken"]["session"]
    assert (await identify(newer["accessToken"])).user_id == client.user_id
    assert await client.run(SIGN_OUT, input={"everywhere": True}) == {"signOut": {"ok": True}}
    again = await client.refused(REFRESH, input={"refreshToken": newer["refreshToken"]})
    assert again["code"] == "UNAUTHENTICATED"


async def test_a_crash_between_credential_and_user_heals_at_the_next_sign_in(quest: Quest) -> None:
    await account(quest)
    signed_in = await quest.runtime.identity.sign_in(EMAIL, PASSWORD, quest.anonymous.now)  # and then nothing more
    assert await quest.runtime.writer.fetchval("SELECT count(*) FROM app_user") == 0
    identify = Identify(quest.runtime.identity, quest.runtime.writer, noon)
    await elsewhere(quest).run(REFRESH, input={"refreshToken": signed_in.session.refresh_token})
    assert (await identify(signed_in.session.access_token)).user_id is not None


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"email": "ada@"}, None),  # the scalar's own rule
        ({"email": "a@" + "b" * 253}, ["input.email"]),
        ({"password": "short"}, ["input.password", "input.password"]),
        ({"password": "correct-horse"}, ["input.password"]),
        ({"name": " "}, ["input.name"]),
        ({"name": "A\u0007da"}, ["input.name"]),
        ({"timezone": "Mars/Olympus"}, ["input.timezone"]),
        ({"timezone": ""}, ["input.timezone"]),
        ({"name": "", "timezone": "x", "password": "1"}, ["input.password"] * 2 + ["input.name", "input.timezone"]),
    ],
)
async def test_bad_sign_ups_are_refused_field_by_field(
    quest: Quest, change: dict[str, str], paths: list[str] | None
) -> None:
    refusal = await quest.refusal(quest.anonymous, SIGN_UP, input={**ADA, **change})
    assert refusal["code"] == "VALIDATION_ERROR"
    assert paths is None or [fault["path"] for fault in refusal["fields"]] == paths
    assert await quest.runtime.redis.keys() == []  # and counts as no attempt


@pytest.mark.parametrize(
    ("document", "given", "code"),
    [
        (CONFIRM, {"email": EMAIL, "code": "123456"}, "CODE_INVALID"),
        (CONFIRM, {"email": EMAIL, "code": ""}, "CODE_INVALID"),
        (SIGN_IN, PAIR, "UNAUTHENTICATED"),
        (SIGN_IN, {"email": EMAIL, "password": ""}, "UNAUTHENTICATED"),
        (REFRESH, {"refreshToken": ""}, "UNAUTHENTICATED"),
        (REFRESH, {"refreshToken": "x" * 10_000}, "UNAUTHENTICATED"),
    ],
)
async def test_strangers_are_refused_and_nothing_changes(
    quest: Quest, document: str, given: dict[str, str], code: str
) -> None:
    refusal = await quest.refusal(elsewhere(quest), document, input=given)
    assert refusal["code"] == code


async def test_an_access_token_is_no_refresh_token(quest: Quest) -> None:
    await account(quest)
    session = await sign_in(quest)
    refusal = await elsewhere(quest).refused(REFRESH, input={"refreshToken": session["accessToken"]})
    assert refusal["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("column", ["suspended_at", "deleted_at"])
async def test_a_closed_account_neither_signs_in_nor_refreshes(quest: Quest, column: str) -> None:
    await account(quest)
    session = await sign_in(quest)
    await quest.runtime.writer.execute(f"UPDATE app_user SET {column} = now()")
    for document, given in ((SIGN_IN, PAIR), (REFRESH, {"refreshToken": session["refreshToken"]})):
        assert (await elsewhere(quest).refused(document, input=given))["code"] == "UNAUTHENTICATED"


async def test_an_old_refresh_token_ends_the_session_a_day_later_too(quest: Quest) -> None:
    await account(quest)
    first = await sign_in(quest)
    client = elsewhere(quest)
    second = (await client.run(REFRESH, input={"refreshToken": first["refreshToken"]}))["refreshToken"]["session"]
    client.now += timedelta(days=1)
    for session in (first, second):
        refusal = await client.refused(REFRESH, input={"refreshToken": session["refreshToken"]})
        assert refusal["code"] == "UNAUTHENTICATED"
