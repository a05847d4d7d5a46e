"""New passwords with Cognito: its requests, and that no answer reveals an account."""

from datetime import UTC, datetime, timedelta

import pytest

from milequest.rules.errors import ErrorCode, QuestError
from milequest.rules.instants import seconds
from tests.ada import code_of
from tests.milequest.providers.identity.cognito import DONE, REFUSED, Made, cognito

__all__ = ["cognito"]  # the fixture
EMAIL, KEY, NEW = "Ada@Example.org", "ada@example.org", "Another-Horse-2"
AS_OFTEN_AS_ASKED = 6  # transient failures are retried


def error(name: str) -> tuple[int, bytes]:
    """Return an error of Cognito's."""
    return 400, f'{{"__type": "{name}"}}'.encode()


def now() -> datetime:
    """Return this instant: sessions that began before it are over."""
    return datetime.now(UTC)


async def test_a_reset_ends_every_session(cognito: Made) -> None:
    async with cognito(DONE, DONE, DONE) as pool:
        caller = await pool.caller()
        request = await pool.identity.forgot_password(EMAIL, now())
        await pool.identity.reset_password(EMAIL, request, "123456", NEW, now())
        (asked,) = pool.asked("ConfirmForgotPassword")
        assert (asked["Username"], asked["ConfirmationCode"], asked["Password"]) == (KEY, "123456", NEW)
        assert [asked["Username"] for asked in pool.asked("AdminUserGlobalSignOut")] == [KEY]
        assert pool.revocations.has_ended(caller)


@pytest.mark.parametrize("name", ["CodeMismatch", "ExpiredCode", "UserNotFound", "UserNotConfirmed", "LimitExceeded"])
async def test_failed_reset_at_cognito_is_always_code_invalid(cognito: Made, name: str) -> None:
    async with cognito(*[error(f"{name}Exception")] * AS_OFTEN_AS_ASKED) as pool:
        reset = pool.identity.reset_password(EMAIL, "any", "123456", NEW, now())
        assert await code_of(reset) is ErrorCode.CODE_INVALID
        assert pool.asked("AdminUserGlobalSignOut") == []


@pytest.mark.parametrize("name", ["UserNotFound", "InvalidParameter", "LimitExceeded", "NotAuthorized"])
async def test_forgot_password_of_an_unknown_address_is_answered_alike(cognito: Made, name: str) -> None:
    async with cognito(*[error(f"{name}Exception")] * AS_OFTEN_AS_ASKED) as pool:
        assert await pool.identity.forgot_password(EMAIL, now())


async def test_password_change_needs_the_current_one_and_ends_every_session(cognito: Made) -> None:
    async with cognito("signed in", DONE, DONE) as pool:
        caller = await pool.caller()
        await pool.identity.change_password(caller, "Correct-Horse-1", NEW, now())
        assert pool.asked("AdminInitiateAuth")[0]["AuthParameters"]["PASSWORD"] == "Correct-Horse-1"
        (asked,) = pool.asked("AdminSetUserPassword")
        assert (asked["Username"], asked["Password"], asked["Permanent"]) == (caller.username, NEW, True)
        assert [asked["Username"] for asked in pool.asked("AdminUserGlobalSignOut")] == [caller.username]
        assert pool.revocations.has_ended(caller)


async def test_a_session_begun_while_a_password_changes_is_over_too(cognito: Made) -> None:
    begun = now()
    async with cognito("signed in", DONE, DONE) as pool:
        caller = await pool.caller()
        thief = await pool.caller(origin_jti="another", auth_time=seconds(begun))
        await pool.identity.change_password(caller, "Correct-Horse-1", NEW, begun - timedelta(seconds=5))
        assert pool.revocations.has_ended(thief)


async def test_closing_an_account_needs_its_password_and_ends_every_session(cognito: Made) -> None:
    async with cognito("signed in", DONE) as pool:
        caller = await pool.caller()
        await pool.identity.confirm_closing(caller, "Correct-Horse-1", now())
        assert pool.asked("AdminInitiateAuth")[0]["AuthParameters"]["PASSWORD"] == "Correct-Horse-1"
        assert [asked["Username"] for asked in pool.asked("AdminUserGlobalSignOut")] == [caller.username]
        assert pool.revocations.has_ended(caller)
    async with cognito(REFUSED) as pool:
        with pytest.raises(QuestError, match=r"input\.password"):
            await pool.identity.confirm_closing(await pool.caller(), "Wrong-Horse-1", now())
        assert pool.asked("AdminUserGlobalSignOut") == []


async def test_closing_an_account_without_a_password_needs_a_session_that_has_just_begun(cognito: Made) -> None:
    for age, is_fresh in ((timedelta(minutes=9), True), (timedelta(minutes=11), False)):
        async with cognito(DONE) as pool:
            caller = await pool.caller(auth_time=seconds(now() - age))
            closing = pool.identity.confirm_closing(caller, None, now())
            if is_fresh:
                await closing
            else:
                assert await code_of(closing) is ErrorCode.UNAUTHENTICATED
            assert len(pool.asked("AdminUserGlobalSignOut")) == is_fresh


@pytest.mark.parametrize(
    ("answers", "path"),
    [((REFUSED,), "input.currentPassword"), (("signed in", error("InvalidPasswordException")), "input.newPassword")],
)
async def test_password_refused_by_the_pool_is_a_fault_of_its_field(
    cognito: Made, answers: tuple[tuple[int, bytes] | str, ...], path: str
) -> None:
    async with cognito(*answers) as pool:
        with pytest.raises(QuestError, match=path):
            await pool.identity.change_password(await pool.caller(), "Wrong-Horse-1", NEW, now())
        assert pool.asked("AdminUserGlobalSignOut") == []


async def test_sign_in_to_a_pending_sign_up_is_answered_like_a_wrong_password(cognito: Made) -> None:
    told = set()
    for name in ("UserNotConfirmed", "NotAuthorized", "UserNotFound"):
        async with cognito(*[error(f"{name}Exception")] * AS_OFTEN_AS_ASKED) as pool:
            with pytest.raises(QuestError) as refusal:
                await pool.identity.sign_in(EMAIL, NEW, now())
            told.add((refusal.value.code, refusal.value.message))
    assert len(told) == 1


async def test_a_change_of_address_is_unavailable_with_a_reason(cognito: Made) -> None:
    async with cognito() as pool:
        caller = await pool.caller()
        for call in (
            pool.identity.request_email_change(caller, "ada@example.com", "Correct-Horse-1", now()),
            pool.identity.confirm_email_change(caller, "any", "123456", "654321", now()),
        ):
            with pytest.raises(QuestError, match="keep their address") as refusal:
                await call
            assert (refusal.value.code, refusal.value.details) == (ErrorCode.UNAVAILABLE, {})
