"""A field without a resolver is read from its row: the row class has that attribute, of a type that fits."""

import dataclasses
import inspect
import types
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    get_nullable_type,
)

from milequest.rules.pages import Edge, Page
from schema.arguments import BACKREF
from schema.build import build
from schema.rows import ROW_OF_TYPE

SCHEMA = build()._schema
ROOTS = {"Query", "Mutation", "Subscription"}
PYTHON_OF_SCALAR: dict[str, tuple[type, ...]] = {
    "Int": (int,),
    "Float": (float, int),
    "String": (str,),
    "Boolean": (bool,),
    "ID": (UUID, str),
    "AWSDate": (date,),
    "AWSDateTime": (datetime,),
    "AWSEmail": (str,),
    "AWSURL": (str,),
}
OBJECTS = [
    kind for kind in SCHEMA.type_map.values() if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
]
READ = [
    (kind, name, field)
    for kind in OBJECTS
    for name, field in kind.fields.items()
    if kind.name not in ROOTS and "resolver" not in field.extensions[BACKREF].metadata
]


def row_of(kind: GraphQLObjectType) -> type:
    """Return the class whose instances the fields of a type are read from."""
    if kind.name.endswith("Connection"):
        return Page
    return Edge if kind.name.endswith("Edge") else ROW_OF_TYPE[kind.name]


def annotation(row: type, attribute: str) -> Any:
    """Return the declared type of a row's attribute or property. Raises AttributeError where there is none."""
    found = inspect.getattr_static(row, attribute, None)
    if isinstance(found, property):
        return get_type_hints(found.fget)["return"]
    if isinstance(found, cached_property):
        return get_type_hints(found.func)["return"]
    try:
        return get_type_hints(row)[attribute]
    except KeyError:
        raise AttributeError(f"{row.__qualname__} has no {attribute}") from None


def fits(declared: Any, kind: Any) -> bool:
    """Return whether values of the Python type are valid for the GraphQL type. A generic's own variable fits all."""
    if isinstance(declared, TypeVar) or declared is Any:
        return True
    options = [declared]
    if get_origin(declared) in (Union, types.UnionType):
        options = [option for option in get_args(declared) if option is not types.NoneType]
        if isinstance(kind, GraphQLNonNull) and len(options) < len(get_args(declared)):
            return False
    kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    return all(_fits_one(option, kind) for option in options)


def _fits_one(option: Any, kind: Any) -> bool:
    if isinstance(option, TypeVar):
        return True
    if isinstance(kind, GraphQLList):
        origin = get_origin(option)
        return inspect.isclass(origin) and issubclass(origin, Sequence) and fits(get_args(option)[0], kind.of_type)
    option = get_origin(option) or option
    if isinstance(kind, GraphQLEnumType):
        return option in {type(value.value) for value in kind.values.values()} | {kind.extensions[BACKREF].wrapped_cls}
    if isinstance(kind, GraphQLScalarType):
        return option in PYTHON_OF_SCALAR[kind.name]
    if isinstance(kind, GraphQLInterfaceType):
        return option in {row_of(possible) for possible in SCHEMA.get_possible_types(kind)}
    return option is row_of(kind)


@pytest.mark.parametrize(("kind", "name", "field"), [pytest.param(*each, id=f"{each[0]}.{each[1]}") for each in READ])
def test_a_field_is_an_attribute_of_its_row(kind: GraphQLObjectType, name: str, field: GraphQLField) -> None:
    declared = annotation(row_of(kind), field.extensions[BACKREF].python_name)
    wanted = get_nullable_type(field.type) if name == "totalCount" else field.type  # only some pages are counted
    assert fits(declared, wanted), f"{kind}.{name}: {field.type} is read from {declared}"


def test_rows_are_plain_frozen_dataclasses() -> None:
    for row in {*ROW_OF_TYPE.values(), Edge}:
        assert dataclasses.is_dataclass(row), row
        assert row.__dataclass_params__.frozen, row  # type: ignore[attr-defined]


def test_a_rows_class_tells_its_type_wherever_an_interface_stands() -> None:
    of_row: defaultdict[type, list[str]] = defaultdict(list)
    for kind in OBJECTS:
        if kind.interfaces:
            of_row[row_of(kind)].append(kind.name)
    assert {row: names for row, names in of_row.items() if len(names) > 1} == {}


def test_every_row_stands_for_a_type_there_is() -> None:
    assert set(ROW_OF_TYPE) - {kind.name for kind in OBJECTS} == set()


@pytest.mark.parametrize(
    ("declared", "kind", "expected"),
    [
        (int, "Int!", True),
        (int, "Float!", True),
        (float, "Int!", False),
        (bool, "Int!", False),
        (int | None, "Int", True),
        (int | None, "Int!", False),
        (int, "Int", True),
        (UUID, "ID!", True),
        (date, "AWSDateTime!", False),
        (datetime, "AWSDate!", False),
        (list[int], "Int!", False),
    ],
)
def test_fitting_tells_right_from_wrong(declared: Any, kind: str, expected: bool) -> None:
    named: Any = SCHEMA.type_map[kind.removesuffix("!")]
    assert fits(declared, GraphQLNonNull(named) if kind.endswith("!") else named) is expected
    if kind.endswith("!"):
        assert fits(Sequence[declared], GraphQLList(GraphQLNonNull(named))) is expected
