"""The public API's decisions, checked for the whole schema as it grows: no test here names its fields."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    Undefined,
    build_schema,
    get_named_type,
    is_specified_scalar_type,
    validate_schema,
)

from milequest.settings import PROJECT
from schema.build import build, printed
from schema.wire_ids import PREFIX_OF_TYPE, prefix_of

SCHEMA = build()._schema
ROOTS = ("Query", "Mutation", "Subscription")
TYPES = {name: kind for name, kind in SCHEMA.type_map.items() if not name.startswith("__")}
OBJECTS = {name: kind for name, kind in TYPES.items() if isinstance(kind, GraphQLObjectType)}
INTERFACES = {name: kind for name, kind in TYPES.items() if isinstance(kind, GraphQLInterfaceType)}
NODES = {name: kind for name, kind in OBJECTS.items() if SCHEMA.type_map["Node"] in kind.interfaces}
AWS_SCALARS = {"AWSDate", "AWSDateTime", "AWSEmail", "AWSJSON", "AWSURL"}
DERIVED_IDS = {"Leaderboard"}


def fields(*, inside: bool = False) -> Iterator[tuple[str, str, GraphQLField]]:
    """Yield every field of every object and interface, or only those below the root: owner, name, field."""
    for owner, kind in (OBJECTS | INTERFACES).items():
        if not (inside and owner in ROOTS):
            for name, field in kind.fields.items():
                yield owner, name, field


def arguments() -> Iterator[tuple[str, GraphQLArgument]]:
    for owner, name, field in fields():
        for argument_name, argument in field.args.items():
            yield f"{owner}.{name}({argument_name}:)", argument


def test_the_schema_is_a_valid_one_of_one_kind_of_definitions() -> None:
    assert validate_schema(SCHEMA) == []
    assert not any(line.startswith("extend ") for line in printed().splitlines())
    assert set(build_schema(printed()).type_map) == set(SCHEMA.type_map)


def test_1_only_appsyncs_scalars_and_nothing_it_lacks() -> None:
    scalars = {name for name, kind in TYPES.items() if isinstance(kind, GraphQLScalarType)}
    assert {name for name in scalars if not is_specified_scalar_type(TYPES[name])} <= AWS_SCALARS
    assert [name for name, kind in TYPES.items() if isinstance(kind, GraphQLInputObjectType) and kind.is_one_of] == []
    assert [name for name, kind in INTERFACES.items() if kind.interfaces] == []
    ours = {directive.name for directive in SCHEMA.directives} - {
        "include",
        "skip",
        "deprecated",
        "specifiedBy",
        "oneOf",
    }
    assert all(name.startswith("aws_") for name in ours)
    assert "@oneOf" not in printed()
    assert "@specifiedBy" not in printed()


def test_2_only_what_may_be_null_has_a_default_and_no_default_is_null() -> None:
    given = {where: argument for where, argument in arguments() if argument.default_value is not Undefined}
    assert given, "pages have a default"
    assert [where for where, argument in given.items() if isinstance(argument.type, GraphQLNonNull)] == []
    assert [where for where, argument in given.items() if argument.default_value is None] == []
    for name, kind in TYPES.items():
        if isinstance(kind, GraphQLInputObjectType):
            assert [f"{name}.{f}" for f, field in kind.fields.items() if field.default_value is not Undefined] == []


def test_3_root_fields_are_nullable() -> None:
    found = [
        f"{owner}.{name}"
        for owner, name, field in fields()
        if owner in ROOTS and isinstance(field.type, GraphQLNonNull)
    ]
    assert found == []


def test_3_lists_hold_no_nulls() -> None:
    """But `nodes`, where a null's place identifies the id that was not found."""
    for owner, name, field in fields():
        kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        if isinstance(kind, GraphQLList) and (owner, name) != ("Query", "nodes"):
            assert isinstance(kind.of_type, GraphQLNonNull), f"{owner}.{name}"
            assert owner in ROOTS or isinstance(field.type, GraphQLNonNull), f"{owner}.{name}"


def test_4_every_list_is_bounded_or_a_connections() -> None:
    """At most 100 items, but a year of days, as a chart shows."""
    for owner, name, field in fields():
        kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        if isinstance(kind, GraphQLList) and not (owner.endswith("Connection") and name in ("edges", "nodes")):
            bound = field.extensions["strawberry-definition"].metadata["bound"]
            assert 0 < bound <= (366 if (owner, name) == ("Viewer", "days") else 100), f"{owner}.{name}"


def test_4_connections_are_relays_and_have_nodes() -> None:
    connections = {name: kind for name, kind in OBJECTS.items() if name.endswith("Connection")}
    assert connections
    for name, kind in connections.items():
        assert set(kind.fields) - {"totalCount"} == {"edges", "nodes", "pageInfo"}, name
        item = name.removesuffix("Connection")
        assert str(kind.fields["edges"].type) == f"[{item}Edge!]!"
        assert str(kind.fields["nodes"].type) == f"[{item}!]!"
        edge = OBJECTS[f"{item}Edge"].fields
        assert {field: str(edge[field].type) for field in edge} == {"cursor": "String!", "node": f"{item}!"}
    for owner, name, field in fields():
        if get_named_type(field.type).name in connections:
            pages = {argument: str(field.args[argument].type) for argument in ("first", "after")}
            assert pages == {"first": "Int", "after": "String"}, f"{owner}.{name}"
            assert field.args["first"].default_value in range(1, 21), f"{owner}.{name}"


def test_4_below_the_root_every_argument_is_optional() -> None:
    for owner, name, field in fields(inside=True):
        required = [argument for argument, given in field.args.items() if isinstance(given.type, GraphQLNonNull)]
        assert required == [], f"{owner}.{name}"


SECRETS = {"attemptId", "requestId"}  # kept by a client until a code arrives; they name no object


def test_6_every_id_says_of_what_it_is() -> None:
    assert len(set(PREFIX_OF_TYPE.values())) == len(PREFIX_OF_TYPE)
    assert set(NODES) - DERIVED_IDS == set(PREFIX_OF_TYPE)
    for owner, name, field in fields(inside=True):
        if get_named_type(field.type).name == "ID" and name not in ("id", "removedId"):
            assert prefix_of(name) in PREFIX_OF_TYPE.values(), f"{owner}.{name}"
    for where, kind in [*((where, argument.type) for where, argument in arguments()), *_input_fields()]:
        name = where.rpartition(".")[2].partition("(")[2].removesuffix(":)") or where.rpartition(".")[2]
        assert not name.endswith("Id") or get_named_type(kind).name == "ID" or name in SECRETS, where


def _input_fields() -> Iterator[tuple[str, Any]]:
    for owner, kind in TYPES.items():
        if isinstance(kind, GraphQLInputObjectType):
            for name, field in kind.fields.items():
                yield f"{owner}.{name}", field.type


def test_7_what_has_an_id_is_a_node_and_nothing_else_has_one() -> None:
    assert {name for name, kind in OBJECTS.items() if "id" in kind.fields} == set(NODES)
    assert {str(kind.fields["id"].type) for kind in NODES.values()} == {"ID!"}


def test_7_one_field_name_has_one_type_in_all_node_types() -> None:
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for owner, kind in NODES.items():
        for name, field in kind.fields.items():
            found[name][owner] = str(field.type)
    assert {name: of for name, of in found.items() if len(set(of.values())) > 1} == {}


def test_8_users_are_a_card_and_nothing_private() -> None:
    assert set(OBJECTS["User"].fields) == {"id", "name", "avatarUrl"}


def test_9_nothing_is_named_me_or_mine() -> None:
    for owner, name, _ in fields():
        assert name != "me", f"{owner}.{name}"
        assert not name.startswith(("my", "isCurrentUser", "isMine", "isOwn")), f"{owner}.{name}"


@pytest.mark.parametrize(("scalar", "suffixes"), [("AWSDateTime", "At"), ("AWSDate", ("On", "Date"))])
def test_14_names_tell_instants_from_days(scalar: str, suffixes: str | tuple[str, ...]) -> None:
    named = [f"{owner}.{name}" for owner, name, field in fields() if get_named_type(field.type).name == scalar]
    assert named
    assert [name for name in named if not name.endswith(suffixes)] == []


def test_13_measures_have_their_unit_in_their_name() -> None:
    for owner, name, _ in fields(inside=True):
        lowered = name.lower()
        assert not lowered.endswith(("distance", "duration", "length", "miles", "kilometers")), f"{owner}.{name}"


def test_directives_are_described_and_descriptions_name_no_sex() -> None:
    """Without a description types, fields and arguments stop the start. No description is gendered."""
    for directive in SCHEMA.directives:
        assert directive.description, directive.name
    gendered = (" he ", " she ", " him ", " his ", " her ", " hers ")
    text = " ".join(line for line in printed().lower().split())
    assert [word for word in gendered if word in text] == []


def test_the_print_is_the_same_whatever_the_hash_seed() -> None:
    script = "import sys; from schema.build import printed; sys.stdout.write(printed())"
    prints = {
        subprocess.run(
            [sys.executable, "-c", script], cwd=PROJECT, env={**os.environ, "PYTHONHASHSEED": seed},
            text=True, capture_output=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert prints == {printed()}
