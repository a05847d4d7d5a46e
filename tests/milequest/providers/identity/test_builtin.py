"""Accounts of the built-in identity provider: from sign-up to sign-out, its codes, and accounts by an operator."""

from datetime import timedelta
from uuid import UUID

import jwt

from milequest.providers.identity.builtin import CLIENT_ID, BuiltinIdentity
from milequest.rules.credentials import ISSUER, checked_sign_up
from milequest.rules.errors import ErrorCode
from milequest.rules.identity import ANONYMOUS, IssuerAccount
from milequest.rules.sessions import Ending
from tests.ada import ADA, EMAIL, NOW, PASSWORD, code_of, signed_in
from tests.fakes.outbox import Outbox

HOUR = timedelta(hours=1)


async def test_account_goes_from_sign_up_through_refresh_to_sign_out(identity: BuiltinIdentity, outbox: Outbox) -> None:
    await identity.sign_up(ADA, NOW)
    assert outbox.sent[0].to == EMAIL
    assert await code_of(identity.sign_in(EMAIL, PASSWORD, NOW)) is ErrorCode.EMAIL_NOT_VERIFIED
    await identity.confirm("ada@example.ORG", outbox.code(), NOW)
    first = await identity.sign_in(" ada@EXAMPLE.org ", PASSWORD, NOW)
    assert first.account == IssuerAccount(ISSUER, first.account.subject, EMAIL, True, "Ada", "Europe/London")
    assert first.session.access_token_expires_at == NOW + HOUR
    second = await identity.refresh(first.session.refresh_token, NOW + HOUR)
    assert second.account == first.account
    await identity.sign_out(second.session.refresh_token, ANONYMOUS, Ending.THIS, NOW + HOUR)
    assert await code_of(identity.refresh(second.session.refresh_token, NOW + HOUR)) is ErrorCode.UNAUTHENTICATED


async def test_access_token_has_cognitos_claims_and_no_address(identity: BuiltinIdentity) -> None:
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


async def test_operator_account_is_made_once_and_gets_a_valid_token(identity: BuiltinIdentity, outbox: Outbox) -> None:
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
