"""Wiring of our resolvers to the fields of the schema that Strawberry built.

Strawberry provides the types and the SDL. The function of a field is set here once, at start-up: an attribute, or a
resolver with its context, its decoded ids and its sign-in check. So a field costs only its resolver, and one place
fails closed: a root field without a sign-in rule, or a list without a bound, is an error before the first request.
"""

from collections.abc import Callable, Iterable
from inspect import iscoroutine
from operator import attrgetter
from typing import Any, cast

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    get_named_type,
    is_specified_directive,
    is_specified_scalar_type,
)
from strawberry.types.field import StrawberryField

from milequest.rules.identity import Identity
from milequest.telemetry import spans
from resolvers.context import Context, Request, Resolver
from resolvers.feeds import Feed
from schema.arguments import BACKREF, id_decoder
from schema.directives import SignIn, guard
from schema.info import FieldInfo
from schema.plain import ATTRIBUTE, Read
from schema.rows import TYPE_OF_ROW
from schema.source import Source
from schema.wire_ids import encode, prefix_at


class SchemaFault(Exception):
    """The schema violates a house rule; raised while it is built."""


def wire(schema: GraphQLSchema) -> None:
    """Set the function of every field. Raises SchemaFault."""
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    for directive in schema.directives:
        if not is_specified_directive(directive):
            _describe(f"@{directive.name}", directive.description)
    for kind in schema.type_map.values():
        if kind.name.startswith("__") or is_specified_scalar_type(kind):
            continue
        _describe(kind.name, kind.description)
        if isinstance(kind, GraphQLInputObjectType):
            _wire_input(kind)
        elif isinstance(kind, GraphQLInterfaceType | GraphQLObjectType):
            _wire_type(kind, root=kind in roots)


def _wire_input(kind: GraphQLInputObjectType) -> None:
    for name, input_field in kind.fields.items():
        _describe(f"{kind.name}.{name}", input_field.description)
        input_field.out_name = input_field.extensions[BACKREF].python_name


def _wire_type(kind: GraphQLInterfaceType | GraphQLObjectType, *, root: bool) -> None:
    for name, graphql_field in kind.fields.items():
        _check(kind, name, graphql_field)
        if isinstance(kind, GraphQLObjectType):
            _wire_field(kind, name, graphql_field, root=root)
    if isinstance(kind, GraphQLObjectType):
        kind.is_type_of = None
    else:
        kind.resolve_type = _type_of


def _describe(where: str, description: str | None) -> None:
    if not description:
        raise SchemaFault(f"{where} has no description")


def _check(owner: GraphQLObjectType | GraphQLInterfaceType, name: str, graphql_field: GraphQLField) -> None:
    """Check a field against the house rules, and set its arguments' names for resolvers."""
    where = f"{owner.name}.{name}"
    _describe(where, graphql_field.description)
    for argument_name, argument in graphql_field.args.items():
        _describe(f"{where}({argument_name}:)", argument.description)
        argument.out_name = argument.extensions[BACKREF].python_name
    kind = graphql_field.type.of_type if isinstance(graphql_field.type, GraphQLNonNull) else graphql_field.type
    paged = owner.name.endswith("Connection") and name in ("nodes", "edges")
    if isinstance(kind, GraphQLList) and not paged and graphql_field.extensions[BACKREF].metadata.get("bound") is None:
        raise SchemaFault(f"{where} is a list without a bound")


def _wire_field(owner: GraphQLObjectType, name: str, graphql_field: GraphQLField, *, root: bool) -> None:
    declared: StrawberryField = graphql_field.extensions[BACKREF]
    resolver: Resolver | None = declared.metadata.get("resolver")
    where = f"{owner.name}.{name}"
    rules = _rules(declared.directives) or _rules(owner.extensions[BACKREF].directives)
    if root and (resolver is None or not rules):
        raise SchemaFault(f"{where} has no resolver or no sign-in rule")
    if isinstance(resolver, StrawberryField):
        raise SchemaFault(f"{where} names another field, not a resolver: the class has one of the resolver's name")
    check = guard(rules, where) if rules else None
    if resolver is None:
        graphql_field.resolve = _attribute(owner.name, name, declared.python_name, graphql_field, check)
        return
    try:
        call = _call(where, name, resolver, graphql_field, check)
    except KeyError as error:
        raise SchemaFault(f"{where} takes an id, and {error} doesn't say of what") from None
    if declared.is_subscription:
        graphql_field.subscribe, graphql_field.resolve = _source(_on_writer(call)), _event
    else:
        graphql_field.resolve = _on_writer(call) if owner.name == "Mutation" else call


def _on_writer(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return `call`, which reads from the writer: a replica may lag behind what is to be changed or subscribed to."""

    def resolve(source: Any, info: GraphQLResolveInfo[Request], **args: Any) -> Any:
        info.context.fresh = True
        return call(source, info, **args)

    return resolve


def _source(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that wraps the feed of a subscription's resolver for graphql-core."""

    async def subscribe(source: Any, info: GraphQLResolveInfo[Request], **args: Any) -> Source:
        # The Source is cached for all callers, so it must not refer to the first one's request.
        anonymous_info = info._replace(context=cast(Request, None))

        async def ask(request: Request) -> Feed:
            feed: Feed = await call(source, anonymous_info._replace(context=request), **args)
            return feed

        return Source(await call(source, info, **args), args, info.return_type, ask)

    return subscribe


def _rules(directives: Iterable[object] | None) -> list[SignIn]:
    """Return the sign-in rules among a field's or a type's directives. A field's own replace its type's."""
    return [rule for rule in directives or () if isinstance(rule, SignIn)]


def _type_of(row: Any, _info: GraphQLResolveInfo[Request], _abstract: Any) -> str:
    return TYPE_OF_ROW[type(row)]


def _event(event: Any, _info: GraphQLResolveInfo[Request], **_args: Any) -> Any:
    return event


def _attribute(
    owner: str,
    name: str,
    attribute: str,
    graphql_field: GraphQLField,
    check: Callable[[Identity], None] | None,
) -> Callable[..., Any]:
    """Return the resolver of a row's attribute; an `ID` that holds a UUID is encoded as text."""
    prefix = prefix_at(owner, name)
    of_row: Read = attrgetter(attribute)

    def of_row_with_id(row: Any) -> Any:
        value = of_row(row)
        return value if value is None or isinstance(value, str) else encode(prefix, value)

    read = of_row_with_id if get_named_type(graphql_field.type).name == "ID" else of_row
    if check is None:
        graphql_field.extensions[ATTRIBUTE] = read
        return lambda source, _info: read(source)

    def checked(source: Any, info: GraphQLResolveInfo[Request]) -> Any:
        check(info.context.identity)
        return read(source)

    return checked


def _call(
    where: str, name: str, resolver: Resolver, graphql_field: GraphQLField, check: Callable[[Identity], None] | None
) -> Callable[..., Any]:
    decode = id_decoder(name, graphql_field)

    def resolve(source: Any, info: GraphQLResolveInfo[Request], **args: Any) -> Any:
        request = info.context
        if check is not None:
            check(request.identity)
        if decode is not None:
            decode(args)
        context: Context[Any, Any] = Context(args, source, FieldInfo(info), request)  # the tests compare the types
        answer = resolver(context)
        return answer if spans.tracing is None or not iscoroutine(answer) else spans.awaited(answer, where)

    return resolve
