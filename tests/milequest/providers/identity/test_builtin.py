"""Accounts of the built-in identity provider: from sign-up to sign-out, its codes, and accounts by an operator."""

import asyncio
from datetime import timedelta
from uuid import UUID

import jwt
import pytest

from milequest.providers.identity.builtin import CLIENT_ID, BuiltinIdentity
from milequest.rules.credentials import CODE_TRIES, ISSUER, PENDING_SIGN_UPS, checked_sign_up
from milequest.rules.errors import ErrorCode
from milequest.rules.identity import ANONYMOUS, Account
from milequest.rules.sessions import Ending
from milequest.store.transaction import Pool
from tests.ada import ADA, EMAIL, NOW, PASSWORD, code_of, signed_in
from tests.fakes.outbox import Outbox

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def test_from_sign_up_to_sign_out(identity: BuiltinIdentity, outbox: Outbox) -> None:
    await identity.sign_up(ADA, NOW)
    assert outbox.sent[0].to == EMAIL
    assert await code_of(identity.sign_in(EMAIL, PASSWORD, NOW)) is ErrorCode.EMAIL_NOT_VERIFIED
    await identity.confirm("ada@example.ORG", outbox.code(), NOW)
    first = await identity.sign_in(" ada@EXAMPLE.org ", PASSWORD, NOW)
    assert first.account == Account(ISSUER, first.account.subject, EMAIL, True, "Ada", "Europe/London")
    assert first.session.access_token_expires_at == NOW + HOUR
    second = await identity.refresh(first.session.refresh_token, NOW + HOUR)
    assert second.account == first.account
    await identity.sign_out(second.session.refresh_token, ANONYMOUS, Ending.THIS, NOW + HOUR)
    assert await code_of(identity.refresh(second.session.refresh_token, NOW + HOUR)) is ErrorCode.UNAUTHENTICATED


async def test_an_access_token_is_shaped_as_cognitos_and_tells_no_address(identity: BuiltinIdentity) -> None:
    session = await signed_in(identity)
    token = await identity.verify(session.access_token, NOW)
    decoded = jwt.decode_complete(session.access_token, options={"verify_signature": False})
    assert decoded["header"].keys() == {"alg", "kid", "typ"}
    claims = decoded["payload"]
    assert claims.keys() == {
        *("sub", "iss", "client_id", "token_use", "username", "cognito:groups"),
        *("origin_jti", "jti", "auth_time", "iat", "exp"),
    }
    assert (claims["iss"], claims["client_id"], claims["token_use"]) == (ISSUER, CLIENT_ID, "access")
    assert claims["exp"] - claims["iat"] == 3600
    assert UUID(claims["sub"]) == UUID(token.subject)
    assert "ada" not in str(claims).lower()
    assert token.account() is None


async def test_a_token_ends_after_its_hour_and_a_minute(identity: BuiltinIdentity) -> None:
    session = await signed_in(identity)
    await identity.verify(session.access_token, NOW + timedelta(seconds=3_659))
    ended = identity.verify(session.access_token, NOW + timedelta(seconds=3_660))
    assert await code_of(ended) is ErrorCode.UNAUTHENTICATED


async def test_a_code_is_good_once_for_a_quarter_of_an_hour(identity: BuiltinIdentity, outbox: Outbox) -> None:
    await identity.sign_up(ADA, NOW)
    late = NOW + timedelta(minutes=15)
    assert await code_of(identity.confirm(EMAIL, outbox.code(), late)) is ErrorCode.CODE_INVALID
    await identity.resend_code(EMAIL, late)
    assert await code_of(identity.confirm(EMAIL, outbox.code(0), late)) is ErrorCode.CODE_INVALID
    await identity.confirm(EMAIL, outbox.code(), late)
    assert await code_of(identity.confirm(EMAIL, outbox.code(), late)) is ErrorCode.CODE_INVALID


async def test_a_code_bears_few_wrong_tries_even_at_once(identity: BuiltinIdentity, outbox: Outbox) -> None:
    await identity.sign_up(ADA, NOW)
    wrong = [f"{(int(outbox.code()) + number) % 1_000_000:06d}" for number in range(1, CODE_TRIES + 1)]
    codes = await asyncio.gather(*(code_of(identity.confirm(EMAIL, code, NOW)) for code in wrong))
    assert set(codes) == {ErrorCode.CODE_INVALID}
    assert await code_of(identity.confirm(EMAIL, outbox.code(), NOW)) is ErrorCode.CODE_INVALID
    await identity.resend_code(EMAIL, NOW)
    await identity.confirm(EMAIL, outbox.code(), NOW)


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "1234567", "\ud800", "\x00", "1" * 100_000])
async def test_what_is_no_code_is_a_wrong_one(identity: BuiltinIdentity, code: str) -> None:
    await identity.sign_up(ADA, NOW)
    assert await code_of(identity.confirm(EMAIL, code, NOW)) is ErrorCode.CODE_INVALID


async def test_a_sign_up_ends_after_a_day(identity: BuiltinIdentity, outbox: Outbox, pool: Pool) -> None:
    await identity.sign_up(ADA, NOW)
    assert await code_of(identity.sign_in(EMAIL, PASSWORD, NOW + DAY)) is ErrorCode.UNAUTHENTICATED
    await identity.resend_code(EMAIL, NOW + DAY)
    assert len(outbox.sent) == 1
    await identity.sign_up(checked_sign_up("bob@example.org", PASSWORD, "Bob"), NOW + DAY)
    assert await pool.fetchval("SELECT count(*) FROM pending_sign_up") == 1


async def test_the_code_decides_whose_attempt_wins(identity: BuiltinIdentity, outbox: Outbox) -> None:
    """Mallory signs up with Ada's address, before and after her: Ada's own code takes her own password."""
    mallorys = checked_sign_up(EMAIL, "Mallorys-Word-1", "Mallory")
    for second, request in enumerate((mallorys, ADA, mallorys)):
        await identity.sign_up(request, NOW + timedelta(seconds=second))
    await identity.confirm(EMAIL, outbox.code(1), NOW)
    assert (await identity.sign_in(EMAIL, PASSWORD, NOW)).account.name == "Ada"
    assert await code_of(identity.sign_in(EMAIL, mallorys.password, NOW)) is ErrorCode.UNAUTHENTICATED
    assert await code_of(identity.confirm(EMAIL, outbox.code(2), NOW)) is ErrorCode.CODE_INVALID


async def test_of_an_address_the_newest_attempts_are_kept(
    identity: BuiltinIdentity, outbox: Outbox, pool: Pool
) -> None:
    for second in range(PENDING_SIGN_UPS + 1):
        await identity.sign_up(ADA, NOW + timedelta(seconds=second))
    assert await pool.fetchval("SELECT count(*) FROM pending_sign_up") == PENDING_SIGN_UPS
    assert await code_of(identity.confirm(EMAIL, outbox.code(0), NOW)) is ErrorCode.CODE_INVALID
    await identity.confirm(EMAIL, outbox.code(1), NOW)


async def test_an_operators_account_and_token(identity: BuiltinIdentity, outbox: Outbox) -> None:
    assert await identity.token_for(EMAIL, NOW) is None
    await identity.sign_up(ADA, NOW)
    assert await identity.token_for(EMAIL, NOW) is None
    made = await identity.add_account(ADA, NOW)
    again = await identity.add_account(checked_sign_up(EMAIL, "Another-Word-1", "Eve"), NOW)
    assert made == again
    found = await identity.token_for("ADA@example.org", NOW)
    assert found is not None
    account, token = found
    assert (await identity.verify(token, NOW)).subject == account.subject == made.subject
    assert (await identity.sign_in(EMAIL, PASSWORD, NOW)).account == made
