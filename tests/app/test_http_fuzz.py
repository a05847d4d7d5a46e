"""Any input to `/graphql`: never an answer of 5xx, never one that isn't JSON, never an unexpected error."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.service import JSON, Service

GRAPHQL = "application/graphql-response+json"
SMALL = json.dumps({"query": "{ __typename }"}).encode()

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ["query", "variables", "operationName", "extensions", "id"]
QUERIES = [
    "{ __typename }",
    "query ($id: ID!) { team(id: $id) { id } node(id: $id) { id } }",
    "query ($ids: [ID!]!, $n: Int) { nodes(ids: $ids) { id } routeTemplates(first: $n) { nodes { id } } }",
    "query ($query: String!, $after: String) { searchTeams(query: $query, after: $after) { nodes { id } } }",
    "mutation ($input: SignInInput!) { signIn(input: $input) { viewer { id } } }",
    "query ($code: String!) { invitePreview(code: $code) { state } }",
]
variables = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("id", "ids", "n", "query", "after", "input", "code"), json_values)
)
bodies = (
    st.binary(max_size=200)
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(FIELDS), json_values).map(lambda value: json.dumps(value).encode())
    | st.builds(
        lambda query, given: json.dumps({"query": query, "variables": given}).encode(),
        st.sampled_from(QUERIES),
        variables,
    )
    | st.text("{}()[]!:$@\"' \nabquery…", max_size=60).map(lambda text: json.dumps({"query": text}).encode())
)


@settings(max_examples=300)
@given(body=bodies, accept=st.sampled_from([GRAPHQL, "application/json", "*/*"]))
def test_no_body_is_answered_with_5xx(service: Service, body: bytes, accept: str) -> None:
    with_one = service.client.post(service.url, content=body, headers={**JSON, "accept": accept})
    assert with_one.status_code in (200, 294, 400), with_one.text
    answer: dict[str, Any] = with_one.json()
    assert ("data" in answer) or answer["errors"]
    assert "INTERNAL" not in {error["extensions"]["code"] for error in answer.get("errors", ())}, (body, answer)


@settings(max_examples=100)
@given(
    names=st.lists(
        st.sampled_from(["accept", "content-type", "authorization", "content-encoding", "origin", "x-y"]), max_size=4
    ),
    text=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30),
)
def test_no_header_is_answered_with_5xx(service: Service, names: list[str], text: str) -> None:
    answer = service.client.post(service.url, content=SMALL, headers={**JSON, **dict.fromkeys(names, text)})
    assert answer.status_code < 500
    assert answer.json()
