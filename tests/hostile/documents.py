"""Hostile documents and other parts of requests: many forms of large, deep, wide and repeated."""

import json
from collections.abc import Iterator

from graphql import get_introspection_query

from tests.hostile.catalogue import JSON, SIZE, Attack, Raw, document

_HEAD, _, _FRAGMENTS = get_introspection_query().partition("fragment FullType")
_SCHEMA = _HEAD[_HEAD.index("__schema") : _HEAD.rindex("}")]
_FRAGMENTS = f"fragment FullType{_FRAGMENTS}"
TYPENAME = "{ __typename }"


def of_documents() -> Iterator[Attack]:
    """Yield documents that are large in each way a document can be, below and above the limits."""
    for name, text in _documents():
        yield document(f"document: {name}", text)
        yield document(f"document: {name}, twice as large", f"{text} {text.replace('q', 'r')}")


def _documents() -> Iterator[tuple[str, str]]:
    yield from _deep()
    yield from _wide()
    yield from _fragments()
    yield "introspection", f"query q {{ {_SCHEMA} }} {_FRAGMENTS}"
    yield "introspection twice", f"query q {{ one: {_SCHEMA} two: {_SCHEMA} }} {_FRAGMENTS}"
    yield "introspection ten times", f"query q {{ {' '.join(f'n{n}: {_SCHEMA}' for n in range(10))} }} {_FRAGMENTS}"
    types = '__type(name: "Team") { ...FullType }'
    yield "a type thirty times", f"query q {{ {' '.join(f'n{n}: {types}' for n in range(30))} }} {_FRAGMENTS}"
    deep = "fields { type { fields { type { fields { type { fields { name } } } } } } }"
    yield "types of types", f"query q {{ __schema {{ types {{ {deep} }} }} }}"
    yield (
        "fields of types of fields",
        f"query q {{ __schema {{ types {{ fields {{ args {{ type {{ {deep} }} }} }} }} }} }}",
    )


def _deep() -> Iterator[tuple[str, str]]:
    for depth in (12, 100, 3_000):
        yield f"{depth} deep", "query q " + "{ team " * depth + "{ id }" + "}" * depth
        yield f"inline fragments {depth} deep", "query q { " + "... { " * depth + "__typename" + "}" * (depth + 1)
        yield f"lists {depth} deep", f"query q {{ nodes(ids: {'[' * depth}1{']' * depth}) {{ id }} }}"
        yield f"objects {depth} deep", f"query q {{ previewRoute(waypoints: {'{a:' * depth}1{'}' * depth}) {{ id }} }}"
        yield f"a type {depth} deep", f"query q($v: {'[' * depth}Int{']' * depth}) {TYPENAME}"


def _wide() -> Iterator[tuple[str, str]]:
    for count in (150, 320, 10_000):
        numbers = range(count)
        yield f"{count} fields", f"query q {{ {'__typename ' * count} }}"
        yield f"{count} unknown fields", f"query q {{ {' '.join(f'f{n}' for n in numbers)} }}"
        yield f"{count} unknown fields of one beginning", f"query q {{ {' '.join(f'searchTeam{n}' for n in numbers)} }}"
        yield f"{count} unknown arguments", f"query q {{ viewer({' '.join(f'a{n}: 1' for n in numbers)}) {{ id }} }}"
        yield f"{count} directives", f"query q {{ __typename {'@skip(if: true) ' * count} }}"
        yield f"{count} unknown directives", f"query q {{ __typename {'@a ' * count} }}"
        yield f"{count} variables", f"query q({' '.join(f'$v{n}: Int' for n in numbers)}) {TYPENAME}"
        yield f"{count} operations", " ".join(f"query q{n} {TYPENAME}" for n in numbers)
        yield f"{count} operations of one name", f"query q {TYPENAME} " * count
        yield f"{count} items", f"query q {{ nodes(ids: [{' '.join(['1'] * count)}]) {{ id }} }}"
        yield (
            f"{count} keys",
            f"query q {{ previewRoute(waypoints: {{{' '.join(f'k{n}: 1' for n in numbers)}}}) {{ id }} }}",
        )
        yield f"{count} comments", "#\n" * count + f"query q {TYPENAME}"
        yield (
            f"{count} of one field with other arguments",
            "query q { " + " ".join(f'team(id: "{n}") {{ id }}' for n in numbers) + " }",
        )
        yield (
            f"a number of {count} digits",
            f'query q {{ searchTeams(query: "a", first: {"9" * count}) {{ nodes {{ id }} }} }}',
        )
    for what, text in {
        "a name": "a" * 32_000,
        "a wrong name of a type": "T" * 16_000,
        "a text": f'searchTeams(query: "{"a" * 30_000}") {{ nodes {{ id }} }}',
        "escapes": 'searchTeams(query: "' + "\\u0301" * 2_500 + "\\u0316" * 2_500 + '") { nodes { id } }',
        "lines": f'searchTeams(query: """{chr(10) * 30_000}""") {{ nodes {{ id }} }}',
        "an enumeration": f"teamsLeaderboard(period: {'WEE' * 10_000}) {{ id }}",
        "an open text": '"' * 32_001,
        "blanks": " " * 250_000,
        "tokens": "{" * 250_000,
    }.items():
        yield f"{what}, long", f"query q {{ {text} }}"


def _fragments() -> Iterator[tuple[str, str]]:
    for count in (10, 19, 40, 120):
        numbers = range(count)
        several = {n: " ".join(f"...f{m}" for m in range(n + 1, min(n + 8, count))) or "__typename" for n in numbers}
        everyone = " ".join(f"...f{m}" for m in numbers)
        alike = 'teams: searchTeams(query: "a") { nodes { id name members { nodes { id } } } }'
        parts_of = {
            "in a row": [f"...f{n + 1}" if n < count - 1 else "__typename" for n in numbers],
            "in a circle": [f"...f{(n + 1) % count}" for n in numbers],
            "each in several": list(several.values()),
            "each in all": [everyone] * count,
            "alike": [alike] * count,
            "unused": ["__typename"] * count,
        }
        for name, inside in parts_of.items():
            parts = " ".join(f"fragment f{n} on Query {{ {inside[n]} }}" for n in numbers)
            yield f"{count} fragments, {name}", f"query q {{ {everyone if name == 'alike' else '...f0'} }} {parts}"
    teams = " ".join(f'a{n}: team(id: "1") {{ ...f }}' for n in range(30))
    fields = "a: id b: name c: avatarUrl d: version e: memberCount f: timezone g: description h: isPublic"
    yield (
        "a fragment spread often",
        f"query q {{ {teams} }} fragment f on Team {{ {fields} }}",
    )


def of_requests() -> Iterator[Attack]:
    """Yield all other parts of a request: its names, extensions, invalid bodies, and headers."""
    yield document("a long name of an operation", "query q { __typename }", operationName="q" * SIZE)
    yield document(
        "marks as the name", "query q { __typename }", operationName="a" + "\u0301" * 60_000 + "\u0316" * 60_000
    )
    yield document("large variables that nobody asks for", "query q { __typename }", {"a": [1] * (SIZE // 2)})
    yield document(
        "many variables that nobody asks for", "query q { __typename }", {f"v{n}": n for n in range(SIZE // 14)}
    )
    for name, text in {
        "numbers": f"[{'1,' * (SIZE // 2)}1]",
        "lists": f"[{'[],' * (SIZE // 3)}1]",
        "objects": f"[{'{},' * (SIZE // 3)}1]",
        "lists in lists": f"{'[' * 60}{'[1],' * (SIZE // 5)}1{']' * 60}",
        "depth": "[" * 100_000 + "]" * 100_000,
        "depth of objects": '{"a":' * 40_000 + "1" + "}" * 40_000,
        "a number": "9" * SIZE,
        "escapes": '"' + "\\u0041" * (SIZE // 6) + '"',
        "half a pair": '"' + "\\ud800" * (SIZE // 6) + '"',
        "one key often": "{" + ",".join(['"a":1'] * (SIZE // 6)) + "}",
        "keys": "{" + ",".join(f'"key{n}":1' for n in range(SIZE // 14)) + "}",
    }.items():
        yield document(f"extensions: {name}", "query q { __typename }", extensions=Raw(text))
        yield document(f"variables: {name}", "query q { __typename }", {"a": Raw(text)})
        yield Attack(f"body: {name}", text.encode(), (JSON,))
    good = json.dumps({"query": TYPENAME}).encode()
    for name, value in {
        "accept": ("application/json;q=0.1," * 700)[:15_000],
        "accept with parameters": "application/json" + ';a="b"' * 2_000,
        "accept of quotes": '"' * 15_000,
        "accept of semicolons": ";" * 15_000,
        "content-type": "application/json" + ";charset=utf-8" * 1_000,
        "content-type of blanks": "application/json;" + " " * 15_000 + "x",
        "authorization": "Bearer " + "a" * 15_000,
        "authorization of dots": "Bearer " + "." * 15_000,
        "authorization of parts": f"Bearer {'e30' * 1_600}.{'e30' * 1_600}.{'e30' * 1_600}",
        "authorization of blanks": "Bearer" + " " * 15_000 + "x",
        "cookie": "a=b;" * 3_700,
        "forwarded": "for=1.2.3.4," * 1_200,
        "x-forwarded-for": "1.2.3.4," * 1_800,
        "if-none-match": '"a",' * 3_700,
        "last-event-id": "9" * 15_000,
    }.items():
        header = name.partition(" ")[0]
        yield Attack(
            f"header: {name}", good, (("content-type", "application/json"), (header, value))[header == "content-type" :]
        )
