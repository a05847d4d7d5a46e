"""One field as called by AppSync: the documented event of a direct Lambda resolver, and its result.

A field has a resolver in AppSync if it has one here; AppSync reads all others by name from the result of the parent's.
So a result has every plain field of an object, in the form clients see, and the row for the children.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import isawaitable
from types import SimpleNamespace
from typing import Any

import orjson
from graphql import (
    REMOVE,
    ArgumentNode,
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_leaf_type,
    parse,
    visit,
)
from graphql.execution.values import get_argument_values, get_variable_values
from graphql.pyutils import Path

from milequest.rules.budgets import REQUEST
from milequest.rules.errors import invalid
from resolvers.context import Request
from schema import limits
from schema.appsync.sources import ROW, packed, restored
from schema.errors import refused_document
from schema.plain import ATTRIBUTE
from schema.rows import TYPE_OF_ROW
from schema.variables import refuse_large

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """Field of one event."""

    schema: GraphQLSchema
    owner: GraphQLObjectType
    name: str
    field: GraphQLField
    event: Event

    @classmethod
    def of(cls, schema: GraphQLSchema, event: Event) -> "Call":
        """Return the call of an event. Raises VALIDATION_ERROR for a field that this schema does not have."""
        info = event["info"]
        owner, name = schema.type_map.get(info["parentTypeName"]), info["fieldName"]
        if not isinstance(owner, GraphQLObjectType) or name not in owner.fields:
            raise invalid("info", "UNKNOWN", f"no field {info['parentTypeName']}.{name}")
        return cls(schema, owner, name, owner.fields[name], event)

    @property
    def points(self) -> int:
        """Points it costs of its caller's budget."""
        return REQUEST + limits.objects_of(self.field, (self.event.get("arguments") or {}).get("first"))

    async def run(self, request: Request) -> Any:
        """Return the result for AppSync. Raises any error of the resolver, and GraphQLError for bad arguments.

        A subscription's field only checks access: its events are published separately.
        """
        args = self.args()
        given = self.event.get("source")
        source = restored(given[ROW]) if given else None
        known: dict[str, Any] = {
            "context": request,
            "field_name": self.name,
            "parent_type": self.owner,
            "return_type": self.field.type,
            "path": Path(None, self.name, self.owner.name),
            "variable_values": SimpleNamespace(coerced=self.event["info"].get("variables") or {}),
            "field_nodes": self._nodes(),
            "fragments": {},
        }
        info = GraphQLResolveInfo[Request]._make(map(known.get, GraphQLResolveInfo._fields))  # others are None
        work = self.field.subscribe if self.field.subscribe is not None else self.field.resolve
        assert work is not None, "wiring sets a function for every field"
        value = work(source, info, **args)
        if isawaitable(value):
            value = await value
        return None if self.field.subscribe is not None else answered(self.field.type, value)

    def args(self) -> dict[str, Any]:
        """Return the arguments as the engine would pass them: coerced, with defaults."""
        given = {name: self._unparsed(name, value) for name, value in (self.event.get("arguments") or {}).items()}
        refuse_large(given)
        names = [name for name in self.field.args if name in given]
        unknown = next((name for name in given if name not in self.field.args), None)
        if unknown is not None:
            raise refused_document(GraphQLError(f"Unknown argument '{unknown}' on field '{self.name}'."))
        declared = ", ".join(f"${name}: {self.field.args[name].type}" for name in names)
        text = f"query ({declared}) {{ {self.name} }}" if names else f"{{ {self.name} }}"
        operation = parse(text, no_location=True).definitions[0]
        assert isinstance(operation, OperationDefinitionNode), "as it was written"
        values = get_variable_values(self.schema, operation.variable_definitions or (), given)
        if isinstance(values, list):
            raise refused_document(values[0])
        node = FieldNode(
            name=NameNode(value=self.name),
            arguments=tuple(
                ArgumentNode(name=NameNode(value=name), value=VariableNode(name=NameNode(value=name))) for name in names
            ),
        )
        return get_argument_values(self.field, node, values)

    def _unparsed(self, name: str, value: Any) -> Any:
        """Return an argument as the client sent it: AppSync passes AWSJSON parsed, but our scalar parses it itself."""
        argument = self.field.args.get(name)
        is_json = argument is not None and get_named_type(argument.type).name == "AWSJSON"
        return orjson.dumps(value).decode() if is_json and value is not None and not isinstance(value, str) else value

    def _nodes(self) -> list[FieldNode]:
        """Return the selection from both of AppSync's forms: its list lacks aliases, its text fragment definitions."""
        info = self.event["info"]
        text = _selected(" ".join(_braced(info.get("selectionSetList") or [])))
        return [text, _selected((info.get("selectionSetGraphQL") or "").strip().removeprefix("{").removesuffix("}"))]


def is_published(event: Event) -> bool:
    """Return whether a field's parent is a published event, complete, and not the result of a resolver of ours."""
    source: Mapping[str, Any] | None = event.get("source") or None
    return source is not None and ROW not in source


def published(event: Event) -> Any:
    """Return the value of such a field."""
    return event["source"].get(event["info"]["fieldName"])


class _WithoutSpreads(Visitor):
    def enter_fragment_spread(self, *_: Any) -> Any:
        return REMOVE


def _selected(text: str) -> FieldNode:
    document = parse(f"{{ it {{ __typename {text} }} }}", no_location=True)
    operation = visit(document, _WithoutSpreads()).definitions[0]
    node: FieldNode = operation.selection_set.selections[0]
    return node


def _braced(paths: list[str]) -> list[str]:
    """Convert paths to selections: `author, author/name` → `author { __typename name }`."""
    below: dict[str, list[str]] = {}
    for path in paths:
        name, _, rest = path.partition("/")
        below.setdefault(name, []).extend([rest] if rest else [])
    return [f"{name} {{ __typename {' '.join(_braced(inner))} }}" if inner else name for name, inner in below.items()]


def answered(kind: Any, value: Any) -> Any:
    """Convert a value to AppSync's form. Raises GraphQLError for one that violates the schema."""
    if isinstance(kind, GraphQLNonNull):
        if value is None:
            raise GraphQLError(f"There is no {kind.of_type}.")
        return answered(kind.of_type, value)
    if value is None:
        return None
    if isinstance(kind, GraphQLList):
        return [answered(kind.of_type, item) for item in value]
    if is_leaf_type(kind):
        return kind.coerce_output_value(value)
    return _object(kind, value)


def _object(kind: GraphQLObjectType | GraphQLInterfaceType, row: Any) -> dict[str, Any]:
    """Return every plain field of a row, its `__typename`, and the packed row if children have resolvers."""
    concrete = _possible(kind, TYPE_OF_ROW[type(row)]) if isinstance(kind, GraphQLInterfaceType) else kind
    plain = {
        name: answered(field.type, field.extensions[ATTRIBUTE](row))
        for name, field in concrete.fields.items()
        if ATTRIBUTE in field.extensions
    }
    children = {} if len(plain) == len(concrete.fields) else {ROW: packed(row)}
    return {**plain, "__typename": concrete.name, **children}


def _possible(kind: GraphQLInterfaceType, name: str) -> GraphQLObjectType:
    from schema.build import build

    found = build()._schema.type_map[name]
    assert isinstance(found, GraphQLObjectType), f"{name} is a {kind.name}"
    return found
