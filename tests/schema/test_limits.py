"""Limits on documents: the size of an answer, the depth and width of a document, and the low cost of refusals."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from graphql import GraphQLError, OperationDefinitionNode, get_introspection_query
from graphql.execution.values import get_variable_values

from schema import limits
from schema.build import runner
from schema.error_payloads import RequestRefused

ID = '"team_0192f1c27b1e7c3a9d7e3f2a6c1b4d5e"'


def objects(text: str, **variables: Any) -> int:
    """Return how many objects the only operation of a document may answer."""
    prepared = runner().prepare(text)
    operation = prepared.operation(None)
    count = limits.measure(runner().schema, prepared.document, operation).objects
    values = get_variable_values(runner().schema, operation.variable_definitions or (), variables)
    assert not isinstance(values, list), values
    return count if isinstance(count, int) else count(values.coerced)


def refusal(text: str, **variables: Any) -> dict[str, Any]:
    """Return the first error of a document that is refused before anything runs: its message and code."""
    try:
        count = objects(text, **variables)
        limits.check_objects(count, {})
    except RequestRefused as refused:
        error = refused.errors[0]
    except GraphQLError as refused:
        error = refused
    else:
        pytest.fail(f"not refused, but counted {count}")
    return {"message": error.message, "code": (error.extensions or {})["code"]}


def test_a_board_of_a_hundred_costs_203_whatever_is_selected_of_its_rows() -> None:
    rows = "{ teamsLeaderboard { entries(first: 100) { nodes { %s } pageInfo { endCursor } } } }"
    few = objects(rows % "rank competitor { id }")
    many = objects(
        rows % "__typename rank value distanceMeters activityCount competitor { __typename id name avatarUrl }"
    )
    assert few == many == 203


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ __typename }", 0),
        ("{ viewer { id } }", 1),
        ("{ viewer { id user { id } } a: viewer { id } }", 3),
        ("{ searchTeams(query: \"x\") { nodes { id } } }", 1 + 20),
        ("{ searchTeams(query: \"x\") { edges { node { id } } nodes { id } pageInfo { endCursor } } }", 1 + 20 * 3 + 1),
        ("{ searchTeams(query: \"x\", first: 3) { nodes { id } } }", 1 + 3),
        ("{ searchTeams(query: \"x\", first: null) { nodes { id } } }", 1 + 20),
        ("{ searchTeams(query: \"x\", first: -5) { nodes { id } } }", 1),
        ("{ searchTeams(query: \"x\", first: 5) { nodes { members(first: 7) { nodes { user { id } } } } } }", 81),
        ("{ routeTemplates { nodes { id } ...A } } fragment A on RouteTemplateConnection { nodes { name } }", 1 + 10),
        ("{ routeTemplates { nodes { id } } }", 1 + 10),  # its own default
        ("{ viewer { memberships { id } } }", 1 + 20),  # a plain list counts its bound
        ("{ searchPlaces(query: \"x\", first: 3) { name } }", 3),
        ("{ searchPlaces(query: \"x\", first: 1000000000) { name } }", 10),  # no more than its bound
        (f"{{ nodes(ids: [{ID}]) {{ id }} }}", 100),
        (f"{{ node(id: {ID}) {{ ... on Team {{ activeGoal {{ id }} }} ... on Goal {{ team {{ id }} }} }} }}", 3),
        ("{ __schema { types { name fields { name } } } }", 0),
    ],
)  # fmt: skip
def test_objects_are_counted_as_they_are_answered(text: str, expected: int) -> None:
    assert objects(text) == expected


@pytest.mark.parametrize(
    ("declared", "given", "expected"),
    [
        ("$n: Int", {}, 1 + 20),
        ("$n: Int", {"n": None}, 1 + 20),
        ("$n: Int", {"n": 7}, 1 + 7),
        ("$n: Int", {"n": 7.0}, 1 + 7),
        ("$n: Int = 50", {}, 1 + 50),
        ("$n: Int = 50", {"n": None}, 1 + 20),
        ("$n: Int = 50", {"n": 3}, 1 + 3),
        ("$n: Int = null", {}, 1 + 20),
        ("$n: Int!", {"n": 0}, 1),
        ("$n: Int!", {"n": -2_147_483_648}, 1),
        ("$n: Int!", {"n": 2_147_483_647}, 1 + 2_147_483_647),
    ],
)
def test_a_page_size_may_be_a_variable(declared: str, given: dict[str, Any], expected: int) -> None:
    assert (
        objects(f'query ({declared}) {{ searchTeams(query: "x", first: $n) {{ nodes {{ id }} }} }}', **given)
        == expected
    )


def test_answer_of_more_objects_than_the_most_is_refused() -> None:
    query = 'query ($n: Int) { searchTeams(query: "x", first: 10) { nodes { members(first: $n) { nodes { id } } } } }'
    assert objects(query, n=98) == 1 + 10 * (2 + 98) == 1_001
    assert refusal(query, n=98)["code"] == "QUERY_TOO_COMPLEX"
    assert objects(query, n=97) <= limits.MAX_OBJECTS
    limits.check_objects(objects(query, n=97), {})


def test_pages_multiply_however_deep_without_growing_dear() -> None:
    level = '{ searchTeams(query: "x", first: 2147483647) { nodes { %s } } }'
    for _ in range(4):
        level = level % "members(first: 2147483647) { nodes { team { %s } } }"
    assert "could hold" in refusal("query" + level % "id")["message"] or "levels" in refusal(level % "id")["message"]


def nested(levels: int) -> str:
    """Return a query of so many levels."""
    text = "id"
    for level in reversed(range(1, levels - 1)):
        text = f"team {{ {text} }}" if level % 2 else f"activeGoal {{ {text} }}"
    return f"{{ goal(id: {ID}) {{ {text} }} }}"


def test_documents_are_at_most_twelve_levels_deep() -> None:
    assert objects(nested(12)) == 11
    assert refusal(nested(13)) == {"message": "The operation is more than 12 levels deep.", "code": "QUERY_TOO_COMPLEX"}


def test_fragments_hide_no_level() -> None:
    text = "{ viewer { user { ...F } } } fragment F on User { id }"
    assert objects(text) == 2
    chain = f"{{ goal(id: {ID}) {{ team {{ ...F0 }} }} }} "
    chain += " ".join(f"fragment F{i} on Team {{ activeGoal {{ team {{ ...F{i + 1} }} }} }}" for i in range(5))
    assert refusal(chain + " fragment F5 on Team { id }")["message"] == "The operation is more than 12 levels deep."
    inline = f"{{ goal(id: {ID}) {{ {'... on Goal { ' * 30} id {'}' * 30} }} }}"
    assert objects(inline) == 1


def test_the_browsers_introspection_passes() -> None:
    everything = get_introspection_query(
        descriptions=True, specified_by_url=True, directive_is_repeatable=True, schema_description=True,
        input_value_deprecation=True,
    )  # fmt: skip
    assert objects(everything) == 0


def test_introspection_has_an_allowance_of_its_own() -> None:
    type_of = '{ __type(name: "Team") { %s } }'
    assert objects(type_of % f"{'ofType { ' * 15} name {'}' * 15}") == 0
    assert "18 levels" in refusal(type_of % f"{'ofType { ' * 18} name {'}' * 18}")["message"]
    assert objects("{ a: __schema { queryType { name } } b: __schema { queryType { name } } }") == 0
    three = " ".join(f't{i}: __type(name: "Team") {{ name }}' for i in range(3))
    assert refusal(f"{{ {three} }}")["message"] == "The operation introspects more than 2 times."
    loop = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
    assert "introspection depth" in refusal(loop)["message"]


@pytest.mark.parametrize("sort", ["alias", "directive"])
def test_aliases_and_directives_are_counted_after_fragments(sort: str) -> None:
    def document(count: int) -> str:
        if sort == "alias":
            return "{ " + " ".join(f"a{i}: __typename" for i in range(count)) + " }"
        spread = "...F @include(if: true) " * (count - 1)
        return f"{{ viewer {{ {spread} }} }} fragment F on Viewer {{ id @skip(if: false) }}"

    assert objects(document(30)) >= 0
    assert refusal(document(31)) == {
        "message": f"The operation has more than 30 {sort}es."
        if sort == "alias"
        else "The operation has more than 30 directives.",
        "code": "QUERY_TOO_COMPLEX",
    }


def test_only_the_operation_that_runs_is_measured() -> None:
    prepared = runner().prepare(f"query Small {{ __typename }} query Deep {nested(13)}")
    assert prepared.sizes == {}
    assert isinstance(prepared.operation("Small"), OperationDefinitionNode)


def spreads(count: int) -> str:
    """Return a document in which every fragment spreads the next one twice."""
    fragments = " ".join(f"fragment F{i} on Viewer {{ ...F{i + 1} ...F{i + 1} }}" for i in range(count))
    return f"{{ viewer {{ ...F0 }} }} {fragments} fragment F{count} on Viewer {{ id }}"


def branches(count: int) -> str:
    """Return a document in which every fragment has two fields that lead to the next one."""
    both = "a: activeGoal { team { ...F%d } } b: activeGoal { team { ...F%d } }"
    fragments = " ".join(f"fragment F{i} on Team {{ {both % (i + 1, i + 1)} }}" for i in range(count))
    return f"{{ team(id: {ID}) {{ ...F0 }} }} {fragments} fragment F{count} on Team {{ id }}"


HOSTILE: dict[str, Callable[[], str]] = {
    "spreads that double": lambda: spreads(75),
    "fields that double": lambda: branches(20),
    "one field again and again": lambda: "{ " + "viewer { id } " * 245 + "}",
    "one leaf again and again": lambda: "{ viewer { " + "id " * 990 + "} }",
    "many fragments of one field": lambda: "{ viewer { " + " ".join(f"...F{i}" for i in range(75)) + " } } "
    + " ".join(f"fragment F{i} on Viewer {{ id user {{ id }} }}" for i in range(75)),
    "every fragment in every other": lambda: "{ viewer { ...F0 } } "
    + " ".join(f"fragment F{i} on Viewer {{ {' '.join(f'...F{j}' for j in range(i + 1, 26))} id }}" for i in range(26)),
    "fragments in a ring": lambda: "{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }",
    "unknown fields": lambda: "{ " + " ".join(f"x{i}" for i in range(990)) + " }",
    "unknown fields with long names": lambda: "{ " + " ".join(f"viewer{'a' * 2_000}{i}" for i in range(16)) + " }",
    "a list in a list in a list": lambda: f"{{ team(id: {'[' * 400}{']' * 400}) {{ id }} }}",
    "too many tokens": lambda: "{ " + "a " * 100_000 + "}",
    "too many comments": lambda: "#\n" * 10_000 + "{ __typename }",
    "a name without an end": lambda: "{" + "a" * 250_000 + "}",
}  # fmt: skip


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_document_costs_little(make: Callable[[], str]) -> None:
    times = []
    for attempt in range(5):
        text = f"{make()} # {attempt}"  # never a prepared one
        start = time.thread_time()
        with contextlib.suppress(RequestRefused, GraphQLError):
            objects(text)
        times.append(time.thread_time() - start)
    assert min(times) < 0.1, f"{min(times) * 1e3:.0f} ms"  # under 50 ms on an idle machine


@pytest.mark.parametrize(
    "sort",
    [
        "too many tokens",
        "too many comments",
        "a name without an end",
        "one field again and again",
        "a list in a list in a list",
    ],
)
def test_hostile_document_is_refused_as_too_complex(sort: str) -> None:
    assert refusal(HOSTILE[sort]())["code"] == "QUERY_TOO_COMPLEX"


def test_validation_stops_early() -> None:
    with pytest.raises(RequestRefused) as refused:
        runner().prepare(HOSTILE["unknown fields"]())
    assert len(refused.value.errors) == limits.MAX_ERRORS + 1
    assert "error limit reached" in refused.value.errors[-1].message


def test_a_page_of_forty_components_passes() -> None:
    names = " ".join(f"...C{i}" for i in range(40))
    fragments = " ".join(f"fragment C{i} on User {{ id name avatarUrl }}" for i in range(40))
    query = f"{{ viewer {{ memberships {{ user {{ {names} }} }} }} }} {fragments}"
    assert objects(query) == 1 + 20 * 2


@pytest.mark.parametrize(
    "calls",
    [
        "a: signOut(input: {}) { ok } b: signOut(input: {}) { ok }",
        'signOut(input: {}) { ok } changePassword(input: {currentPassword: "a", newPassword: "b"}) { ok }',
    ],
)
def test_an_operation_has_one_mutation_that_may_hash(calls: str) -> None:
    assert refusal(f"mutation {{ {calls} }}")["code"] == "QUERY_TOO_COMPLEX"


def test_a_document_has_fifty_operations() -> None:
    several = [f"query q{number} {{ __typename }}" for number in range(limits.MAX_OPERATIONS + 1)]
    runner().prepare(" ".join(several[1:]))
    assert refusal(" ".join(several))["code"] == "QUERY_TOO_COMPLEX"
