"""What Cognito is asked: with our role's signature where it wants one, and nowhere else."""

from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from milequest.providers.identity.cognito import CognitoIdentity
from milequest.rules.credentials import SignUp
from milequest.rules.enums import Units
from milequest.rules.errors import ErrorCode, Refused
from milequest.settings import Settings
from tests.ada import code_of
from tests.fakes import issuer as fake
from tests.fakes.issuer import CLIENT_ID, SUBJECT
from tests.milequest.store.aws.stub import stubbed

NOW = datetime(2026, 11, 29, tzinfo=UTC)
POOL = Settings(
    cognito_pool="us-east-1_Pool",
    jwks_url="http://127.0.0.1:1/jwks.json",
    jwt_issuer="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool",
    jwt_client_id="client",
)
SECRET = (200, b'{"UserPoolClient": {"ClientSecret": "secret"}}')
DONE = (200, b"{}")
REFUSED = (400, b'{"__type": "NotAuthorizedException"}')


async def test_what_is_open_to_all_is_not_signed() -> None:
    """No policy allows these operations, and AWS asks none: with a signature a role would be asked for one."""
    async with stubbed(iter([SECRET, DONE, DONE, DONE, DONE, REFUSED])) as stub:
        identity = CognitoIdentity(POOL, stub.aws)
        await identity.sign_up(SignUp("ada@example.org", "Correct-Horse-1", "Ada", "UTC", Units.MILES), NOW)
        await identity.confirm("ada@example.org", "123456", NOW)
        await identity.resend_code("ada@example.org", NOW)
        await identity.sign_out("subject:token", None, everywhere=False, now=NOW)
        with pytest.raises(Refused, match="Wrong e-mail address or password"):
            await identity.sign_in("ada@example.org", "wrong", NOW)
        signed = {asked.partition("Service.")[2].partition("\r\n")[0]: "AWS4-HMAC" in asked for asked in stub.asked}
        assert signed == {
            "DescribeUserPoolClient": True,
            "SignUp": False,
            "ConfirmSignUp": False,
            "ResendConfirmationCode": False,
            "RevokeToken": False,
            "AdminInitiateAuth": True,
        }


@pytest.mark.parametrize("token", ["ada@example.org:", "ada@example.org:x", f"{SUBJECT}:x", "x", ":x", ":", "", None])
async def test_a_user_named_in_front_of_a_bad_refresh_token_is_signed_out_nowhere(token: str | None) -> None:
    async with stubbed(iter([SECRET, REFUSED])) as stub:
        ended = CognitoIdentity(POOL, stub.aws).sign_out(token, None, everywhere=True, now=NOW)
        assert await code_of(ended) is ErrorCode.UNAUTHENTICATED
        assert [asked for asked in stub.asked if "GlobalSignOut" in asked or "RevokeToken" in asked] == []


async def test_signing_out_everywhere_is_for_whom_cognito_says_the_refresh_token_is() -> None:
    async with fake.running() as issuer:
        tokens = {"IdToken": issuer.token(issuer.id_claims()), "AccessToken": issuer.token(), "ExpiresIn": 3600}
        exchanged = 200, orjson.dumps({"AuthenticationResult": tokens})
        pool = replace(POOL, jwks_url=issuer.jwks_url, jwt_issuer=issuer.name, jwt_client_id=CLIENT_ID)
        async with stubbed(iter([SECRET, exchanged, DONE, DONE])) as stub:
            identity = CognitoIdentity(pool, stub.aws)
            await identity.sign_out("victim@example.org:token", None, everywhere=True, now=datetime.now(UTC))
            assert signed_out(stub.asked) == [SUBJECT]


async def test_signing_out_everywhere_is_for_the_subject_of_the_access_token() -> None:
    async with stubbed(iter([SECRET, DONE, DONE])) as stub:
        identity = CognitoIdentity(POOL, stub.aws)
        await identity.sign_out("victim@example.org:token", SUBJECT, everywhere=True, now=NOW)
        assert signed_out(stub.asked) == [SUBJECT]


async def test_a_sign_out_that_our_role_may_not_ask_for_is_not_said_to_be_done() -> None:
    async with stubbed(iter([(400, b'{"__type": "AccessDeniedException"}')])) as stub:
        ended = CognitoIdentity(POOL, stub.aws).sign_out(None, SUBJECT, everywhere=True, now=NOW)
        assert await code_of(ended) is ErrorCode.UNAVAILABLE


def signed_out(asked: list[str]) -> list[str]:
    """Whom Cognito was asked to sign out everywhere."""
    bodies = [one.partition("\r\n\r\n")[2] for one in asked if "AdminUserGlobalSignOut" in one]
    return [orjson.loads(body)["Username"] for body in bodies]
