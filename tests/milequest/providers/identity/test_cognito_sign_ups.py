"""Sign-ups with Cognito: strangers' attempts with an address do not affect its owner's."""

from collections.abc import AsyncIterator

import pytest

from milequest.actions.accounts import user_for_identity
from milequest.providers.identity.cognito import CognitoIdentity
from milequest.rules.credentials import checked_sign_up
from milequest.rules.errors import ErrorCode, QuestError
from milequest.rules.sessions import Ending
from milequest.settings import Settings
from milequest.store.sql.revocations import Revocations
from milequest.store.sql.transaction import Pool, transact
from tests.ada import ADA, EMAIL, PASSWORD, code_of
from tests.fakes import issuer as fake
from tests.fakes.issuer import CLIENT_ID
from tests.fakes.user_pool import UserPool, now, serving

MALLORYS = checked_sign_up("ADA@example.org", "Mallorys-Word-1", "Mallory")


class Cognito:
    """The provider on a user pool with e-mail as an alias."""

    def __init__(self, users: UserPool, identity: CognitoIdentity) -> None:
        self.users = users
        self.identity = identity

    async def is_good(self, code: str, attempt_id: str | None) -> bool:
        """Return whether a code confirms an attempt with Ada's address."""
        refusal = await code_of(self.identity.confirm(EMAIL, code, now(), attempt_id))
        assert refusal in (None, ErrorCode.CODE_INVALID)
        return refusal is None

    async def signs_in(self, password: str) -> bool:
        """Return whether Ada's address signs in with a password."""
        refusal = await code_of(self.identity.sign_in(EMAIL, password, now()))
        assert refusal in (None, ErrorCode.UNAUTHENTICATED)
        return refusal is None


@pytest.fixture
async def cognito(pool: Pool) -> AsyncIterator[Cognito]:
    """Yield the provider on an empty user pool."""
    async with fake.running() as issuer:
        users = UserPool(issuer)
        async with serving(users) as aws:
            settings = Settings(
                cognito_pool="pool", jwks_url=issuer.jwks_url, jwt_issuer=issuer.name, jwt_client_id=(CLIENT_ID,)
            )
            yield Cognito(users, CognitoIdentity(settings, aws, pool, Revocations(pool)))


@pytest.mark.parametrize("was_first", [True, False])
async def test_a_strangers_attempt_is_not_confirmed_by_the_owner_of_the_mailbox(
    cognito: Cognito, was_first: bool
) -> None:
    requests = (MALLORYS, ADA) if was_first else (ADA, MALLORYS)
    attempts = {request.name: await cognito.identity.sign_up(request, now()) for request in requests}
    await cognito.identity.resend_code(EMAIL, now(), attempts["Mallory"])
    codes = cognito.users.codes_to(EMAIL)
    adas = codes.pop(1 if was_first else 0)
    assert not any([await cognito.is_good(code, attempt) for code in codes for attempt in (attempts["Ada"], None)])
    assert await cognito.is_good(adas, attempts["Ada"])
    assert await cognito.signs_in(PASSWORD)
    assert not await cognito.signs_in(MALLORYS.password)


async def test_a_strangers_attempt_never_takes_the_address_from_who_has_an_account(cognito: Cognito) -> None:
    attempt = await cognito.identity.sign_up(ADA, now())
    assert await cognito.is_good(cognito.users.codes_to(EMAIL)[0], attempt)
    mallorys = await cognito.identity.sign_up(MALLORYS, now())
    assert not await cognito.is_good(cognito.users.codes_to(EMAIL)[1], mallorys)
    assert await cognito.signs_in(PASSWORD)
    assert not await cognito.signs_in(MALLORYS.password)


async def test_an_address_with_an_account_is_answered_like_one_without(cognito: Cognito) -> None:
    attempt = await cognito.identity.sign_up(ADA, now())
    assert await cognito.is_good(cognito.users.codes_to(EMAIL)[0], attempt)
    told = []
    for email in (EMAIL, "stranger@example.org"):
        request = checked_sign_up(email, MALLORYS.password, "Mallory")
        attempt = await cognito.identity.sign_up(request, now())
        await cognito.identity.resend_code(email, now(), attempt)
        await cognito.identity.forgot_password(email, now())
        refusals = []
        for call in (
            cognito.identity.sign_in(email, request.password, now()),
            cognito.identity.confirm(email, "000000", now(), attempt),
            cognito.identity.reset_password(email, "any", "000000", request.password, now()),
        ):
            with pytest.raises(QuestError) as refusal:
                await call
            refusals.append((refusal.value.code, refusal.value.message, refusal.value.details))
        told.append((len(attempt), refusals))
    assert told[0] == told[1]


@pytest.mark.parametrize("attempt", [None, "", EMAIL, EMAIL.lower(), "\ud800", "x" * 100_000, "0" * 64])
async def test_an_unknown_attempt_id_confirms_nothing_and_mails_nothing(cognito: Cognito, attempt: str | None) -> None:
    await cognito.identity.sign_up(ADA, now())
    named = cognito.users.users[0].name
    for each in (attempt, named):
        assert not await cognito.is_good(cognito.users.codes_to(EMAIL)[0], each)
        await cognito.identity.resend_code(EMAIL, now(), each)
    assert len(cognito.users.mails) == 1


async def test_an_attempt_is_nothing_with_another_address_by_which_its_mails_would_be_counted(cognito: Cognito) -> None:
    attempt, other = await cognito.identity.sign_up(ADA, now()), "mallory@example.org"
    await cognito.identity.resend_code(other, now(), attempt)
    (code,) = cognito.users.codes_to(EMAIL)
    assert await code_of(cognito.identity.confirm(other, code, now(), attempt)) is ErrorCode.CODE_INVALID
    await cognito.identity.resend_code(EMAIL.lower(), now(), attempt)
    assert await cognito.is_good(cognito.users.codes_to(EMAIL)[1], attempt)


async def test_a_session_goes_on_and_ends_by_the_name_the_pool_has_for_its_user(cognito: Cognito, pool: Pool) -> None:
    attempt = await cognito.identity.sign_up(ADA, now())
    assert await cognito.is_good(cognito.users.codes_to(EMAIL)[0], attempt)
    signed_in = await cognito.identity.sign_in(EMAIL, PASSWORD, now())
    user_id = (await transact(pool, lambda tx: user_for_identity(tx, signed_in.account, now()))).result
    again = await cognito.identity.refresh(signed_in.session.refresh_token, now())
    assert again.account == signed_in.account
    caller = (await cognito.identity.verify(again.session.access_token, now())).identity(user_id)
    assert caller.username == cognito.users.users[0].name != caller.subject
    await cognito.identity.change_password(caller, PASSWORD, "Another-Horse-2", now())
    assert await code_of(cognito.identity.refresh(again.session.refresh_token, now())) is ErrorCode.UNAUTHENTICATED
    assert await cognito.signs_in("Another-Horse-2")
    later = (await cognito.identity.sign_in(EMAIL, "Another-Horse-2", now())).session
    await cognito.identity.sign_out(None, caller, Ending.ALL, now())
    assert await code_of(cognito.identity.refresh(later.refresh_token, now())) is ErrorCode.UNAUTHENTICATED


async def test_a_forgotten_password_is_replaced_by_the_code_of_the_confirmed_account(cognito: Cognito) -> None:
    await cognito.identity.sign_up(MALLORYS, now())
    attempt = await cognito.identity.sign_up(ADA, now())
    await cognito.identity.forgot_password(EMAIL, now())
    codes = cognito.users.codes_to(EMAIL)
    assert len(codes) == 2, "nobody is known by the address yet"
    assert await cognito.is_good(codes[1], attempt)
    request = await cognito.identity.forgot_password(EMAIL, now())
    code = cognito.users.codes_to(EMAIL)[2]
    await cognito.identity.reset_password(EMAIL, request, code, "Another-Horse-2", now())
    assert await cognito.signs_in("Another-Horse-2")
    assert not await cognito.signs_in(MALLORYS.password)


async def test_an_address_that_cognito_does_not_take_is_said_to_be_wrong(cognito: Cognito) -> None:
    with pytest.raises(QuestError, match=r"input\.email"):
        await cognito.identity.sign_up(checked_sign_up("ä@example.org", PASSWORD, "Ä"), now())
