"""GraphQL over HTTP against the served service: the specification, and every kind of invalid request."""

import json
import socket
import time
from dataclasses import dataclass, field

import httpx
import pytest

from schema.build import build
from schema.limits import MAX_BODY_BYTES
from tests.service import JSON, Service, run_client

GRAPHQL = "application/graphql-response+json"
SMALL = json.dumps({"query": "{ __typename }"}).encode()


def test_every_audit_of_graphql_http_passes(service: Service) -> None:
    audits = run_client("audit.mjs", service.url)
    assert len(audits) == 61
    assert [audit for audit in audits if audit["status"] != "ok"] == []


def test_graphql_js_reads_the_schema(service: Service) -> None:
    errors, types = run_client("introspect.mjs", service.url)
    assert errors == []
    assert set(types) >= {name for name in build()._schema.type_map if not name.startswith("__")}


@dataclass
class Bad:
    """An invalid request, and its expected status."""

    status: int
    content: bytes = SMALL
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))


def with_variables(text: str) -> bytes:
    """Return a valid query with variables written as they are."""
    return b'{"query": "query ($a: Int) { __typename }", "variables": ' + text.encode() + b"}"


BAD_BODIES = {
    "empty": Bad(400, b""),
    "blank": Bad(400, b"  \n"),
    "not JSON": Bad(400, b"{query: 1}"),
    "cut off": Bad(400, SMALL[:-1]),
    "a string": Bad(400, b'"{ __typename }"'),
    "a number": Bad(400, b"1"),
    "null": Bad(400, b"null"),
    "a batch": Bad(400, b"[" + SMALL + b"]"),
    "a batch of strings": Bad(400, b'["x"]'),
    "no query": Bad(400, b"{}"),
    "a null query": Bad(400, b'{"query": null}'),
    "a query that is a list": Bad(400, b'{"query": ["{ __typename }"]}'),
    "variables as a list": Bad(400, with_variables("[1]")),
    "variables as text": Bad(400, with_variables('"{}"')),
    "an operation name that is none": Bad(400, b'{"query": "{ __typename }", "operationName": 1}'),
    "extensions as text": Bad(400, b'{"query": "{ __typename }", "extensions": "x"}'),
    "not UTF-8": Bad(400, b'{"query": "{ __typename # \xff }"}'),
    "UTF-16": Bad(400, SMALL.decode().encode("utf-16")),
    "a byte order mark": Bad(400, b"\xef\xbb\xbf" + SMALL),
    "half a surrogate pair": Bad(400, b'{"query": "\\ud800"}'),
    "NaN": Bad(400, with_variables('{"a": NaN}')),
    "an infinite number": Bad(400, with_variables('{"a": 1e999}')),
    "a number of 100,000 digits": Bad(400, with_variables('{"a": ' + "9" * 100_000 + "}")),
    "lists 65 deep": Bad(400, with_variables('{"a": ' + "[" * 65 + "]" * 65 + "}")),
    "objects 65 deep": Bad(400, with_variables('{"a": ' + '{"a": ' * 65 + "1" + "}" * 66)),
    "lists 100,000 deep": Bad(400, with_variables('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}")),
    "too large": Bad(413, with_variables('{"a": "' + "x" * MAX_BODY_BYTES + '"}')),
    "no type": Bad(415, headers={}),
    "text": Bad(415, headers={"content-type": "text/plain"}),
    "a form": Bad(415, b"query=%7B__typename%7D", {"content-type": "application/x-www-form-urlencoded"}),
    "multipart": Bad(415, headers={"content-type": "multipart/form-data; boundary=x"}),
    "almost JSON": Bad(415, headers={"content-type": "application/jsonx"}),
    "JSON in a list": Bad(415, headers={"content-type": "text/plain, application/json"}),
    "application/graphql": Bad(415, b"{ __typename }", {"content-type": "application/graphql"}),
    "another charset": Bad(415, headers={"content-type": "application/json; charset=iso-8859-1"}),
    "compressed": Bad(415, headers={**JSON, "content-encoding": "gzip"}),
    "nothing acceptable": Bad(406, headers={**JSON, "accept": "text/html"}),
    "an acceptable charset": Bad(406, headers={**JSON, "accept": "application/json; charset=utf-16"}),
    "all refused": Bad(406, headers={**JSON, "accept": "*/*;q=0"}),
    "weights that are none": Bad(406, headers={**JSON, "accept": "*/*;q=abc, application/json;q=nan"}),
    "weights out of range": Bad(406, headers={**JSON, "accept": "application/json;q=-1, */*;q=7, text/html;q=inf"}),
}


def assert_refused(answer: httpx.Response, status: int) -> None:
    """Check that a refusal is JSON with a code and the request's id, never data."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    body = answer.json()
    assert "data" not in body
    assert [error["extensions"]["code"] for error in body["errors"]] == ["VALIDATION_ERROR"]
    assert body["errors"][0]["extensions"]["requestId"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("bad", BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_malformed_post_is_refused_in_json(service: Service, bad: Bad) -> None:
    answer = service.client.post(service.url, content=bad.content, headers={"accept": "*/*", **bad.headers})
    assert_refused(answer, bad.status)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"query": ""},
        {"query": "{ __typename }", "variables": "{"},
        {"query": "{ __typename }", "variables": "[]"},
        {"query": "{ __typename }", "variables": "1"},
        {"query": "{ __typename }", "variables": "\ud7ff\x00"},
        {"query": "{ __typename }", "extensions": "null,"},
        {"variables": "{}"},
    ],
)
def test_malformed_get_is_refused_in_json(service: Service, parameters: dict[str, str]) -> None:
    answer = service.client.get(service.url, params=parameters, headers={"accept": GRAPHQL})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "VALIDATION_ERROR"


def test_a_get_runs_queries_alone(service: Service) -> None:
    good = service.client.get(
        service.url,
        params={"query": "query ($n: Boolean!) { __typename @include(if: $n) }", "variables": '{"n": true}'},
    )
    assert (good.status_code, good.json()) == (200, {"data": {"__typename": "Query"}})
    mutation = "mutation { signOut(input: {}) { ok } }"
    refused = service.client.get(service.url, params={"query": mutation})
    assert_refused(refused, 405)
    assert refused.headers["allow"] == "POST"
    both = f"query A {{ __typename }} {mutation.replace('mutation', 'mutation B')}"
    assert service.client.get(service.url, params={"query": both, "operationName": "A"}).status_code == 200
    assert service.client.get(service.url, params={"query": both, "operationName": "B"}).status_code == 405


def test_a_head_is_a_get_without_its_body(service: Service) -> None:
    answer = service.client.head(service.url, params={"query": "{ __typename }"})
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_unsupported_method_is_405_with_the_allowed_methods(service: Service, method: str) -> None:
    answer = service.client.request(method, service.url, content=SMALL, headers=JSON)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert_refused(answer, 405)
    assert answer.json()["errors"][0]["message"] == "Method Not Allowed."


def test_an_unknown_path_is_refused_in_json(service: Service) -> None:
    answer = service.client.get(f"{service.origin}/graphiql")
    assert answer.status_code == 404
    extensions = answer.json()["errors"][0]["extensions"]
    assert extensions == {"code": "NOT_FOUND", "requestId": answer.headers["x-request-id"]}


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/html, */*;q=0.1", "application/json"),
        (GRAPHQL, GRAPHQL),
        (f'{GRAPHQL.upper()} ; Charset="UTF-8"', GRAPHQL),
        (f"{GRAPHQL}, application/json", GRAPHQL),
        (f"application/json, {GRAPHQL}", "application/json"),
        (f"{GRAPHQL},application/json;q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.5, application/json;q=0.50001", "application/json"),
        (f"{GRAPHQL};q=0.1, */*;q=0.9", "application/json"),
        ("application/json;q=0, */*", GRAPHQL),
        (f"{GRAPHQL};q=x, application/json;q=0.1", "application/json"),
        (f"{GRAPHQL}, multipart/mixed;q=1, text/event-stream", GRAPHQL),
        (";;;,,q=1,application/json", "application/json"),
    ],
)
def test_answer_has_the_most_preferred_media_type(service: Service, accept: str | None, media: str) -> None:
    request = service.client.build_request("POST", service.url, content=SMALL, headers={**JSON, "accept": accept or ""})
    if accept is None:
        del request.headers["accept"]
    answer = service.client.send(request)
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{media}; charset=utf-8")
    assert answer.headers["vary"] == "accept"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "VALIDATION_ERROR"),
        ("", "VALIDATION_ERROR"),
        ("{ nothing }", "VALIDATION_ERROR"),
        ("fragment F on Query { __typename }", "VALIDATION_ERROR"),
        ("query ($id: ID!) { team(id: $id) { id } }", "VALIDATION_ERROR"),
        ("{ a: viewer { user { id } } a: __typename }", "VALIDATION_ERROR"),
        ("{ team(id: 1) { members(first: 1000000) { nodes { id } } } }", "QUERY_TOO_COMPLEX"),
    ],
)
def test_a_document_that_cannot_run_has_no_data(service: Service, query: str, code: str) -> None:
    for media, status in ((GRAPHQL, 400), ("application/json", 200)):
        answer = service.client.post(service.url, json={"query": query}, headers={"accept": media})
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith(media)
        body = answer.json()
        assert "data" not in body
        assert {error["extensions"]["code"] for error in body["errors"]} <= {code}


def test_the_operation_is_chosen_by_its_name(service: Service) -> None:
    two = "query A { a: __typename } query B { b: __typename }"
    assert service.post(two, operationName="B").json() == {"data": {"b": "Query"}}
    for name in (None, "", "C"):
        errors = service.post(two, operationName=name).json()["errors"]
        assert errors[0]["extensions"]["code"] == "VALIDATION_ERROR"
    assert service.post("query A { a: __typename }", operationName=None).json() == {"data": {"a": "Query"}}
    assert "errors" in service.post("query A { a: __typename }", operationName="B").json()
    assert "errors" in service.post("{ a: __typename }", operationName="A").json()


def test_subscriptions_do_not_run_by_post(service: Service) -> None:
    query = 'subscription { teamProgressUpdated(teamId: "team_0192f1c27b1e7c3a9d7e3f2a6c1b4d5e") { teamId } }'
    answer = service.client.post(service.url, json={"query": query})
    assert_refused(answer, 400)
    assert "WebSocket" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "authorization", ["Bearer nonsense", "nonsense", "Bearer", "Bearer a b", "Basic dXNlcjpwdw==", "é"]
)
def test_invalid_token_is_401(service: Service, authorization: str) -> None:
    headers = [(b"authorization", authorization.encode())]
    answer = service.client.post(service.url, json={"query": "{ __typename }"}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    body = answer.json()
    assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert body["errors"][0]["extensions"]["requestId"] == answer.headers["x-request-id"]
    assert authorization not in answer.text or authorization in ("Bearer",)


def test_valid_token_identifies_the_user(service: Service) -> None:
    token = service.sign_up("http")
    assert service.data("{ viewer { email } }", token=token) == {"viewer": {"email": "http@example.org"}}
    assert service.data("{ viewer { email } }") == {"viewer": None}


def send(service: Service, length: int, body: bytes) -> socket.socket:
    """Begin a POST that declares a body `length` long."""
    host, port = service.origin.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=10)
    lines = [
        "POST /graphql HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
        "",
    ]
    connection.sendall("\r\n".join([*lines, ""]).encode() + body)
    return connection


def test_a_body_too_large_is_refused_before_it_was_sent_whole(service: Service) -> None:
    with send(service, 1_000_000_000, b"x" * (MAX_BODY_BYTES + 1)) as connection:
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


def test_client_that_disconnects_logs_no_error(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    for sent in (SMALL[:10], SMALL):
        send(service, len(SMALL), sent).close()
    time.sleep(0.2)
    assert service.post("{ __typename }").status_code == 200
    assert [record for record in caplog.records if record.levelname in ("ERROR", "WARNING")] == []


def test_failure_outside_execution_is_masked_and_logged_once(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    token = service.sign_up("broken")
    service.call(service.runtime.writer.execute("ALTER TABLE app_user RENAME TO gone"))
    try:
        answer = service.post("{ __typename }", token=token)
    finally:
        service.call(service.runtime.writer.execute("ALTER TABLE gone RENAME TO app_user"))
    assert answer.status_code == 500
    extensions = answer.json()["errors"][0]["extensions"]
    assert (extensions["code"], extensions["requestId"]) == ("INTERNAL", answer.headers["x-request-id"])
    assert "app_user" not in answer.text
    logged = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [vars(record)["request_id"] for record in logged] == [answer.headers["x-request-id"]]
