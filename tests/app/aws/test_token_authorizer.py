"""API Gateway's own authorizer: the issuer's tokens are checked, others pass where the operator has an authorizer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

import orjson
import pytest

from app.aws.token_authorizer import TokenAuthorizer, decided
from milequest.providers.identity.outside import OutsideIdentity
from milequest.store.aws.edge_secret import EdgeSecret
from milequest.store.aws.secrets import Secret
from tests.fakes import issuer as fake
from tests.fakes.issuer import CLIENT_ID, Issuer
from tests.milequest.store.aws.stub import stubbed


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with fake.running() as issuer:
        yield issuer


async def told(issuer: Issuer, authorization: str | None, *, is_not_alone: bool) -> tuple[str, str]:
    """Return the decision and its subject."""
    judge = TokenAuthorizer(OutsideIdentity(issuer.jwks_url, issuer.name, (CLIENT_ID,)), is_not_alone)
    headers = {"Authorization": authorization} if authorization else None
    event: dict[str, Any] = {"methodArn": "arn:this", "requestContext": {}, "headers": headers}
    policy = await decided(judge, event, datetime.now(UTC))
    (statement,) = policy["policyDocument"]["Statement"]
    assert statement["Resource"] == "arn:this"
    return statement["Effect"], policy["principalId"]


async def around(issuer: Issuer, **headers: str) -> tuple[str, str | None]:
    """Return the decision about a request to an origin of an edge, and the address that is handed on."""
    known = orjson.dumps({"SecretString": orjson.dumps({"first": "f" * 40, "second": "s" * 40}).decode()})
    async with stubbed(repeat((200, known))) as stub:
        identity = OutsideIdentity(issuer.jwks_url, issuer.name, (CLIENT_ID,))
        judge = TokenAuthorizer(identity, is_not_alone=True, edge=EdgeSecret(Secret(stub.aws, "origin")))
        event: dict[str, Any] = {"methodArn": "arn:this", "requestContext": {}, "headers": headers}
        policy = await decided(judge, event, datetime.now(UTC))
    return policy["policyDocument"]["Statement"][0]["Effect"], policy["context"].get("address")


@pytest.mark.parametrize("secret", ["f" * 40, "s" * 40])
async def test_request_through_the_edge_has_its_viewers_address(issuer: Issuer, secret: str) -> None:
    through = {"X-Origin-Secret": secret, "X-Viewer-Address": "2001:DB8::1"}
    assert await around(issuer, **through) == ("Allow", "2001:db8::1")
    assert await around(issuer, **through, Authorization=issuer.token()) == ("Allow", "2001:db8::1")
    assert await around(issuer, **{"X-Origin-Secret": secret}) == ("Allow", None)


@pytest.mark.parametrize("secret", [None, "", "f" * 39, "x" * 40])
async def test_request_around_the_edge_is_denied(issuer: Issuer, secret: str | None) -> None:
    headers = {"X-Viewer-Address": "192.0.2.1"} | ({} if secret is None else {"X-Origin-Secret": secret})
    for token in ({}, {"Authorization": issuer.token()}, {"Authorization": "wall"}):
        assert await around(issuer, **headers, **token) == ("Deny", None)


@pytest.mark.parametrize("is_not_alone", [False, True])
async def test_issuer_token_is_allowed_if_valid_and_denied_otherwise(issuer: Issuer, is_not_alone: bool) -> None:
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
