"""Requests to Cognito: with our role's signature where it requires one, and nowhere else."""

from datetime import UTC, datetime

import pytest

from milequest.providers.identity.cognito import CognitoIdentity
from milequest.rules.credentials import SignUp
from milequest.rules.enums import Units
from milequest.rules.errors import Refused
from milequest.rules.identity import Identity, IdentityKind
from milequest.rules.sessions import Ending
from milequest.settings import Settings
from milequest.store.sql.revocations import Revocations
from milequest.store.sql.transaction import Pool
from tests.fakes.issuer import SUBJECT
from tests.milequest.store.aws.stub import stubbed

NOW = datetime(2026, 11, 29, tzinfo=UTC)
POOL = Settings(
    cognito_pool="us-east-1_Pool",
    jwks_url="http://127.0.0.1:1/jwks.json",
    jwt_issuer="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool",
    jwt_client_id=("client",),
)
SECRET = (200, b'{"UserPoolClient": {"ClientSecret": "secret"}}')
DONE = (200, b"{}")
REFUSED = (400, b'{"__type": "NotAuthorizedException"}')


async def test_cognito_calls_open_to_all_are_not_signed(pool: Pool) -> None:
    """No policy allows these operations, and AWS requires none: with a signature a role would need one."""
    caller = Identity(IdentityKind.USER, None, POOL.jwt_issuer, SUBJECT, "ada")
    async with stubbed(iter([SECRET, DONE, DONE, DONE, DONE, DONE, REFUSED])) as stub:
        identity = CognitoIdentity(POOL, stub.aws, pool, Revocations(pool))
        request = SignUp("ada@example.org", "Correct-Horse-1", "Ada", "UTC", Units.MILES)
        attempt = await identity.sign_up(request, NOW)
        await identity.confirm("ada@example.org", "123456", NOW, attempt)
        await identity.resend_code("ada@example.org", NOW, attempt)
        await identity.sign_out("subject:token", caller, Ending.ALL, NOW)
        with pytest.raises(Refused, match="Wrong e-mail address or password"):
            await identity.sign_in("ada@example.org", "wrong", NOW)
        signed = {asked.partition("Service.")[2].partition("\r\n")[0]: "AWS4-HMAC" in asked for asked in stub.asked}
        assert signed == {
            "DescribeUserPoolClient": True,
            "SignUp": False,
            "ConfirmSignUp": False,
            "ResendConfirmationCode": False,
            "RevokeToken": False,
            "AdminUserGlobalSignOut": True,
            "AdminInitiateAuth": True,
        }
