"""Bounds of variables: checked before they are coerced, from any source of operations."""

from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import GraphQLError

from milequest.rules.identity import ANONYMOUS
from resolvers.context import Request
from schema.appsync.calls import Call
from schema.build import build, runner
from schema.error_payloads import RequestRefused
from schema.variables import MAX_TEXT, MAX_VALUES, refuse_large
from tests.quest import Quest

SEARCH = "query ($query: String!) { searchTeams(query: $query) { nodes { id } } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"


def refusal(variables: dict[str, Any]) -> dict[str, Any]:
    """Return the refusal's extensions."""
    with pytest.raises(GraphQLError) as refused:
        refuse_large(variables)
    return dict(refused.value.extensions or {})


@pytest.mark.parametrize(
    "value", ["a" * MAX_TEXT, ["a"] * (MAX_VALUES - 1), {"a": [{"b": None}, 1, True, 1.5, "\U0001f600"]}, None]
)
def test_variables_within_the_bounds_are_let_through(value: Any) -> None:
    refuse_large({"a": value})


@pytest.mark.parametrize("value", [["a"] * MAX_VALUES, [[[1] * 999] * 3], {f"k{n}": n for n in range(MAX_VALUES)}])
def test_variables_of_too_many_values_are_too_complex(value: Any) -> None:
    assert refusal({"a": value}) == {"code": "QUERY_TOO_COMPLEX"}


@pytest.mark.parametrize(("text", "code"), [("a" * (MAX_TEXT + 1), "TOO_LONG"), ("a\ud800", "MALFORMED")])
def test_too_long_or_malformed_variable_text_is_refused_with_its_path(text: str, code: str) -> None:
    extensions = refusal({"input": {"waypoints": [{}, {"name": text}]}})
    assert extensions["code"] == "VALIDATION_ERROR"
    assert (extensions["fields"][0]["path"], extensions["fields"][0]["code"]) == ("input.waypoints[1].name", code)


@pytest.mark.parametrize(
    ("document", "variables"), [(SEARCH, {"query": "a\udfff"}), (NODES, {"ids": ["a"] * MAX_VALUES})]
)
async def test_an_operation_with_such_variables_is_refused_before_it_runs(
    quest: Quest, document: str, variables: dict[str, Any]
) -> None:
    with pytest.raises(RequestRefused):
        await quest.anonymous.result(document, variables)


async def test_a_subscription_with_such_variables_is_refused(quest: Quest) -> None:
    text = "subscription ($teamId: ID!) { teamActivityChanged(teamId: $teamId) { cursor } }"
    request = Request("x", datetime.now(UTC), ANONYMOUS, quest.runtime)
    with pytest.raises(RequestRefused, match="characters"):
        await runner().subscribe(runner().prepare(text), request, {"teamId": "a" * (MAX_TEXT + 1)}, None)


def test_a_field_that_appsync_asks_for_has_the_same_bounds() -> None:
    event = {"info": {"parentTypeName": "Query", "fieldName": "searchTeams"}, "arguments": {"query": "a\ud800"}}
    with pytest.raises(GraphQLError, match="surrogate"):
        Call.of(build()._schema, event).args()
