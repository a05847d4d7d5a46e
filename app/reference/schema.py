"""The reference of the GraphQL schema for the site: one page for each kind of type, out of schema.graphql."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from graphql import (
    FieldDefinitionNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    ValueNode,
    build_schema,
    get_named_type,
    is_specified_scalar_type,
    print_ast,
)

from app.reference.markdown import code, table

INDEX: Final = """\
# Schema reference

What `schema.graphql` says, one page for each kind of type. GraphiQL at `/graphql` has the same with completion.

```{{toctree}}
{names}
```
"""
CALLERS: Final = {
    "aws_api_key": "callers who are not signed in",
    "aws_cognito_user_pools": "users",
    "aws_iam": "roles of AWS",
    "aws_lambda": "an operator's machines",
}
Fields: TypeAlias = Mapping[str, GraphQLField]
Inputs: TypeAlias = Mapping[str, GraphQLArgument] | Mapping[str, GraphQLInputField]


def pages(sdl: str) -> Mapping[str, str]:
    """Return the pages by the names of their files."""
    return Reference(build_schema(sdl)).pages()


class Reference:
    """The pages of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
        kinds: Mapping[str, tuple[str, Callable[[GraphQLNamedType], bool]]] = {
            "objects.md": ("Objects", lambda one: isinstance(one, GraphQLObjectType) and one not in self._roots),
            "abstract.md": (
                "Interfaces and unions",
                lambda one: isinstance(one, GraphQLInterfaceType | GraphQLUnionType),
            ),
            "inputs.md": ("Inputs", lambda one: isinstance(one, GraphQLInputObjectType)),
            "enums.md": ("Enums", lambda one: isinstance(one, GraphQLEnumType)),
            "scalars.md": ("Scalars", lambda one: isinstance(one, GraphQLScalarType)),
        }
        visible = [one for name, one in sorted(schema.type_map.items()) if not name.startswith("__")]
        self._kinds = {
            file: (title, [one for one in visible if belongs(one)]) for file, (title, belongs) in kinds.items()
        }
        self._files = {one.name: file for file, (_, types) in self._kinds.items() for one in types}

    def pages(self) -> Mapping[str, str]:
        """Return the pages by the names of their files."""
        roots = {f"{one.name.lower()}.md": self._operations(one) for one in self._roots if one}
        types = {
            file: f"# {title}\n" + "".join(map(self._described, types)) for file, (title, types) in self._kinds.items()
        }
        names = "\n".join((*roots, *types))
        return {"index.md": INDEX.format(names=names), **roots, **types}

    def _operations(self, root: GraphQLObjectType) -> str:
        parts = [f"# {root.name}\n"]
        for name, one in root.fields.items():
            parts.append(f"\n## {name}\n\n{one.description}\n\nReturns {self._link(one.type)}. {_callers(one)}\n")
            parts.append(self._inputs(one.args, "argument"))
        return "".join(parts)

    def _described(self, one: GraphQLNamedType) -> str:
        head = f"\n## {one.name}\n\n{one.description or ''}\n"
        match one:
            case GraphQLObjectType() | GraphQLInterfaceType():
                return head + self._implemented(one) + self._fields(one.fields)
            case GraphQLInputObjectType():
                return head + self._inputs(one.fields, "field")
            case GraphQLUnionType():
                return head + f"\nOne of {', '.join(map(self._link, one.types))}.\n"
            case GraphQLEnumType():
                return head + _table(
                    ("value", "meaning"), ((code(name), _line(v.description)) for name, v in one.values.items())
                )
        return head

    def _implemented(self, one: GraphQLObjectType | GraphQLInterfaceType) -> str:
        return f"\nImplements {', '.join(map(self._link, one.interfaces))}.\n" if one.interfaces else ""

    def _fields(self, fields: Fields) -> str:
        rows = [
            (code(name), self._link(one.type), _line(one.description) + self._arguments(one.args))
            for name, one in fields.items()
        ]
        return _table(("field", "type", "meaning"), rows)

    def _arguments(self, args: Mapping[str, GraphQLArgument]) -> str:
        told = [
            f"{code(name)} ({self._link(one.type)}{_default(one)}): {_line(one.description)}"
            for name, one in args.items()
        ]
        return "".join(f"<br>{argument}" for argument in told)

    def _inputs(self, inputs: Inputs, what: str) -> str:
        rows = [
            (code(name), self._link(one.type) + _default(one), _line(one.description)) for name, one in inputs.items()
        ]
        return _table((what, "type", "meaning"), rows) if rows else ""

    def _link(self, one: object) -> str:
        """Return a type as its name, linked unless it is one of GraphQL's own."""
        named = get_named_type(one)  # type: ignore[call-overload]  # whichever type it is
        before, _, after = str(one).partition(named.name)
        if is_specified_scalar_type(named):
            return code(one)
        return f"{code(before)}[{code(named.name)}]({self._files[named.name]}#{named.name.lower()}){code(after)}"


def _callers(one: GraphQLField) -> str:
    """Return who may use a root field: everybody, or the kinds of callers that its directives name."""
    directives = (one.ast_node.directives or ()) if isinstance(one.ast_node, FieldDefinitionNode) else ()
    kinds = [CALLERS[directive.name.value] for directive in directives if directive.name.value in CALLERS]
    if len(kinds) == len(CALLERS):
        return "For everybody, signed in or not."
    return f"For {', '.join(kinds)}." if kinds else ""


def _default(one: GraphQLArgument | GraphQLInputField) -> str:
    given = one.ast_node.default_value if one.ast_node else None
    return f" = {code(print_ast(given))}" if isinstance(given, ValueNode) else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n" + table(head, rows)


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
