"""A Cognito of the test, and the provider on it."""

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
from milequest.rules.identity import Identity
from milequest.settings import Settings
from milequest.store.sql.revocations import Revocations
from milequest.store.sql.transaction import Pool, transact
from tests.fakes import issuer as fake
from tests.fakes.issuer import CLIENT_ID, Issuer
from tests.milequest.store.aws.stub import Stub, stubbed

SECRET = (200, b'{"UserPoolClient": {"ClientSecret": "secret"}}')
DONE = (200, b"{}")


REFUSED = (400, b'{"__type": "NotAuthorizedException"}')
SESSION = "5e551011-0000-4000-8000-000000000001"


Answer = tuple[int, bytes]


class Cognito:
    """A user pool with Ada in it, whom we know, and its requests."""

    def __init__(self, issuer: Issuer, stub: Stub, pool: Pool) -> None:
        settings = Settings(
            cognito_pool="pool", jwks_url=issuer.jwks_url, jwt_issuer=issuer.name, jwt_client_id=(CLIENT_ID,)
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
