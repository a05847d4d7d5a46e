"""Operations that hypothesis-graphql makes of the schema, with values of earlier answers put where they fit."""

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    NameNode,
    ObjectFieldNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VisitorAction,
    ast_from_value,
    build_schema,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    visit,
)
from graphql.language.visitor import Visitor
from hypothesis import strategies as st

from milequest.settings import PROJECT
from tests.service import PASSWORD

Strategy = st.SearchStrategy[Any]
Draw = Callable[[Strategy], Any]

SCHEMA: GraphQLSchema = build_schema((PROJECT / "schema.graphql").read_text())
IDS = re.compile(r"([a-z]+)_(?:[a-z]+_)*[0-9a-f]{32}")
ALWAYS = ("id", "__typename", "code", "refreshToken", "endCursor", "cursor", "version", "name")  # always selected
LEARNED = ("code", "refreshToken", "endCursor", "cursor", "name")
NAMES = st.sampled_from(["Ada", "Ben", "The walkers", "Straße", "İstanbul", "a\u0301" * 9, "x" * 50, "x" * 101, " "])
PLACES = st.fixed_dictionaries({"lat": st.integers(-90, 90), "lng": st.integers(-180, 180)})
WAYPOINTS = st.lists(st.fixed_dictionaries({"position": PLACES}, optional={"name": NAMES}), min_size=2, max_size=4)


_numbers = itertools.count(1)


def _days(around: int) -> Strategy:
    return st.integers(-around, around).map(lambda days: datetime.now(UTC) + timedelta(days=days))


# Values that are mostly valid, by the name of the argument or input field.
GOOD: Mapping[str, Strategy] = {
    "name": NAMES,
    "confirmName": NAMES,
    "description": NAMES,
    "message": NAMES,
    "notes": NAMES,
    "query": st.sampled_from(["walkers", "Paris", "a", "%"]),
    "waypoints": WAYPOINTS,
    "position": PLACES,
    "near": PLACES,
    "country": st.sampled_from(["FR", "de", "XX"]),
    "password": st.just(PASSWORD),
    "currentPassword": st.just(PASSWORD),
    "newPassword": st.just(PASSWORD),
    "email": st.sampled_from(["ada@example.org", "ben@example.org", "nobody@example.org"]),
    "timezone": st.sampled_from(["UTC", "America/St_Johns", "Pacific/Kiritimati", "Nowhere/Else"]),
    "locale": st.sampled_from(["en", "de-AT", "xx-"]),
    "contentType": st.sampled_from(["image/png", "image/jpeg", "text/html"]),
    "idempotencyKey": st.integers(0, 40).map(lambda number: f"the key {number}"),
    "startsOn": _days(3).map(lambda day: str(day.date())),
    "endsOn": _days(9).map(lambda day: str(day.date())),
    "date": _days(400).map(lambda day: str(day.date())),
    "from": _days(400).map(lambda day: str(day.date())),
    "to": _days(400).map(lambda day: str(day.date())),
    "startedAt": st.integers(0, 4_000).map(lambda ago: (datetime.now(UTC) - timedelta(minutes=ago)).isoformat()),
    "durationSeconds": st.integers(1, 7_200),
    "distanceMeters": st.integers(1, 9_000),
    "steps": st.integers(0, 9_000),
    "expectedVersion": st.integers(1, 4),
    "first": st.integers(1, 20),
    "zoom": st.integers(0, 20),
    "maxMembers": st.integers(2, 50),
    "maxUses": st.integers(1, 3),
    "expiresInHours": st.integers(1, 100),
    "graceHours": st.integers(0, 72),
    "strideMeters": st.floats(0.3, 2),
}


@dataclass
class Known:
    """Values of earlier answers: ids by their kind, codes, cursors, tokens."""

    ids: dict[str, list[str]] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def learn(self, value: Any, name: str = "") -> None:
        """Record the values of an answer."""
        if isinstance(value, dict):
            for key, inner in value.items():
                self.learn(inner, key)
        elif isinstance(value, list):
            for inner in value:
                self.learn(inner, name)
        elif isinstance(value, str):
            found = IDS.fullmatch(value)
            kept = self.ids.setdefault(found[1], []) if found else self.texts.setdefault(name, [])
            if value not in kept and (found or name in LEARNED):
                kept.append(value)

    def fitting(self, name: str, is_id: bool) -> list[str]:
        """Return the known values for an argument or input field."""
        if is_id:
            return self.ids.get(name.removesuffix("Id")) or [id for ids in self.ids.values() for id in ids]
        names = {"after": ("endCursor", "cursor"), "confirmName": ("name",), "name": ()}.get(name, (name,))
        return [text for key in names for text in self.texts.get(key, ())]


@cache
def made(root: str, *, allow_null: bool = True) -> Strategy:
    """Return documents with one root field, with nulls for optional values."""
    from hypothesis_graphql import mutations, nodes, queries

    text = st.sampled_from(["2026-11-30", "2026-11-30T09:00:00Z", "ada@example.org", "{}", "http://a.example", ""])
    scalars = {name: text.map(nodes.String) for name in SCHEMA.type_map if name.startswith("AWS")}
    assert SCHEMA.query_type, "there is one"
    of = queries if root in SCHEMA.query_type.fields else mutations
    strategy: Strategy = of(
        SCHEMA, fields=[root], custom_scalars=scalars, allow_null=allow_null, print_ast=lambda document: document
    )
    return strategy


class Filling(Visitor):
    """Replaces most generated values by fitting ones, and selects values that later operations need."""

    def __init__(self, info: TypeInfo, known: Known, draw: Draw) -> None:
        super().__init__()
        self._info, self._known, self._draw = info, known, draw

    def enter_argument(self, node: ArgumentNode, *_: Any) -> VisitorAction | ArgumentNode:
        """Replace its value."""
        value = self._value(node.name.value)
        return None if value is None else ArgumentNode(name=node.name, value=value)

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> VisitorAction | ObjectFieldNode:
        """Replace its value."""
        value = self._value(node.name.value)
        return None if value is None else ObjectFieldNode(name=node.name, value=value)

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> VisitorAction | SelectionSetNode:
        """Select all ids and codes."""
        kind = self._info.get_parent_type()
        fields = getattr(kind, "fields", {})
        wanted = [name for name in ALWAYS if name == "__typename" or (name in fields and not fields[name].args)]
        has = {
            one.alias.value if one.alias else one.name.value for one in node.selections if isinstance(one, FieldNode)
        }
        if not is_composite_type(kind) or kind in (SCHEMA.query_type, SCHEMA.mutation_type):
            return None
        more = [FieldNode(name=NameNode(value=name)) for name in wanted if name not in has]
        return SelectionSetNode(selections=(*node.selections, *more))

    def _value(self, name: str) -> ValueNode | None:
        """Return a value; the draws depend on the document alone, so that Hypothesis can repeat and shorten it."""
        kind = self._info.get_input_type()
        if kind is None:
            return None
        pick, count = self._draw(st.integers(0, 7)), self._draw(st.integers(0, 999))
        good = self._draw(GOOD[name]) if name in GOOD else None
        if pick == 7:
            return None
        known = self._known.fitting(name, get_named_type(kind).name == "ID")
        if known and (good is None or pick > 2):
            several = is_list_type(kind.of_type if is_non_null_type(kind) else kind)
            good = [known[(count + n) % len(known)] for n in range(pick + 1)] if several else known[count % len(known)]
        elif name == "name" and pick:
            good = f"{good} {next(_numbers)}"  # no two teams have a name in common
        return None if good is None else ast_from_value(good, kind)


def filled(document: DocumentNode, known: Known, draw: Draw) -> DocumentNode:
    """Return the document with known values put into it."""
    info = TypeInfo(SCHEMA)
    changed: DocumentNode = visit(document, TypeInfoVisitor(info, Filling(info, known, draw)))
    return changed
