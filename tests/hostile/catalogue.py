"""Hostile requests, made from the schema, so that a new field or input is attacked as soon as it exists."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
    is_enum_type,
    is_required_input_field,
)

from schema.directives import ApiKey

SIZE = 240_000  # bytes of a value: nearly a whole body
ALIASES = 30
JSON = ("content-type", "application/json")
MARKS = "a" + "\u0301" * (SIZE // 4) + "\u0316" * (SIZE // 4)


@dataclass(frozen=True, slots=True)
class Attack:
    """One hostile request."""

    name: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    signed_in: bool = False


@dataclass(frozen=True, slots=True)
class Raw:
    """JSON as it is sent, where no Python value would be written so."""

    text: str


def many(item: str) -> Raw:
    """Return a list of as many items as a body holds."""
    return Raw(f"[{f'{item},' * (SIZE // (len(item) + 1))}{item}]")


def _filter(name: str, value: object) -> dict[str, object]:
    return {"fieldName": name, "operator": "in" if isinstance(value, list) else "eq", "value": value}


TEXTS: dict[str, Any] = {
    "marks": MARKS,
    "short marks": "a" + "\u0301" * 4_000 + "\u0316" * 4_000,
    "marks between letters": ("a" + "\u0301" * 15 + "\u0316" * 15) * 240,
    "letters": "a-" * 8_000,
    "expanding letters": "\ufdfa" * 200,
    "patterns": "%_\\" * 33,
    "blanks": " " * 16_000,
    "digits": "9" * 16_000,
    "an address": "a." * 8_000 + "@" + "b." * 180,
    "at signs": "a@" * 8_000,
    "an instant": "2026-11-30T00:00:00." + "9" * 16_000 + "Z",
    "an address of the web": "http://" + "a/" * 8_000,
    "an id": "team_" + "0" * 16_000,
    "lists in JSON": "[" * 16_000,
    "objects in JSON": '{"a":' * 3_000,
    "a filter's names": json.dumps({"filterGroup": [{"filters": [_filter("a." * 900 + "a", 1)] * 2}]}),
    "a filter's values": json.dumps({"filterGroup": [{"filters": [_filter("a", [1] * 1_300)]}]}),
    "filters": json.dumps({"filterGroup": [{"filters": [_filter("a", 1)] * 70}]}),
    "a cursor of digits": base64.urlsafe_b64encode(b"9" * 12_000).decode(),
    "a cursor of parts": base64.urlsafe_b64encode(b"\0" * 12_000).decode(),
    "a list": many('"a"'),
}
WORDS = (
    "marks",
    "short marks",
    "marks between letters",
    "letters",
    "expanding letters",
    "patterns",
    "blanks",
    "digits",
)
OF_KIND = {
    "String": WORDS,
    "ID": ("short marks", "an id", "a list"),
    "Boolean": ("letters",),
    "AWSEmail": ("marks", "short marks", "an address", "at signs", "blanks"),
    "AWSDate": ("short marks", "digits"),
    "AWSDateTime": ("short marks", "an instant"),
    "AWSURL": ("short marks", "an address of the web"),
    "AWSJSON": ("letters", "lists in JSON", "objects in JSON", "a filter's names", "a filter's values", "filters"),
}
CURSORS = ("a cursor of digits", "a cursor of parts", "short marks")
NUMBERS: dict[str, Any] = {
    "a long number": Raw("9" * SIZE),
    "text": "9" * SIZE,
    "a list": many("1"),
}
LISTS: dict[str, Any] = {"numbers": many("1"), "objects": many("{}"), "texts": many('"team_' + "0" * 32 + '"')}
OBJECTS: dict[str, Any] = {
    "unknown keys": Raw("{" + ",".join(f'"key{number}":1' for number in range(SIZE // 14)) + "}"),
    "a list": many("{}"),
}
GOOD = {"Boolean": True, "Int": 5, "Float": 1.5, "AWSDate": "2026-11-30", "AWSDateTime": "2026-11-30T09:00:00Z"}
GOOD_TEXTS = {
    "email": "nobody@example.org",
    "password": "Correct-Horse-1",
    "contentType": "image/png",
    "timezone": "UTC",
}


def of_fields(schema: GraphQLSchema) -> Iterator[Attack]:
    """Yield each argument and input field of each root field with each hostile value of its kind."""
    for kind, root in (
        ("query", schema.query_type),
        ("mutation", schema.mutation_type),
        ("subscription", schema.subscription_type),
    ):
        for name, field in root.fields.items() if root else ():
            for argument in field.args:
                for where, hostile in _hostile(argument, field.args[argument].type):
                    values = _good(field) | {argument: hostile}
                    yield attack(f"{kind} {name}: {where}", kind, name, field, values)


def of_aliases(schema: GraphQLSchema) -> Iterator[Attack]:
    """Yield each root field thirty times over, with valid variables, and the longest text that variables may hold."""
    for kind, root in (("query", schema.query_type), ("mutation", schema.mutation_type)):
        for name, field in root.fields.items() if root else ():
            yield attack(f"{kind} {name}, {ALIASES} times", kind, name, field, _good(field), ALIASES)
            for argument in field.args:
                if get_named_type(field.args[argument].type).name == "String":
                    values = _good(field) | {argument: MARKS[:8_000] + MARKS[-8_000:]}
                    yield attack(
                        f"{kind} {name}, {ALIASES} times, {argument}: marks", kind, name, field, values, ALIASES
                    )


def attack(
    name: str, kind: str, field_name: str, field: GraphQLField, values: dict[str, Any], times: int = 1
) -> Attack:
    """Return a request for a root field, `times` times under as many aliases."""
    declared = ", ".join(f"${argument}: {field.args[argument].type}" for argument in values)
    given = ", ".join(f"{argument}: ${argument}" for argument in values)
    call = f"{field_name}({given})" if given else field_name
    if is_composite_type(get_named_type(field.type)):
        call += " { __typename }"
    calls = " ".join(f"a{number}: {call}" for number in range(times))
    made = document(name, f"{kind} {f'({declared})' if declared else ''} {{ {calls} }}", values)
    is_open = any(isinstance(rule, ApiKey) for rule in field.extensions["strawberry-definition"].directives)
    accept = "text/event-stream" if kind == "subscription" else "application/json"
    return replace(made, signed_in=not is_open, headers=(JSON, ("accept", accept)))


def document(name: str, text: str, values: dict[str, Any] | None = None, **others: Any) -> Attack:
    """Return a request of a document."""
    parts = {"query": text, "variables": values or {}} | others
    return Attack(
        name, ("{" + ",".join(f"{json.dumps(key)}:{written(part)}" for key, part in parts.items()) + "}").encode()
    )


def written(value: Any) -> str:
    """Return the value as JSON, short and in UTF-8."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list) and value and isinstance(value[0], dict | list | Raw):
        return "[" + ",".join(written(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _hostile(path: str, kind: GraphQLInputType, most_deep: int = 3) -> Iterator[tuple[str, Any]]:
    """Yield hostile values of an input, each with its path, in otherwise valid values."""
    if isinstance(kind, GraphQLNonNull):
        yield from _hostile(path, kind.of_type, most_deep)
    elif isinstance(kind, GraphQLList):
        yield from ((f"{path} = {name}", value) for name, value in LISTS.items())
        yield from ((where, [value]) for where, value in _hostile(f"{path}[]", kind.of_type, most_deep))
    elif isinstance(kind, GraphQLInputObjectType):
        yield from ((f"{path} = {name}", value) for name, value in OBJECTS.items())
        around = _good_value(path, kind)
        for name, field in kind.fields.items() if most_deep else ():
            for where, value in _hostile(f"{path}.{name}", field.type, most_deep - 1):
                yield where, around | {name: value}
    else:
        values = NUMBERS if kind.name in ("Int", "Float") else TEXTS
        some = OF_KIND.get(kind.name, ("letters", "a list") if is_enum_type(kind) else tuple(values))
        some = CURSORS if path == "after" else some
        yield from ((f"{path} = {name}", values[name]) for name in some)


def _good(field: GraphQLField) -> dict[str, Any]:
    return {
        name: _good_value(name, argument.type)
        for name, argument in field.args.items()
        if isinstance(argument.type, GraphQLNonNull)
    }


def _good_value(name: str, kind: GraphQLInputType) -> Any:
    if isinstance(kind, GraphQLNonNull):
        return _good_value(name, kind.of_type)
    if isinstance(kind, GraphQLList):
        return [_good_value(name, kind.of_type)]
    if isinstance(kind, GraphQLInputObjectType):
        return {
            key: _good_value(key, field.type) for key, field in kind.fields.items() if is_required_input_field(field)
        }
    if is_enum_type(kind):
        return next(iter(kind.values))
    if kind.name == "ID":
        return f"{name.removesuffix('Id') if name.endswith('Id') else 'team'}_{'0' * 32}"
    return GOOD.get(kind.name, GOOD_TEXTS.get(name, "nobody@example.org" if kind.name == "AWSEmail" else "Something"))
