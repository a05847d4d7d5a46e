"""Signing out of Cognito: the sessions it ends, and our own records of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from milequest.actions.accounts import user_for_identity
from milequest.providers.identity.cognito import CognitoIdentity
from milequest.rules.errors import ErrorCode
from milequest.rules.identity import ANONYMOUS, Identity
from milequest.rules.sessions import Ending
from milequest.settings import Settings
from milequest.store.revocations import Revocations
from milequest.store.transaction import Pool, transact
from tests.ada import code_of
from tests.fakes import issuer as fake
from tests.fakes.issuer import CLIENT_ID, SUBJECT, Issuer
from tests.milequest.store.aws.stub import Stub, stubbed

SECRET = (200, b'{"UserPoolClient": {"ClientSecret": "secret"}}')
DONE = (200, b"{}")
REFUSED = (400, b'{"__type": "NotAuthorizedException"}')
USERNAME = "ada"  # as in the issuer's tokens
SESSION = "5e551011-0000-4000-8000-000000000001"
Answer = tuple[int, bytes]


class Cognito:
    """A user pool with Ada in it, whom we know, and its requests."""

    def __init__(self, issuer: Issuer, stub: Stub, pool: Pool) -> None:
        settings = Settings(
            cognito_pool="pool", jwks_url=issuer.jwks_url, jwt_issuer=issuer.name, jwt_client_id=CLIENT_ID
        )
        self.issuer = issuer
        self.revocations = Revocations(pool)
        self.identity = CognitoIdentity(settings, stub.aws, pool, self.revocations)
        self._asked = stub.asked
        self._pool = pool

    async def caller(self, **changes: Any) -> Identity:
        """Return the caller with an access token of these claims."""
        now = datetime.now(UTC)
        account = (await self.identity.verify(self.issuer.token(self.issuer.id_claims()), now)).account()
        assert account is not None
        user_id: UUID = (await transact(self._pool, lambda tx: user_for_identity(tx, account, now))).result
        claims = self.issuer.claims(**{"origin_jti": SESSION, **changes})
        return replace((await self.identity.verify(self.issuer.token(claims), now)).identity(user_id))

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """Return the inputs of the calls of an operation."""
        return [orjson.loads(one.partition("\r\n\r\n")[2]) for one in self._asked if f".{operation}" in one]


@asynccontextmanager
async def _cognito(pool: Pool, *answers: Answer | str) -> AsyncIterator[Cognito]:
    async with fake.running() as issuer:
        access = issuer.token(issuer.claims(origin_jti=SESSION))
        tokens = {"IdToken": issuer.token(issuer.id_claims()), "AccessToken": access, "ExpiresIn": 3600}
        exchanged = 200, orjson.dumps({"AuthenticationResult": tokens})
        signed_in = 200, orjson.dumps({"AuthenticationResult": {**tokens, "RefreshToken": "first"}})
        said: dict[Answer | str, Answer] = {"tokens": exchanged, "signed in": signed_in}
        given = iter([SECRET, *(said.get(answer, answer) for answer in answers)])
        async with stubbed(given) as stub:  # type: ignore[arg-type]  # none is a text any more
            yield Cognito(issuer, stub, pool)


@pytest.fixture
def cognito(pool: Pool) -> Callable[..., AbstractAsyncContextManager[Cognito]]:
    """Return a factory of user pools with these answers, after that with the client's secret."""
    return lambda *answers: _cognito(pool, *answers)


Made = Callable[..., AbstractAsyncContextManager[Cognito]]


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
