"""Signing out of Cognito: the sessions it ends, and our own records of it."""

from datetime import UTC, datetime

import pytest

from milequest.rules.errors import ErrorCode
from milequest.rules.identity import ANONYMOUS
from milequest.rules.sessions import Ending
from milequest.store.sql.transaction import Pool
from tests.ada import code_of
from tests.fakes import issuer as fake
from tests.fakes.issuer import SUBJECT
from tests.milequest.providers.identity.cognito import DONE, REFUSED, Cognito, Made
from tests.milequest.providers.identity.cognito import cognito as cognito
from tests.milequest.store.aws.stub import stubbed

USERNAME = "ada"  # as in the issuer's tokens


@pytest.mark.parametrize(
    "token", ["ada@example.org:", "ada@example.org:x", f"{SUBJECT}:x", f"{USERNAME}:x", "x", ":x", ":", "", None]
)
async def test_a_user_named_in_front_of_a_bad_refresh_token_is_signed_out_nowhere(
    cognito: Made, token: str | None
) -> None:
    async with cognito(REFUSED) as pool:
        ended = pool.identity.sign_out(token, ANONYMOUS, Ending.ALL, datetime.now(UTC))
        assert await code_of(ended) is ErrorCode.UNAUTHENTICATED
        assert pool.asked("AdminUserGlobalSignOut") == pool.asked("RevokeToken") == []


async def test_signing_out_everywhere_is_for_whom_cognito_says_the_refresh_token_is(cognito: Made) -> None:
    async with cognito("tokens", DONE, DONE) as pool:
        caller = await pool.caller()
        await pool.identity.sign_out("victim@example.org:token", ANONYMOUS, Ending.ALL, datetime.now(UTC))
        assert [asked["Username"] for asked in pool.asked("AdminUserGlobalSignOut")] == [USERNAME]
        assert pool.revocations.has_ended(caller)


async def test_signing_out_everywhere_is_for_whom_the_access_token_names(cognito: Made) -> None:
    async with cognito(DONE, DONE) as pool:
        caller = await pool.caller()
        later = await pool.caller(origin_jti="another", auth_time=int(datetime.now(UTC).timestamp()) + 2)
        await pool.identity.sign_out("victim@example.org:token", caller, Ending.ALL, datetime.now(UTC))
        assert [asked["Username"] for asked in pool.asked("AdminUserGlobalSignOut")] == [USERNAME]
        assert pool.revocations.has_ended(caller)
        assert not pool.revocations.has_ended(later)


async def test_signing_out_by_a_refresh_token_ends_its_session_alone(cognito: Made) -> None:
    async with cognito("tokens", DONE) as pool:
        caller, other = await pool.caller(), await pool.caller(origin_jti="another")
        await pool.identity.sign_out(f"{USERNAME}:token", ANONYMOUS, Ending.THIS, datetime.now(UTC))
        assert [asked["Token"] for asked in pool.asked("RevokeToken")] == ["token"]
        assert pool.revocations.has_ended(caller)
        assert not pool.revocations.has_ended(other)


async def test_a_session_that_an_access_token_ended_is_not_refreshed(cognito: Made) -> None:
    async with cognito("tokens", DONE) as pool:
        caller = await pool.caller()
        await pool.identity.sign_out(None, caller, Ending.THIS, datetime.now(UTC))
        refreshed = pool.identity.refresh(f"{USERNAME}:token", datetime.now(UTC))
        assert await code_of(refreshed) is ErrorCode.UNAUTHENTICATED
        assert [asked["Token"] for asked in pool.asked("RevokeToken")] == ["token"]


async def test_a_sign_out_that_our_role_may_not_ask_for_is_not_said_to_be_done(pool: Pool) -> None:
    async with stubbed(iter([(400, b'{"__type": "AccessDeniedException"}')])) as stub, fake.running() as issuer:
        cognito = Cognito(issuer, stub, pool)
        ended = cognito.identity.sign_out(None, await cognito.caller(), Ending.ALL, datetime.now(UTC))
        assert await code_of(ended) is ErrorCode.UNAVAILABLE
