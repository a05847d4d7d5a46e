"""Documents that select everything, made from the schema, and the content of their answers."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from graphql import GraphQLField, GraphQLInterfaceType, GraphQLNonNull, GraphQLObjectType, get_named_type, is_leaf_type

from milequest.rules.access import TeamPart
from milequest.rules.identity import IdentityKind
from schema.build import build
from tests.policy.table import FIELDS, Row
from tests.policy.world import Subject, TeamOf

SCHEMA = build()._schema
NODE = SCHEMA.type_map["Node"]
assert isinstance(NODE, GraphQLInterfaceType)
NODES: Mapping[str, GraphQLObjectType] = {kind.name: kind for kind in SCHEMA.get_possible_types(NODE)}
TEXTS = ("name", "code", "addressed")  # the variables that are no ids
ROWS: Mapping[tuple[str, str], Row] = {
    (owner, name): row for owner, rows in FIELDS.items() for names, row in rows.items() for name in names.split()
}
HOW_TO = """has no row in tests/policy/table.py. Say there what of a team it takes to see it (a TeamPart), or whose
it is (Of.ALL, Of.OWN, Of.HOLDER); for an operation also who may ask, and with which arguments the test asks."""


REFUSED = {IdentityKind.ANONYMOUS: "UNAUTHENTICATED", IdentityKind.LAMBDA: "FORBIDDEN"}


@cache
def everything(kind: Any) -> str:
    """Return all selections of a type, with the fragments it needs: of nodes below it their cards."""
    return " ".join(_fields(kind)) if not is_leaf_type(kind) else ""


def document(roots: str, *fragments: str, operation: str = "query") -> str:
    """Return an operation of these root fields with the variables they name, and the fragments that are needed."""
    named = dict.fromkeys(re.findall(r"\$(\w+)", roots))
    taken = ", ".join(f"${name}: {'String!' if name in TEXTS else 'ID!'}" for name in named)
    body, needed = f"{operation} {f'({taken})' if taken else ''} {{ {roots} }}", dict[str, str]()
    texts = [roots, *fragments]
    while texts:
        for name in re.findall(r"\.\.\.(\w+)Card", texts.pop()):
            if name not in needed:
                needed[name] = f"fragment {name}Card on {name} {{ __typename {' '.join(_card(NODES[name]))} }}"
                texts.append(needed[name])
    return " ".join([body, *fragments, *needed.values()])


def variables_of(text: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Return the ids that a document takes."""
    return {name: id for name, id in ids.items() if f"${name}:" in text}


def _fields(kind: Any) -> Iterator[str]:
    """Yield all fields of a type, and of those below it that are no nodes."""
    yield "__typename"
    if isinstance(kind, GraphQLInterfaceType):
        yield from (f"... on {one.name} {{ ...{one.name}Card }}" for one in SCHEMA.get_possible_types(kind))
        return
    for name, one in kind.fields.items():
        if any(isinstance(given.type, GraphQLNonNull) for given in one.args.values()):
            continue
        inner = get_named_type(one.type)
        if is_leaf_type(inner):
            yield name
        elif isinstance(inner, GraphQLObjectType) and inner.name in NODES and inner.name != "Leaderboard":
            yield f"{name}{_first(one)} {{ ...{inner.name}Card }}"
        else:
            yield f"{name}{_first(one)} {{ {everything(inner)} }}"


def _card(kind: GraphQLObjectType) -> Iterator[str]:
    """Yield the plain fields of a node, and the people and the running goal it names."""
    for name, one in kind.fields.items():
        inner = get_named_type(one.type)
        if is_leaf_type(inner) and not one.args:
            yield name
        elif inner.name == "User" or name == "activeGoal":
            yield f"{name} {{ ...{inner.name}Card }}"


def _first(one: GraphQLField) -> str:
    return "(first: 9)" if "first" in one.args else ""


@dataclass
class Shown:
    """Data of one team shown to one viewer; `faults` are fields the table hides, or lacks."""

    team: TeamOf
    who: str
    fields: set[tuple[str, str]] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def look(self, value: Any) -> None:
        """Check an answer. The viewer's own data is skipped."""
        if isinstance(value, list):
            for item in value:
                self.look(item)
        elif isinstance(value, dict):
            self._object(value)

    def _object(self, value: Mapping[str, Any]) -> None:
        kind, id = value.get("__typename"), value.get("id")
        if kind in NODES and kind not in ("Leaderboard", "RouteTemplate"):
            subject = self.team.subjects.get(str(id))
            if subject is None or not self.team.sees(subject, self.who):
                self.faults.append(f"{kind} {id} was shown")
            elif self.team.owns(subject, self.who):
                return
        for name, inner in value.items():
            row = ROWS.get((kind or "", name))
            if isinstance(row, TeamPart) and inner is not None and inner != []:
                self.fields.add((kind or "", name))
                if not self.team.sees(row, self.who):
                    self.faults.append(f"{kind}.{name} was shown")
            self.look(inner)

    def search(self, text: str) -> None:
        """Search a text, cursors included, for data hidden from the viewer."""
        found = text + "".join(_decoded(text))
        for secret, subject in self.team.secrets.items():
            if secret in found and not self.team.sees(subject, self.who):
                self.faults.append(f"{secret!r} can be read")

    def missing(self) -> list[str]:
        """Return the fields that the table shows, and no answer did."""
        expected = {at for at, row in ROWS.items() if isinstance(row, TeamPart) and self.team.sees(row, self.who)}
        return [f"{owner}.{name} was not shown" for owner, name in sorted(expected - self.fields)]


def _decoded(text: str) -> Iterator[str]:
    """Yield the content of the cursors in a text."""
    for word in re.findall(r'"([\w-]{8,}=*)"', text, re.ASCII):
        try:
            yield base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue


__all__ = ["NODES", "ROWS", "SCHEMA", "Shown", "Subject", "document", "everything", "variables_of"]
