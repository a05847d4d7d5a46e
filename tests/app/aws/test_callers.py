"""Callers identified by AWS: signers of requests, and those AppSync admitted; never by the caller's own claims."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.aws import api
from app.aws.appsync import answer
from app.aws.container import Container
from app.aws.domains import DomainDependencies, called
from milequest.actions.accounts import user_for_identity
from milequest.providers.identity.authorizer import PythonAuthorizer
from milequest.rules.identity import IssuerAccount
from milequest.store.sql.transaction import open_pool, transact
from resolvers.identity import Identify
from tests.app.aws.data_sources import HOST, ISSUER, OF_APPSYNC, ROLE, event
from tests.app.aws.data_sources import parts as parts
from tests.fakes import authorizer as operator
from tests.service import Service

SUB = "6f0c1a5e-8f0e-4b55-9a3c-0d7c7d0c8c11"
ADA = IssuerAccount(ISSUER, SUB, "ada@example.org", email_verified=True, name="Ada")
USER = ROLE | {
    "cognitoAuthenticationType": "authenticated",
    "cognitoAuthenticationProvider": f"{HOST},{HOST}:CognitoSignIn:{SUB}",
}
BOARD = "{ teamsLeaderboard(period: WEEK) { period } }"
SELF = "{ viewer { user { name } } }"
FOUND = 'mutation { createTeam(input: {name: "Machines"}) { team { name } } }'


class Api:
    """The function behind the REST API."""

    def __init__(self) -> None:
        self.container = Container(api._opened)

    def ask(self, query: str, told: dict[str, Any], resource: str = api.SIGNED, **given: Any) -> tuple[int, Any]:
        """Return one request's status and answer, through API Gateway's event of it."""
        headers = {"content-type": "application/json", **given.pop("headers", {})}
        event = {
            "resource": resource,
            "path": resource,
            "httpMethod": "POST",
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "requestContext": {"identity": {"sourceIp": "198.51.100.7", **told}, "stage": "live"},
            "body": json.dumps({"query": query}),
            "isBase64Encoded": False,
            **given,
        }
        answer = self.container.get()(event, None)  # type: ignore[arg-type]  # Mangum asks nothing of the context
        return answer["statusCode"], json.loads(answer["body"] or "null")

    def codes(self, query: str, told: dict[str, Any], resource: str = api.SIGNED, **given: Any) -> list[str]:
        """Return the codes of one request's errors."""
        _, answer = self.ask(query, told, resource, **given)
        return [error["extensions"]["code"] for error in answer["errors"]]


@pytest.fixture
def function(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """Yield the function, of a user pool whose keys cannot be fetched."""
    for name, value in {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "JWKS_URL": "http://127.0.0.1:1/keys",
        "JWT_ISSUER": ISSUER,
        "JWT_CLIENT_ID": "us",
    }.items():
        monkeypatch.setenv(f"MILEQUEST_{name}", value)
    function = Api()
    yield function
    function.container.close()


def sign_up(database_url: str) -> None:
    """Make Ada one of our users."""

    async def made() -> None:
        async with await open_pool(database_url, 1) as pool:
            await transact(pool, lambda tx: user_for_identity(tx, ADA, datetime.now(UTC)))

    asyncio.run(made())


def test_iam_role_may_use_fields_of_machines_only(function: Api) -> None:
    assert function.ask(BOARD, ROLE) == (200, {"data": {"teamsLeaderboard": {"period": "WEEK"}}})
    assert function.ask(SELF, ROLE) == (200, {"data": {"viewer": None}})
    assert function.codes(FOUND, ROLE) == ["FORBIDDEN"]
    signed = function.ask(BOARD, ROLE, headers={"authorization": "AWS4-HMAC-SHA256 Credential=AKIA/…"})
    assert signed[0] == 200, "what is in the header was checked, and is nobody's token"


def test_iam_identity_off_the_signed_resource_or_from_headers_is_unauthenticated(function: Api) -> None:
    assert function.codes(BOARD, ROLE, "/graphql") == ["UNAUTHENTICATED"], "there it is an anonymous caller's"
    assert function.ask(BOARD, ROLE, "/graphql", path=api.SIGNED)[0] == 401
    assert function.ask(BOARD, ROLE, "/{proxy+}", path=api.SIGNED)[0] == 401
    assert function.ask(BOARD, {"userArn": None, "accountId": None})[0] == 401
    assert (
        function.ask(BOARD, {}, headers={"x-amzn-iam-user-arn": ROLE["userArn"], "userArn": "arn:aws:iam::1"})[0] == 401
    )
    assert function.ask(BOARD, ROLE, httpMethod="GET")[0] == 405


def test_a_role_of_the_identity_pool_is_our_user(function: Api, database_url: str) -> None:
    assert function.ask(SELF, USER)[0] == 401, "nobody is known by it yet"
    sign_up(database_url)
    assert function.ask(SELF, USER) == (200, {"data": {"viewer": {"user": {"name": "Ada"}}}})
    assert function.ask(FOUND, USER)[1] == {"data": {"createTeam": {"team": {"name": "Machines"}}}}
    stranger = USER["cognitoAuthenticationProvider"].replace("aB3", "aB4")
    assert function.ask(SELF, USER | {"cognitoAuthenticationProvider": stranger})[1] == {"data": {"viewer": None}}
    assert function.ask(SELF, USER | {"cognitoAuthenticationType": "unauthenticated"})[0] == 401
    assert function.ask(SELF, USER | {"userArn": None})[0] == 401, "a list of providers is no signature"


def test_server_does_not_accept_iam_identities(service: Service) -> None:
    headers = {"x-amzn-iam-user-arn": ROLE["userArn"], "authorization": "AWS4-HMAC-SHA256 Credential=AKIA"}
    assert service.client.post(f"{service.url}/iam", json={"query": BOARD}, headers=headers).status_code == 404
    assert service.client.post(service.url, json={"query": BOARD}, headers=headers).status_code == 401


async def test_domain_function_passes_its_operation_to_the_authorizer(parts: DomainDependencies) -> None:
    operator.asked.clear()
    authorizer = PythonAuthorizer(operator.decide)
    asking = replace(parts, identify=Identify(parts.runtime.identity, parts.runtime.writer, authorizer=authorizer))
    known = {"geocodeAddress": "query Geocode($query: String!) { searchPlaces(query: $query) { name } }"}
    context = {"identity": {"sourceIp": "198.51.100.7"}}
    request = {"path": "/v1/map/geocodeAddress", "headers": {"Authorization": "wall"}, "requestContext": context}
    answered = await called(asking, known, request | {"body": '{"query": "Lisbon"}'})
    assert (answered["statusCode"], json.loads(answered["body"])["data"]) == (403, {"searchPlaces": None})
    (asked,) = operator.asked
    assert asked["requestContext"]["queryString"] == known["geocodeAddress"]
    assert asked["requestContext"]["variables"] == {"query": "Lisbon"}


@pytest.mark.parametrize("identity", [OF_APPSYNC, {"resolverContext": {"machine": "wall"}}, {"resolverContext": None}])
async def test_appsync_event_identifies_roles_and_authorized_machines(parts: DomainDependencies, identity: Any) -> None:
    headers = {"authorization": "AWS4-HMAC-SHA256 Credential=AKIA/…"}
    assert (await answer(parts.request, event("teamsLeaderboard", identity, **headers)))["period"] == "WEEK"
    with pytest.raises(Exception, match="Not authorized") as raised:
        await answer(parts.request, event("searchPlaces", identity, **headers) | {"arguments": {"query": "x"}})
    assert type(raised.value).__name__ in ("UnauthorizedException", "Unauthorized")


async def test_appsync_event_identifies_users_of_the_pool_by_their_roles(parts: DomainDependencies) -> None:
    provider = f'"{HOST}","{HOST}:CognitoSignIn:{SUB}"'
    told = OF_APPSYNC | {"cognitoIdentityAuthType": "authenticated", "cognitoIdentityAuthProvider": provider}
    with pytest.raises(Exception, match="Nobody is known"):
        await answer(parts.request, event("viewer", told))
    await transact(parts.runtime.writer, lambda tx: user_for_identity(tx, ADA, datetime.now(UTC)))
    assert (await answer(parts.request, event("viewer", told)))["email"] == ADA.email


@pytest.mark.parametrize("identity", [None, {}, {"userArn": None}, {"userArn": "ada"}, {**ROLE, "accountId": None}])
async def test_appsync_event_with_an_incomplete_identity_is_unauthenticated(
    parts: DomainDependencies, identity: Any
) -> None:
    with pytest.raises(Exception, match=r"Sign in|not signed"):
        await answer(parts.request, event("teamsLeaderboard", identity))
