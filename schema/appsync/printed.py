"""The SDL that AppSync takes: ours without the parts it refuses, with its own directives where it requires them.

AppSync defines the scalars and directives, so their definitions are left out, as are descriptions and the defaults of
arguments, which it drops anyway. A type has the modes of the root fields that reach it; the API has all four: an API
key, the user pool, IAM and a Lambda authorizer. Each subscription is tied to a mutation of its own, which only we may
call, with IAM: by it an event of the log is sent to AppSync's subscribers.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)

from schema.arguments import BACKREF
from schema.directives import SignIn, groups
from schema.plain import ATTRIBUTE

IAM = "@aws_iam"
ROOTS = ("Query", "Mutation", "Subscription")
_OUTCOME = re.compile(r"(Changed|Updated|Reached)$")


def printed(schema: GraphQLSchema) -> str:
    """Return the SDL, with its types in alphabetical order after the roots."""
    modes = _modes(schema)
    names = sorted(name for name in schema.type_map if not name.startswith("__") and name not in ROOTS)
    blocks = ["schema {\n  query: Query\n  mutation: Mutation\n  subscription: Subscription\n}"]
    blocks += [_root(schema, name) for name in ROOTS]
    blocks += [text for name in names if (text := _type(schema.type_map[name], modes[name]))]
    return "\n\n".join(blocks) + "\n"


def resolved(schema: GraphQLSchema) -> list[str]:
    """Return the fields with resolvers, as `Type.field`: AppSync reads all others from the parent's result."""
    return [
        f"{kind.name}.{name}"
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
        for name, field in kind.fields.items()
        if ATTRIBUTE not in field.extensions
    ]


def publisher(subscription: str) -> str:
    """Return the mutation that publishes a subscription's events: `teamActivityChanged` → `publishTeamActivity`."""
    noun = _OUTCOME.sub("", subscription)
    return f"publish{noun[0].upper()}{noun[1:]}"


def _root(schema: GraphQLSchema, name: str) -> str:
    kind, feeds = _object(schema, name), _object(schema, "Subscription").fields
    lines = [_field(each, field, sorted(_rules(field))) for each, field in kind.fields.items()]
    if name == "Mutation":
        lines += [f"  {publisher(each)}(event: AWSJSON!): {feed.type} {IAM}" for each, feed in feeds.items()]
    elif name == "Subscription":
        pairs = zip(lines, feeds, strict=True)
        lines = [f'{line} @aws_subscribe(mutations: ["{publisher(each)}"])' for line, each in pairs]
    return _block(f"type {name}", lines)


def _type(kind: Any, modes: Iterable[str]) -> str | None:
    """Return a type's definition; None for a scalar, which AppSync defines."""
    match kind:
        case GraphQLEnumType():
            return _block(f"enum {kind.name}", [f"  {value}" for value in kind.values])
        case GraphQLInputObjectType():
            return _block(f"input {kind.name}", [f"  {name}: {field.type}" for name, field in kind.fields.items()])
        case GraphQLInterfaceType():
            return _block(f"interface {kind.name}", [_field(name, field) for name, field in kind.fields.items()])
        case GraphQLObjectType():
            implemented = f" implements {' & '.join(each.name for each in kind.interfaces)}" if kind.interfaces else ""
            head = " ".join([f"type {kind.name}{implemented}", *sorted(modes)])
            return _block(head, [_field(name, field, sorted(_rules(field))) for name, field in kind.fields.items()])
    return None


def _field(name: str, field: GraphQLField, rules: Iterable[str] = ()) -> str:
    arguments = ", ".join(f"{each}: {argument.type}" for each, argument in field.args.items())
    reason = f' @deprecated(reason: "{field.deprecation_reason}")' if field.deprecation_reason else ""
    return f"  {name}{f'({arguments})' if arguments else ''}: {field.type}{reason}" + "".join(
        f" {one}" for one in rules
    )


def _block(head: str, lines: Iterable[str]) -> str:
    return "\n".join([f"{head} {{", *lines, "}"])


def _modes(schema: GraphQLSchema) -> Mapping[str, set[str]]:
    """Return the modes that reach each type: those of the root fields above it, and IAM below an event."""
    modes: defaultdict[str, set[str]] = defaultdict(set)
    for root in ROOTS:
        for field in _object(schema, root).fields.values():
            ways = {_mode(rule) for rule in _rules(field)} | ({IAM} if root == "Subscription" else set())
            _reach(schema, get_named_type(field.type), ways, modes)
    return modes


def _reach(schema: GraphQLSchema, kind: Any, ways: set[str], modes: defaultdict[str, set[str]]) -> None:
    if not isinstance(kind, GraphQLInterfaceType | GraphQLObjectType) or ways <= modes[kind.name]:
        return
    modes[kind.name] |= ways
    below = [get_named_type(field.type) for field in kind.fields.values()]
    for each in (*below, *(schema.get_possible_types(kind) if isinstance(kind, GraphQLInterfaceType) else ())):
        _reach(schema, each, ways, modes)


def _mode(rule: str) -> str:
    """Return a rule without its groups: these are a matter of the field, not of the type."""
    return rule.partition("(")[0]


def _rules(field: GraphQLField) -> Iterator[str]:
    """Yield a field's own sign-in rules, as directives."""
    for rule in field.extensions[BACKREF].directives or ():
        if isinstance(rule, SignIn):
            some = ", ".join(f'"{name}"' for name in groups(rule) or ())
            name = type(rule).__strawberry_directive__.graphql_name  # type: ignore[union-attr]  # set by its decorator
            yield f"@{name}" + (f"(cognito_groups: [{some}])" if some else "")


def _object(schema: GraphQLSchema, name: str) -> GraphQLObjectType:
    kind = schema.type_map[name]
    assert isinstance(kind, GraphQLObjectType), "a root is one"
    return kind
