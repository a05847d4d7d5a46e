"""Headers and metadata of every answer of /graphql, and parameters as clients omit them."""

from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from app.http.middleware import cross_origin
from milequest.rules.errors import HTTP_STATUS, ErrorCode
from milequest.rules.rate_limits import INVITE_GUESSES
from milequest.settings import Settings
from tests.service import JSON, Service

GRAPHQL = "application/graphql-response+json"
PARTIAL = '{ __typename user(id: "user_x") { id } }'


@pytest.mark.parametrize("accept", [GRAPHQL, "application/json", "text/event-stream"])
@pytest.mark.parametrize("query", ["{ __typename }", PARTIAL, "{ nothing }", "{"])
def test_answer_has_its_media_type_and_is_not_cached(service: Service, accept: str, query: str) -> None:
    answer = service.client.post(service.url, json={"query": query}, headers={"accept": accept})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["vary"] == "accept"


@pytest.mark.parametrize(
    ("accept", "query", "status"),
    [
        (GRAPHQL, "{ __typename }", 200),
        (GRAPHQL, PARTIAL, 294),
        (GRAPHQL, "{ nothing }", 400),
        ("application/json", PARTIAL, 200),
        ("*/*", PARTIAL, 200),
        ("text/event-stream", PARTIAL, 200),
    ],
)
def test_a_partial_success_has_its_own_status_in_the_type_that_knows_it(
    service: Service, accept: str, query: str, status: int
) -> None:
    answer = service.client.post(service.url, json={"query": query}, headers={"accept": accept})
    assert answer.status_code == status


@pytest.mark.parametrize(("accept", "status"), [(GRAPHQL, 294), ("application/json", 200)])
def test_rate_limit_of_one_field_leaves_other_fields_answered_and_has_retry_after(
    service: Service, accept: str, status: int
) -> None:
    headers = {"accept": accept, "authorization": f"Bearer {service.sign_up(f'eve-{uuid4().hex}')}"}
    guess = {"query": '{ invitePreview(code: "WRONG12345") { teamName } __typename }'}
    for _ in range(INVITE_GUESSES.most):
        answer = service.client.post(service.url, json=guess, headers=headers)
        assert "retry-after" not in answer.headers
    answer = service.client.post(service.url, json=guess, headers=headers)
    body = answer.json()
    (error,) = body["errors"]
    assert (answer.status_code, body["data"]) == (status, {"invitePreview": None, "__typename": "Query"})
    assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("RATE_LIMITED", True)
    assert answer.headers["retry-after"] == str(error["extensions"]["retryAfterSeconds"])


@pytest.mark.parametrize("name", ["", None])
def test_an_empty_operation_name_is_none(service: Service, name: str | None) -> None:
    assert service.post("{ __typename }", operationName=name).json() == {"data": {"__typename": "Query"}}
    answer = service.client.get(service.url, params={"query": "{ __typename }", "operationName": name or ""})
    assert answer.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(("accept", "status"), [("application/json", 200), (GRAPHQL, 400)])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_persisted_query_is_refused_as_apollo_clients_understand(
    service: Service, method: str, accept: str, status: int
) -> None:
    extensions = '{"persistedQuery": {"version": 1, "sha256Hash": "ecf4"}}'
    if method == "GET":
        answer = service.client.get(service.url, params={"extensions": extensions}, headers={"accept": accept})
    else:
        content = f'{{"operationName": "Q", "variables": {{}}, "extensions": {extensions}}}'
        answer = service.client.post(service.url, content=content, headers={**JSON, "accept": accept})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["message"]) == (status, "PersistedQueryNotSupported")
    assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_SUPPORTED"
    whole = service.post("{ __typename }", extensions={"persistedQuery": {"version": 1, "sha256Hash": "ecf4"}})
    assert whole.json() == {"data": {"__typename": "Query"}}


async def test_answers_vary_by_origin_where_some_may_read_them() -> None:
    settings = Settings(allowed_origins=("https://app.example",))
    app = Starlette(routes=[Route("/", lambda _: Response())], middleware=cross_origin(settings))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        for origin in ({}, {"origin": "https://app.example"}, {"origin": "https://evil.example"}):
            assert "origin" in (await client.get("/", headers=origin)).headers["vary"].lower()


@pytest.mark.parametrize("code", HTTP_STATUS)
def test_a_status_is_one_of_a_refusal(code: ErrorCode) -> None:
    assert 400 < HTTP_STATUS[code] < 600
