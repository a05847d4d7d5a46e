"""Contexts as resolvers declare them, compared with the fields that they are called for."""

import inspect
from collections.abc import Awaitable, Iterator, Mapping
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from graphql import GraphQLField, GraphQLNonNull, GraphQLObjectType

from app.reference.argument_types import class_name
from resolvers import arguments
from resolvers.context import Context, NoArgs, Resolver
from schema.arguments import BACKREF
from schema.build import runner
from schema.rows import ROW_OF_TYPE

SCHEMA = runner().schema
ROOTS = (SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type)


def resolved() -> Iterator[tuple[GraphQLObjectType, str, GraphQLField]]:
    """Return the fields that have a resolver."""
    for kind in SCHEMA.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                if field.extensions[BACKREF].metadata.get("resolver") is not None:
                    yield kind, name, field


FIELDS = [pytest.param(*given, id=f"{given[0].name}.{given[1]}") for given in resolved()]


def steps(resolver: Resolver) -> list[Resolver]:
    """Return the functions of a pipeline, or the resolver itself."""
    inside = inspect.getclosurevars(resolver).nonlocals.get("steps")
    return [resolver] if inside is None else list(inside)


def declared(step: Resolver) -> tuple[Any, Any]:
    """Return the types of `args` and `source` that a function declares."""
    (name,) = inspect.signature(step).parameters
    args, source = get_args(get_type_hints(step)[name])
    return args, source


def misfits(declared: Any, given: Any) -> list[str]:
    """Return the keys of declared arguments that a field has not, not surely, or of another type."""
    wanted, found = (get_type_hints(kind) for kind in (declared, given))
    surely = declared.__required_keys__ - given.__required_keys__
    return sorted({key for key, kind in wanted.items() if found.get(key) != kind} | surely)


@pytest.mark.parametrize(("owner", "name", "field"), FIELDS)
def test_resolver_declares_arguments_that_its_field_has(
    owner: GraphQLObjectType, name: str, field: GraphQLField
) -> None:
    given = getattr(arguments, class_name(SCHEMA, owner, name)) if field.args else None
    for step in steps(field.extensions[BACKREF].metadata["resolver"]):
        args, _ = declared(step)
        if is_typeddict(args):
            assert given is not None, args
            assert not misfits(args, given)
        elif args == get_args(Context[NoArgs, Any])[0]:
            assert given is None, "it has arguments that the resolver never looks at"
        else:
            assert get_origin(args) is Mapping or get_args(args) == ()


@pytest.mark.parametrize(("owner", "name", "field"), FIELDS)
def test_resolver_declares_the_rows_of_its_type_as_source(
    owner: GraphQLObjectType, name: str, field: GraphQLField
) -> None:
    row = NoneType if owner in ROOTS else ROW_OF_TYPE[owner.name]
    for step in steps(field.extensions[BACKREF].metadata["resolver"]):
        _, source = declared(step)
        kinds = get_args(source) if isinstance(source, UnionType) else (source,)
        assert any(isinstance(kind, type) and issubclass(row, kind) for kind in kinds), (row, source)


def test_argument_of_another_type_or_that_may_be_absent_is_a_misfit() -> None:
    assert misfits(arguments.TeamArgs, arguments.UserArgs) == []
    assert misfits(arguments.NodeArgs, arguments.TeamArgs) == ["id"]
    assert misfits(arguments.SearchTeamsArgs, arguments.TeamMembersArgs) == ["query"]
    assert misfits(arguments.CreateTeamArgs, arguments.UpdateTeamArgs) == ["input"]
    assert misfits(arguments.UpdateTeamInput, arguments.CreateTeamInput) == [
        "expected_version", "name", "team_id",
    ]  # fmt: skip
    assert misfits(arguments.CreateTeamInput, arguments.UpdateTeamInput) == ["name"]


def may_be_none(returned: Any) -> bool:
    """Return whether a function's result, awaited where it has to be, may be None."""
    kinds = get_args(returned) if isinstance(returned, UnionType) else (returned,)
    awaited = [kind for kind in kinds if inspect.isclass(get_origin(kind)) and issubclass(get_origin(kind), Awaitable)]
    return NoneType in kinds or any(may_be_none(get_args(kind)[0]) for kind in awaited)


@pytest.mark.parametrize(
    ("owner", "name", "field"),
    [(owner, name, field) for owner, name, field in resolved() if isinstance(field.type, GraphQLNonNull)],
)
def test_resolver_of_a_field_that_is_never_null_returns_no_none(
    owner: GraphQLObjectType, name: str, field: GraphQLField
) -> None:
    """A child may be gone by the next statement: then `existing` raises ReadSkew, and the request is read again."""
    last = steps(field.extensions[BACKREF].metadata["resolver"])[-1]
    assert not may_be_none(get_type_hints(last)["return"])
