"""The media type of each client's answer, by the Accept header it sends: for a query and for a subscription."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.service import Service

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
EVENTS = "text/event-stream"
FOUND = "mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }"
MARKER = "subscription ($team: ID!) { teamProgressUpdated(teamId: $team) { teamId } }"

# From the clients' own sources, and as observed of browsers.
CLIENTS = {
    "urql": (
        "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, "
        "multipart/mixed",
        GRAPHQL,
        EVENTS,
    ),
    "urql, fetchSubscriptions": ("text/event-stream, multipart/mixed", EVENTS, EVENTS),
    "Apollo Client 4": ("application/graphql-response+json,application/json;q=0.9", GRAPHQL, None),
    "Apollo Client 4, a subscription by HttpLink": (
        "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9",
        GRAPHQL,
        None,
    ),
    "Relay's example": ("application/json", JSON, None),
    "fetch, curl, httpx, Apollo Client 3": ("*/*", JSON, None),
    "nothing": (None, JSON, None),
    "graphql-sse, EventSource": ("text/event-stream", EVENTS, EVENTS),
    "GraphiQL's fetcher": ("application/json, multipart/mixed", JSON, None),
    "a browser's address bar": (
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
        JSON,
        None,
    ),
    "events with anything else": ("text/event-stream, */*;q=0.1", EVENTS, EVENTS),
    "events weighed less": ("text/event-stream;q=0.5, application/json", JSON, EVENTS),
    "events weighed more": ("application/json;q=0.5, text/event-stream", EVENTS, EVENTS),
    "events refused": ("text/event-stream;q=0, */*", JSON, None),
    "events in another charset": ("text/event-stream;charset=latin1, */*", JSON, None),
    "any text": ("text/*, */*;q=0.1", JSON, None),
}


@pytest.fixture(scope="module")
def member(service: Service) -> tuple[str, str]:
    """Return a token, and a team of its user's."""
    token = service.sign_up(f"negotiator-{uuid4().hex}")
    made = service.data(FOUND, token=token, input={"name": f"Team {uuid4().hex[:12]}"})
    return token, made["createTeam"]["team"]["id"]


@contextmanager
def answered(
    service: Service, member: tuple[str, str], query: str, accept: str | None, method: str = "POST"
) -> Iterator[httpx.Response]:
    """Yield an answer of which only the head has arrived."""
    token, team = member
    body: dict[str, Any] = {"query": query, "variables": {"team": team}}
    given: dict[str, Any] = {"json": body}
    if method != "POST":
        given = {"params": body | {"variables": f'{{"team":"{team}"}}'}}
    request = service.client.build_request(method, service.url, **given)
    request.headers["authorization"] = f"Bearer {token}"
    del request.headers["accept"]
    if accept is not None:
        request.headers["accept"] = accept
    answer = service.client.send(request, stream=True)
    try:
        yield answer
    finally:
        answer.close()


@pytest.mark.parametrize(("accept", "query", "subscription"), CLIENTS.values(), ids=CLIENTS.keys())
def test_client_gets_the_media_type_that_it_accepts(
    service: Service, member: tuple[str, str], accept: str | None, query: str, subscription: str | None
) -> None:
    for method in ("GET", "POST"):
        with answered(service, member, "{ __typename }", accept, method) as answer:
            assert (answer.status_code, answer.headers["content-type"]) == (200, f"{query}; charset=utf-8")
            assert answer.headers["vary"] == "accept"
        with answered(service, member, MARKER, accept, method) as answer:
            if subscription:
                assert (answer.status_code, answer.headers["content-type"]) == (200, f"{subscription}; charset=utf-8")
            else:
                answer.read()
                assert answer.status_code == 400
                assert answer.headers["content-type"].startswith(query)
                assert "WebSocket" in answer.json()["errors"][0]["message"]


def test_http_fault_of_an_event_stream_client_is_json_with_its_status(service: Service) -> None:
    headers = {"accept": EVENTS}
    mutation = {"query": "mutation { signOut(input: {}) { ok } }"}
    posted: dict[int, dict[str, Any]] = {
        400: {"content": b"{", "headers": {**headers, "content-type": JSON}},
        401: {"json": {"query": "{ __typename }"}, "headers": {**headers, "authorization": "Bearer nonsense"}},
        415: {"content": b"{}", "headers": {**headers, "content-type": "text/plain"}},
    }
    refused = {status: service.client.post(service.url, **given) for status, given in posted.items()}
    refused[405] = service.client.get(service.url, params=mutation, headers=headers)
    for status, answer in refused.items():
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json; charset=utf-8")
        assert answer.json()["errors"][0]["extensions"]["requestId"] == answer.headers["x-request-id"]
    assert refused[401].headers["www-authenticate"].startswith("Bearer")


def test_head_request_begins_no_subscription(service: Service, member: tuple[str, str]) -> None:
    with answered(service, member, MARKER, EVENTS, "HEAD") as answer:
        assert answer.status_code == 400
