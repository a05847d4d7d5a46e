"""API Gateway's own authorizer: the issuer's tokens are checked, others pass where the operator has an authorizer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from app.aws.token_authorizer import TokenAuthorizer, decided
from milequest.providers.identity.outside import OutsideIdentity
from tests.fakes import issuer as fake
from tests.fakes.issuer import CLIENT_ID, Issuer


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with fake.running() as issuer:
        yield issuer


async def told(issuer: Issuer, authorization: str | None, *, is_not_alone: bool) -> tuple[str, str]:
    """Return the decision and its subject."""
    judge = TokenAuthorizer(OutsideIdentity(issuer.jwks_url, issuer.name, CLIENT_ID), is_not_alone)
    headers = {"Authorization": authorization} if authorization else None
    event: dict[str, Any] = {"methodArn": "arn:this", "requestContext": {}, "headers": headers}
    policy = await decided(judge, event, datetime.now(UTC))
    (statement,) = policy["policyDocument"]["Statement"]
    assert statement["Resource"] == "arn:this"
    return statement["Effect"], policy["principalId"]


@pytest.mark.parametrize("is_not_alone", [False, True])
async def test_tokens_of_the_issuer_are_good_or_denied(issuer: Issuer, is_not_alone: bool) -> None:
    good = issuer.token()
    for header in (good, f"Bearer {good}"):
        assert await told(issuer, header, is_not_alone=is_not_alone) == ("Allow", issuer.claims()["sub"])
    old = issuer.token(issuer.claims(exp=1))
    for header in (old, f"Bearer {old}", f"Token {old}", f"{good} wall", good[:-8] + "AAAAAAAA"):
        assert await told(issuer, header, is_not_alone=is_not_alone) == ("Deny", "unknown")
    assert await told(issuer, None, is_not_alone=is_not_alone) == ("Allow", "anonymous")


@pytest.mark.parametrize("header", ["wall", "Bearer wall", "Basic d2FsbA==", "wall 60"])
async def test_foreign_token_is_allowed_only_where_an_authorizer_follows(issuer: Issuer, header: str) -> None:
    assert await told(issuer, header, is_not_alone=False) == ("Deny", "unknown")
    assert await told(issuer, header, is_not_alone=True) == ("Allow", "unknown")
