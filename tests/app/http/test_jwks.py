"""The published keys, as another service uses them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import jwt
import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.routing import Route

from app.accounts import ensure_account, token_for
from app.http import jwks
from milequest.providers.identity.builtin import CLIENT_ID
from milequest.rules.credentials import ISSUER
from milequest.rules.errors import ErrorCode, Refused
from tests.quest import Quest


@pytest.fixture
async def client(quest: Quest) -> AsyncIterator[AsyncClient]:
    app = Starlette(routes=[Route("/.well-known/jwks.json", jwks.keys)])
    app.state.runtime = quest.runtime
    async with AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1:8000") as client:
        yield client


async def test_published_keys_verify_an_operators_token(client: AsyncClient, quest: Quest) -> None:
    now = datetime.now(UTC)  # the other service knows no other time
    user_id = await ensure_account(quest.runtime, "ada@example.org", "Correct-Horse-1", "Ada", now)
    assert await ensure_account(quest.runtime, "Ada@example.org", "Another-Word-1", "Eve", now) == user_id
    token = await token_for(quest.runtime, "ADA@example.org", now)
    answer = await client.get("/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["content-type"] == "application/json"
    key = jwt.PyJWKSet.from_dict(answer.json())[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], issuer=ISSUER)
    assert (claims["client_id"], claims["token_use"]) == (CLIENT_ID, "access")


async def test_operator_token_for_an_unknown_address_is_not_found(quest: Quest) -> None:
    with pytest.raises(Refused) as refusal:
        await token_for(quest.runtime, "stranger@example.org", quest.anonymous.now)
    assert refusal.value.code is ErrorCode.NOT_FOUND
