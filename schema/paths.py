"""Reading values of a row by their path in the schema, as clients would see them, for filters."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from graphql import GraphQLList, GraphQLNonNull, GraphQLObjectType, get_named_type, is_leaf_type

from milequest.rules.errors import invalid
from schema.plain import ATTRIBUTE

Values: TypeAlias = Callable[[Any], list[object]]
"""Reader of a row's values at a path: one for each item of a list on the path, None after a null."""


def readers(kind: Any, names: Iterable[str]) -> Mapping[str, Values]:
    """Return the reader of each dotted path for rows of the type `kind`. Raises VALIDATION_ERROR for a bad path."""
    return {name: _reader(get_named_type(kind), name.split("."), name) for name in names}


def _reader(kind: Any, parts: Sequence[str], name: str) -> Values:
    field = kind.fields.get(parts[0]) if isinstance(kind, GraphQLObjectType) else None
    if field is None or ATTRIBUTE not in field.extensions:
        raise invalid("filter", "UNKNOWN", f"{name}: no field of the event that can be filtered by")
    read, inner = field.extensions[ATTRIBUTE], get_named_type(field.type)
    if len(parts) == 1:
        if not is_leaf_type(inner):
            raise invalid("filter", "UNKNOWN", f"{name}: name one of its fields")
        return _leaf(read, inner.coerce_output_value, is_list=_is_list(field.type))
    return _inner(read, _reader(inner, parts[1:], name), is_list=_is_list(field.type))


def _is_list(kind: Any) -> bool:
    return isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)


def _leaf(read: Callable[[Any], Any], coerce: Callable[[Any], Any], *, is_list: bool) -> Values:
    def values(row: Any) -> list[object]:
        value = read(row)
        if value is None:
            return [None]
        return [[coerce(item) for item in value]] if is_list else [coerce(value)]

    return values


def _inner(read: Callable[[Any], Any], deeper: Values, *, is_list: bool) -> Values:
    def values(row: Any) -> list[object]:
        value = read(row)
        if value is None:
            return [None]
        return [found for item in (value if is_list else (value,)) for found in deeper(item)]

    return values
