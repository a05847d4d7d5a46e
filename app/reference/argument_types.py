"""The module resolvers/arguments.py: the types of arguments and inputs as resolvers get them, out of schema.graphql.

It is made of the printed schema alone, so it can be made while a resolver already names a type that is not there yet.
"""

import re
from collections.abc import Iterator, Mapping
from keyword import iskeyword
from typing import Final, TypeAlias

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
)

from schema.wire_ids import decode_any, decoder

HEAD: Final = '''\
"""Arguments of the fields, as their resolvers get them in `ctx.args`. `make reference` writes this file.

A key that is not required is absent where the client did not send it; None is a null that they sent. Ids are decoded.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NotRequired, TypedDict
from uuid import UUID

from milequest.rules.enums import (
{enums}
)
'''
SCALARS: Final = {
    "String": "str",
    "Int": "int",
    "Float": "float",
    "Boolean": "bool",
    "AWSDate": "date",
    "AWSDateTime": "datetime",
    "AWSEmail": "str",
    "AWSURL": "str",
    "AWSJSON": "object",
}
Given: TypeAlias = Mapping[str, GraphQLArgument] | Mapping[str, GraphQLInputField]


def module(sdl: str) -> str:
    """Return the whole module."""
    schema = build_schema(sdl)
    kinds = sorted(schema.type_map.values(), key=lambda kind: kind.name)
    body = "\n".join((*_inputs(kinds), *_arguments(schema, kinds)))
    enums = [kind.name for kind in kinds if isinstance(kind, GraphQLEnumType) and re.search(rf"\b{kind.name}\b", body)]
    return HEAD.format(enums="\n".join(f"    {name}," for name in enums)) + "\n" + body


def class_name(schema: GraphQLSchema, owner: GraphQLNamedType, field: str) -> str:
    """Return the name of the class of a field's arguments: `TeamArgs` of a query, `TeamGoalsArgs` of `Team.goals`."""
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    return f"{'' if owner in roots else owner.name}{field[:1].upper()}{field[1:]}Args"


def _inputs(kinds: list[GraphQLNamedType]) -> Iterator[str]:
    inputs = [kind for kind in kinds if isinstance(kind, GraphQLInputObjectType)]
    for kind in sorted(inputs, key=_depth):  # a class stands behind those it names
        yield _class(kind.name, f"{kind.name} of the schema.", kind.fields, "")


def _depth(kind: GraphQLInputObjectType) -> int:
    """Return how many levels of inputs are inside; none of ours holds itself."""
    inside = (get_named_type(one.type) for one in kind.fields.values())
    return max((1 + _depth(one) for one in inside if isinstance(one, GraphQLInputObjectType)), default=0)


def _arguments(schema: GraphQLSchema, kinds: list[GraphQLNamedType]) -> Iterator[str]:
    for kind in kinds:
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                if field.args:
                    where = f"Arguments of {kind.name}.{name}."
                    yield _class(class_name(schema, kind, name), where, field.args, name)


def _class(name: str, doc: str, given: Given, owner: str) -> str:
    lines = [f"    {_snake(key)}: {_presence(one, _of(one.type, key, owner))}\n" for key, one in given.items()]
    return f'\nclass {name}(TypedDict):\n    """{doc}"""\n\n{"".join(lines)}'


def _presence(one: GraphQLArgument | GraphQLInputField, kind: str) -> str:
    """Return a key's type; a key is there if the client has to send it, or if it has a default."""
    has_default = one.ast_node is not None and one.ast_node.default_value is not None
    is_sure = isinstance(one.type, GraphQLNonNull) or has_default
    return kind if is_sure else f"NotRequired[{kind}]"


def _of(kind: GraphQLInputType, key: str, owner: str) -> str:
    if isinstance(kind, GraphQLNonNull):
        return _not_null(kind.of_type, key, owner)
    return f"{_not_null(kind, key, owner)} | None"


def _not_null(kind: GraphQLInputType, key: str, owner: str) -> str:
    if isinstance(kind, GraphQLList):
        return f"Sequence[{_of(kind.of_type, key, owner)}]"
    name = get_named_type(kind).name
    if name != "ID":
        return SCALARS.get(name, name)
    return "tuple[str, str]" if decoder(key, owner) is decode_any else "UUID"


def _snake(name: str) -> str:
    snake = re.sub(r"(?=[A-Z])", "_", name).lower()
    return f"{snake}_" if iskeyword(snake) else snake
