"""Signing up and in with Cognito while its quotas of requests are used up, or its mail cannot be sent."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import repeat

import pytest

from milequest.providers.identity import SignedIn
from milequest.providers.identity.cognito import CognitoIdentity
from milequest.rules.credentials import checked_sign_up
from milequest.rules.errors import ErrorCode, Refused
from milequest.settings import Settings
from milequest.store.sql.revocations import Revocations
from milequest.store.sql.transaction import Pool
from tests.ada import ADA, EMAIL, PASSWORD, code_of
from tests.fakes import issuer as fake
from tests.fakes.aws_quotas import CATEGORIES, Quotas, limited
from tests.fakes.issuer import CLIENT_ID
from tests.fakes.user_pool import UserPool, listening, now

STRANGER = "nobody@example.org"
REFUSED = "TooManyRequestsException"


@dataclass
class Throttled:
    """The provider on a user pool behind the quotas, where time stands still until `seconds` change."""

    users: UserPool
    quotas: Quotas = field(init=False)
    identity: CognitoIdentity = field(init=False)
    seconds: float = 0.0

    async def signed_in(self) -> SignedIn:
        """Return Ada's session."""
        attempt = await self.identity.sign_up(ADA, now())
        await self.identity.confirm(EMAIL, self.users.codes_to(EMAIL)[-1], now(), attempt)
        return await self.identity.sign_in(EMAIL, PASSWORD, now())


@pytest.fixture
async def cognito(pool: Pool) -> AsyncIterator[Throttled]:
    """Yield the provider on an empty user pool."""
    async with fake.running() as issuer:
        made = Throttled(UserPool(issuer))
        async with listening(made.users) as url:
            made.quotas = Quotas(url, clock=lambda: made.seconds)
            async with limited(made.quotas) as aws:
                settings = Settings(
                    cognito_pool="pool", jwks_url=issuer.jwks_url, jwt_issuer=issuer.name, jwt_client_id=(CLIENT_ID,)
                )
                made.identity = CognitoIdentity(settings, aws, pool, Revocations(pool))
                yield made


Does = Callable[[CognitoIdentity, str], Awaitable[object]]
CALLS: dict[str, tuple[str, Does]] = {
    "sign_up": ("UserCreation", lambda identity, _: identity.sign_up(checked_sign_up(STRANGER, PASSWORD, "B"), now())),
    "confirm": ("UserCreation", lambda identity, _: identity.confirm(EMAIL, "123456", now(), "attempt")),
    "sign_in": ("UserAuthentication", lambda identity, _: identity.sign_in(EMAIL, PASSWORD, now())),
    "refresh": ("UserAuthentication", lambda identity, token: identity.refresh(token, now())),
    "forgot_password": ("UserAccountRecovery", lambda identity, _: identity.forgot_password(EMAIL, now())),
}


@pytest.mark.parametrize("name", CALLS)
async def test_call_over_a_quota_is_unavailable_for_a_moment_and_good_after_it(cognito: Throttled, name: str) -> None:
    token = (await cognito.signed_in()).session.refresh_token
    category, does = CALLS[name]
    cognito.quotas.use_up(category)
    with pytest.raises(Refused) as refused:
        await does(cognito.identity, token)
    assert refused.value.code is ErrorCode.UNAVAILABLE
    assert refused.value.extensions()["retryAfterSeconds"] == 1
    assert cognito.quotas.refused == [REFUSED] * 5  # it was tried again, not given up at once
    cognito.seconds += 1
    assert await code_of(does(cognito.identity, token)) in (None, ErrorCode.CODE_INVALID)


async def test_call_that_finds_room_at_its_second_try_is_not_refused(cognito: Throttled) -> None:
    await cognito.signed_in()
    cognito.quotas.use_up("UserAuthentication")
    ticks = iter([cognito.seconds])  # the second request finds a second gone
    cognito.quotas.clock = lambda: next(ticks, cognito.seconds + 1)
    await cognito.identity.sign_in(EMAIL, PASSWORD, now())
    assert cognito.quotas.refused == [REFUSED]


async def test_quota_of_a_second_is_of_all_calls_of_its_category(cognito: Throttled) -> None:
    attempts = [await cognito.identity.sign_up(ADA, now()) for _ in range(CATEGORIES["UserCreation"][0])]
    assert await code_of(cognito.identity.confirm(EMAIL, "123456", now(), attempts[0])) is ErrorCode.UNAVAILABLE
    assert await code_of(cognito.identity.sign_in(EMAIL, PASSWORD, now())) is ErrorCode.UNAUTHENTICATED


async def test_address_whose_mail_ses_refuses_is_answered_as_one_without_an_account(
    cognito: Throttled, caplog: pytest.LogCaptureFixture
) -> None:
    await cognito.signed_in()
    cognito.users.verified = {"operator@example.org"}  # the sandbox of SES: nobody else is mailed
    for address in (EMAIL, STRANGER):
        assert await cognito.identity.forgot_password(address, now())
    (record,) = caplog.records
    assert record.getMessage() == "Cognito could not mail a code: CodeDeliveryFailureException"
    assert "example.org" not in caplog.text.lower()


async def test_limit_of_one_account_is_not_told_by_the_time_of_tries(cognito: Throttled) -> None:
    await cognito.signed_in()
    cognito.quotas.refusing = repeat((400, "LimitExceededException", "Attempt limit exceeded"))
    assert await cognito.identity.forgot_password(EMAIL, now())
    assert cognito.quotas.refused == ["LimitExceededException"]
