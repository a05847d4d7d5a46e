"""A subscriber's filter: the matches of its thirteen operators, and refusals with places. A naive oracle agrees."""

import json
import math
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.errors import ErrorCode, ValidationError
from subscriptions.filters import Read, parse

NEGATED: Final = {"ne": "eq", "notContains": "contains", "notIn": "in"}
LISTED: Final = ("in", "notIn", "between", "containsAny")
ORDERED: Final = ("le", "lt", "ge", "gt", "contains", "notContains")
OPERATORS: Final = ("eq", "ne", *ORDERED, "beginsWith", *LISTED)


def condition(operator: object, value: object, field_name: object = "a") -> dict[str, object]:
    return {"fieldName": field_name, "operator": operator, "value": value}


def any_of(*groups: Sequence[object]) -> dict[str, object]:
    return {"filterGroup": [{"filters": list(group)} for group in groups]}


def read_of(event: object) -> Read:
    """Return a reader of an event's values, name by name: through every item of a list, into every object."""

    def read(field_name: str) -> Sequence[object]:
        level = [event]
        for name in field_name.split("."):
            while any(isinstance(value, list) for value in level):
                level = [item for value in level for item in (value if isinstance(value, list) else (value,))]
            level = [value.get(name) if isinstance(value, dict) else None for value in level]
        return level

    return read


def holds(operator: str, value: object, event: object, field_name: str = "a") -> bool:
    return parse(any_of([condition(operator, value, field_name)])).matches(read_of(event))


@pytest.mark.parametrize(
    ("operator", "wanted", "yes", "no"),
    [
        ("eq", 1, [1, 1.0], [True, "1", 2, None, [1], {}]),
        ("eq", 1.5, [1.5], [1, "1.5", None]),
        ("eq", "é", ["é"], ["É", "e\u0301", "", None, ["é"]]),
        ("eq", True, [True], [1, 1.0, "true", False, None]),
        ("eq", False, [False], [0, "", None, [], True]),
        ("eq", None, [None], [False, 0, "", [], [None]]),
        ("ne", 1, [2, True, "1", None, [1]], [1, 1.0]),
        ("ne", True, [1, False, None], [True]),
        ("ne", None, [0, "", False, []], [None]),
        ("lt", 2, [1, 1.9, -5], [2, 2.0, 3, "1", True, None, [1]]),
        ("le", 2, [2, 2.0, 1], [2.1, "2", False, None]),
        ("gt", 0, [1, 0.1], [0, True, "1", None]),
        ("ge", 0, [0, 0.0, 1], [-1, True, "0", None]),
        ("gt", 2**53, [2**53 + 1], [2**53, float(2**53)]),
        ("lt", "b", ["a", "B", "azz", ""], ["b", "ba", 0, None, ["a"]]),
        ("ge", "\uffff", ["\uffff", "😀"], ["\ufffe"]),  # by code point: UTF-16 has 😀 first
        ("contains", "ar", ["ar", "Mars", ["ar", 1]], ["AR", "a-r", ["Mars"], 1, None, {"ar": 1}]),
        ("contains", 1, [[1], [None, 1.0]], ["1", [True], ["1"], [[1]], [], 1, None]),
        ("notContains", "ar", ["AR", ["Mars"], 1, None, []], ["Mars", ["ar"]]),
        ("notContains", 1, ["1", [True], None, 1], [[1], [2, 1.0]]),
        ("beginsWith", "Ro", ["Ro", "Rome"], ["rome", "aRome", "R", ["Rome"], 1, None]),
        ("in", [1, "a"], [1, 1.0, "a"], [True, "1", 2, [1], ["a"], {}, None]),
        ("in", [0.5, 0], [0, 0.5, -0.0], [False, "", None]),
        ("notIn", [1, "a"], [True, "1", 2, [1], {}, None], [1, 1.0, "a"]),
        ("between", [1, 3.5], [1, 1.0, 3.5, 2], [0.9, 3.6, "2", True, None, [2]]),
        ("between", ["b", "d"], ["b", "czz", "d"], ["a", "da", "B", 2, None]),
        ("between", [3, 1], [], [1, 2, 3]),
        ("containsAny", [1, "a"], [[1], ["b", "a"], [None, 1.0]], [[True], ["1"], [["a"]], [], "a", 1, None]),
    ],
)
def test_filter_operator_lets_matching_values_pass_alone(
    operator: str, wanted: object, yes: list[object], no: list[object]
) -> None:
    assert [value for value in yes + no if holds(operator, wanted, {"a": value})] == yes


@pytest.mark.parametrize("event", [{}, {"a": None}, {"a": {}}, {"a": {"b": None}}, {"a": []}, {"a": [{"b": None}]}])
@pytest.mark.parametrize("operator", OPERATORS)
def test_filter_on_an_absent_field_matches_negated_operators_and_null_alone(operator: str, event: object) -> None:
    assert holds(operator, ["x", "y"] if operator in LISTED else "x", event, "a.b") == (operator in NEGATED)
    assert holds("eq", None, event, "a.b")
    assert not holds("ne", None, event, "a.b")


def test_filter_below_a_list_matches_by_any_item() -> None:
    legs = {"legs": [{"km": 3, "tags": ["sea"]}, {"km": 8, "tags": ["hill", "old"]}]}
    assert [holds("gt", km, legs, "legs.km") for km in (5, 8)] == [True, False]
    assert [holds("ne", km, legs, "legs.km") for km in (3, 4)] == [False, True]
    assert [holds("contains", tag, legs, "legs.tags") for tag in ("old", "ol")] == [True, False]
    assert [holds("notContains", tag, legs, "legs.tags") for tag in ("old", "ol")] == [False, True]


@pytest.mark.parametrize(("values", "equal"), [([], [None]), ([None], [None]), ([1], [1]), ([1, None], [1, None])])
def test_filter_on_values_left_out_by_a_reader_matches_null(values: list[object], equal: list[object]) -> None:
    assert [value for value in (1, None) if parse(any_of([condition("eq", value)])).matches(lambda _: values)] == equal


def test_filter_matches_by_all_conditions_of_any_group() -> None:
    wanted = parse(any_of([condition("eq", 1), condition("eq", 2, "b.c")], [condition("eq", 3)]))
    assert wanted.field_names == {"a", "b.c"}
    events: list[object] = [{"a": 1, "b": {"c": 2}}, {"a": 3}, {"a": 1}, {"b": {"c": 2}}, {}]
    assert [wanted.matches(read_of(event)) for event in events] == [True, True, False, False, False]


def test_filters_of_the_same_json_are_one() -> None:
    document = any_of([condition("in", [1, "é"])], [condition("eq", True)])
    turned = any_of([{"value": [1, "é"], "operator": "in", "fieldName": "a"}], [condition("eq", True)])
    assert len({parse(document), parse(turned)}) == 1
    assert len({parse(any_of([condition("eq", value)])) for value in (1, True, "1", None)}) == 4


# Refusals


def refusal(document: object, path: str = "filter") -> tuple[str, str, str]:
    """Return a refusal's path, code and message."""
    with pytest.raises(ValidationError) as caught:
        parse(document, path)
    assert caught.value.code is ErrorCode.VALIDATION_ERROR
    (fault,) = caught.value.fields
    return fault.path, fault.code, fault.message


def refused_part(wrong: object) -> tuple[str, str]:
    """Return a refusal's place in a condition, and its code."""
    path, code, _ = refusal(any_of([GOOD], [GOOD, wrong]))
    return path.removeprefix("filter.filterGroup[1].filters[1]."), code


GOOD = condition("eq", 1)
ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    ("document", "where", "code"),
    [
        (None, "", "MALFORMED"),
        ('{"filterGroup":[]}', "", "MALFORMED"),
        ([GOOD], "", "MALFORMED"),
        (b"{}", "", "MALFORMED"),
        (ENDLESS, "", "MALFORMED"),
        (orjson.loads("[" * 1_000 + "]" * 1_000), "", "MALFORMED"),
        (any_of([condition("eq", "\ud800")]), "", "MALFORMED"),
        ({}, ".filterGroup", "REQUIRED"),
        ({"filterGroup": [{"filters": [GOOD]}], "and": []}, ".and", "UNKNOWN"),
        ({"filterGroup": {"filters": [GOOD]}}, ".filterGroup", "MALFORMED"),
        ({"filterGroup": []}, ".filterGroup", "EMPTY"),
        ({"filterGroup": [{"filters": [GOOD]}, [GOOD]]}, ".filterGroup[1]", "MALFORMED"),
        ({"filterGroup": [{}]}, ".filterGroup[0].filters", "REQUIRED"),
        ({"filterGroup": [{"filters": [GOOD], "or": 1}]}, ".filterGroup[0].or", "UNKNOWN"),
        ({"filterGroup": [{"filters": GOOD}]}, ".filterGroup[0].filters", "MALFORMED"),
        (any_of([GOOD], []), ".filterGroup[1].filters", "EMPTY"),
        (any_of([GOOD, "a eq 1"]), ".filterGroup[0].filters[1]", "MALFORMED"),
    ],
)
def test_malformed_filter_is_refused_with_its_path(document: object, where: str, code: str) -> None:
    assert refusal(document)[:2] == (f"filter{where}", code)
    assert refusal(document, "input.filter")[:2] == (f"input.filter{where}", code)


@pytest.mark.parametrize(
    ("wrong", "where", "code"),
    [
        ({"fieldName": "a", "operator": "eq"}, "value", "REQUIRED"),
        ({"fieldName": "a", "value": 1}, "operator", "REQUIRED"),
        ({"operator": "eq", "value": 1}, "fieldName", "REQUIRED"),
        ({**GOOD, "ignoreCase": True}, "ignoreCase", "UNKNOWN"),
        (condition("eq", 1, ""), "fieldName", "EMPTY"),
    ],
)
def test_a_condition_has_three_parts(wrong: object, where: str, code: str) -> None:
    assert refused_part(wrong) == (where, code)


@pytest.mark.parametrize("name", [".", "a.", ".a", "a..b", "a b", "1", "aé", "a\n", "a[0]", None, 1, True, ["a"], {}])
def test_a_field_is_named_as_in_the_schema(name: object) -> None:
    assert refused_part(condition("eq", 1, name)) == ("fieldName", "MALFORMED")


@pytest.mark.parametrize("operator", ["EQ", "like", "not", "", None, 1, [], {}])
def test_an_operator_is_one_of_thirteen(operator: object) -> None:
    assert refused_part(condition(operator, 1)) == ("operator", "UNKNOWN")


@pytest.mark.parametrize(
    ("operators", "wrong", "where", "code"),
    [
        (("eq", "ne"), [[], [1], {}, math.nan, math.inf], "", "MALFORMED"),
        (ORDERED, [None, True, [1], {}, math.nan, math.inf, -math.inf], "", "MALFORMED"),
        (("beginsWith",), [None, True, 1, 1.5, ["a"], {}], "", "MALFORMED"),
        (LISTED, [None, True, 1, "ab", {"a": 1}], "", "MALFORMED"),
        (LISTED, [[]], "", "EMPTY"),
        (LISTED, [[1, item] for item in (None, False, [1], {"a": 1}, math.nan, -math.inf)], "[1]", "MALFORMED"),
        (("between",), [[1], [1, 2, 3], [1, "2"], ["1", 2.0]], "", "MALFORMED"),
    ],
)
def test_a_value_suits_its_operator(operators: Sequence[str], wrong: Sequence[object], where: str, code: str) -> None:
    values = [(operator, value) for operator in operators for value in wrong]
    assert {refused_part(condition(operator, value)) for operator, value in values} == {(f"value{where}", code)}


def test_a_refusal_says_what_is_allowed() -> None:
    assert refusal({"filters": []})[2] == "the allowed keys are filterGroup"
    assert refusal(any_of([condition("like", 1)]))[2] == f"must be one of {', '.join(OPERATORS)}"
    assert refusal(any_of([condition("lt", True)]))[2] == "must be a finite number or a string"


@given(st.text(st.sampled_from('aé€😀"\\\n')), st.integers(-2, 2))
def test_the_limit_is_in_bytes_of_compact_json(start: str, beyond: int) -> None:
    rest = 4096 - len(orjson.dumps(any_of([condition("eq", start)])))
    document = any_of([condition("eq", start + "x" * (rest + beyond))])
    if beyond > 0:
        assert refusal(document)[:2] == ("filter", "TOO_LONG")
    else:
        assert len(parse(document).text.encode()) == 4096 + beyond


def test_filter_has_no_limit_on_values_depth_or_groups() -> None:
    assert holds("in", list(range(1_000)), {"a": 999})
    assert not holds("eq", 1, {"a": 1}, "a" + ".b" * 1_900)
    assert parse(any_of(*[[GOOD]] * 60)).matches(read_of({"a": 1}))


# A naive oracle: nothing is compiled, numbers are fractions and strings lists of code points

NUMBERS = st.integers(-2, 2) | st.sampled_from([-0.0, 0.5, 1.0]) | st.integers() | st.floats(-1e300, 1e300)
TEXTS = st.text(st.sampled_from("ab😀\uffff"), max_size=3)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
NAMES = st.sampled_from("ab")
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner), max_leaves=12)
LISTS = st.lists(NUMBERS | TEXTS, min_size=1, max_size=4)
WANTED = {
    **dict.fromkeys(("eq", "ne"), SCALARS),
    **dict.fromkeys(ORDERED, NUMBERS | TEXTS),
    **dict.fromkeys(LISTED, LISTS),
    "beginsWith": TEXTS,
    "between": st.tuples(NUMBERS, NUMBERS).map(list) | st.tuples(TEXTS, TEXTS).map(list),
}
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(".".join)
CONDITIONS = st.sampled_from(OPERATORS).flatmap(lambda name: st.builds(condition, st.just(name), WANTED[name], PATHS))
FILTERS = st.lists(st.lists(CONDITIONS, min_size=1, max_size=3), min_size=1, max_size=3).map(lambda all: any_of(*all))


def order(left: Any, right: Any) -> str:
    """Return one of `<`, `=`, `>`, or `?` for values that can't be compared."""
    if isinstance(left, bool | None) or isinstance(right, bool | None):
        return "=" if left is right else "?"
    if isinstance(left, str) and isinstance(right, str):
        left, right = ([ord(character) for character in text] for text in (left, right))
    elif isinstance(left, int | float) and isinstance(right, int | float):
        left, right = Fraction(left), Fraction(right)
    else:
        return "?"
    return "<" if left < right else ">" if left > right else "="


def passes(operator: str, value: Any, wanted: Any) -> bool:
    match operator:
        case "eq" | "lt" | "le" | "gt" | "ge":
            return order(value, wanted) in {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}[operator]
        case "between":
            return passes("ge", value, wanted[0]) and passes("le", value, wanted[1])
        case "in":
            return any(passes("eq", value, item) for item in wanted)
        case "containsAny":
            return isinstance(value, list) and any(passes("contains", value, item) for item in wanted)
        case "contains" if isinstance(value, list):
            return any(passes("eq", item, wanted) for item in value)
    found = re.search if operator == "contains" else re.match
    return isinstance(value, str) and isinstance(wanted, str) and bool(found(re.escape(wanted), value))


def expected(event: object, field_name: str, operator: str, wanted: object) -> bool:
    if operator in NEGATED:
        return not expected(event, field_name, NEGATED[operator], wanted)
    return any(passes(operator, value, wanted) for value in read_of(event)(field_name) or [None])


@given(FILTERS, st.lists(st.dictionaries(NAMES, JSON, min_size=1), min_size=1))
def test_filter_agrees_with_a_naive_oracle(document: dict[str, Any], events: list[object]) -> None:
    wanted = parse(document)
    groups = [[tuple(part.values()) for part in group["filters"]] for group in document["filterGroup"]]
    assert wanted.field_names == {field_name for group in groups for field_name, _, _ in group}
    assert json.loads(wanted.text) == document
    for event in events:
        naive = any(all(expected(event, *parts) for parts in group) for group in groups)
        assert wanted.matches(read_of(event)) == naive
