"""Decoding of arguments: ids in them, at any depth, become UUIDs. The decoder of a field is built once."""

from collections.abc import Callable
from typing import Any, TypeAlias

from graphql import GraphQLField, GraphQLInputObjectType, GraphQLList, GraphQLNonNull

from schema.wire_ids import decoder

Decode: TypeAlias = Callable[[Any, str], Any]
"""Decoder of a value by its path, such as `input.teamId`, to the resolver's form. Raises VALIDATION_ERROR there."""

BACKREF = "strawberry-definition"


def id_decoder(owner: str, field: GraphQLField) -> Callable[[dict[str, Any]], None] | None:
    """Return the decoder of ids in the arguments of the field `owner`, in place; None if there are none."""
    steps = [
        (argument.out_name or name, name, decode)
        for name, argument in field.args.items()
        if (decode := _decode(name, owner, argument.type)) is not None
    ]

    def decode_all(args: dict[str, Any]) -> None:
        for key, path, decode in steps:
            if args.get(key) is not None:
                args[key] = decode(args[key], path)

    return decode_all if steps else None


def _decode(name: str, owner: str, kind: Any) -> Decode | None:
    if isinstance(kind, GraphQLNonNull):
        return _decode(name, owner, kind.of_type)
    if isinstance(kind, GraphQLList):
        item = _decode(name, owner, kind.of_type)
        return item and _each(item)
    if isinstance(kind, GraphQLInputObjectType):
        steps = [
            (field.extensions[BACKREF].python_name, field_name, decode)
            for field_name, field in kind.fields.items()
            if (decode := _decode(field_name, owner, field.type)) is not None
        ]
        return _fields(steps) if steps else None
    return decoder(name, owner) if kind.name == "ID" else None


def _each(item: Decode) -> Decode:
    return lambda values, path: [
        value if value is None else item(value, f"{path}[{index}]") for index, value in enumerate(values)
    ]


def _fields(steps: list[tuple[str, str, Decode]]) -> Decode:
    def decode(value: dict[str, Any], path: str) -> dict[str, Any]:
        decoded = dict(value)  # a variable's value is shared by all the fields that use it
        for key, name, step in steps:
            if value.get(key) is not None:
                decoded[key] = step(value[key], f"{path}.{name}")
        return decoded

    return decode
