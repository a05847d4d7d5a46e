"""The page docs/errors.md: every code of an error and of a field, out of the code itself."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

from app.reference.errors_prose import CODES, FIELDS, HEAD, RESERVED
from app.reference.markdown import code, table
from milequest.rules.errors import HTTP_STATUS, MAY_PASS, ErrorCode
from milequest.settings import PROJECT

FOLDERS = ("app", "milequest", "resolvers", "schema", "subscriptions")
MAKERS = {"invalid", "FieldFault"}  # whose first arguments are a path and a code
PASSED_ON = {("milequest/rules/errors.py", "code")}  # `invalid` itself hands its argument on


class UnknownCodeError(Exception):
    """A code in the sources cannot be found out, or has no meaning in `errors_prose`."""


def page() -> str:
    """Return the whole page. Raises UnknownCodeError."""
    return HEAD.format(codes=_codes(), fields=_fields())


def field_codes() -> Mapping[str, Set[str]]:
    """Return every code that `fields[].code` may have, with the paths that stand beside it in the sources."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for file in sorted(path for folder in FOLDERS for path in (PROJECT / folder).rglob("*.py")):
        for given, path in _faults(file):
            found[given] |= {path} if path else set()
    return dict(found)


def _codes() -> str:
    if missing := set(ErrorCode) ^ {*CODES, *RESERVED}:
        raise UnknownCodeError(f"{sorted(missing)}: say in app/reference/errors_prose.py what they mean")
    rows = [
        (code(one), str(HTTP_STATUS.get(one, "")), "may be" if one in MAY_PASS else "", CODES[one])
        for one in ErrorCode
        if one in CODES
    ]
    return (
        table(("code", "status", "retryable", "meaning"), rows)
        + f"\nKept for later: {', '.join(map(code, RESERVED))}.\n"
    )


def _fields() -> str:
    found = field_codes()
    if missing := found.keys() ^ FIELDS.keys():
        raise UnknownCodeError(f"{sorted(missing)}: say in app/reference/errors_prose.py what they mean")
    rows = [(code(one), FIELDS[one], ", ".join(map(code, sorted(found[one])))) for one in sorted(found)]
    return table(("`fields[].code`", "meaning", "for instance at"), rows)


def _faults(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the code and the path of each fault of a field that a file makes; a computed path is empty."""
    name, tree = str(file.relative_to(PROJECT)), ast.parse(file.read_text())
    names = {
        target.id: assigned.value
        for assigned in ast.walk(tree)
        if isinstance(assigned, ast.Assign)
        for target in assigned.targets
        if isinstance(target, ast.Name)
    }
    for path, given in _pairs(tree):
        if (name, getattr(given, "id", "")) not in PASSED_ON:
            for text in _texts(given, names, f"{name}:{given.lineno}"):
                yield text, str(path.value) if isinstance(path, ast.Constant) else ""


def _pairs(tree: ast.Module) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
            yield node.args[0], node.args[1]
        elif isinstance(node, ast.Dict):
            given = {
                key.value: value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant)
            }
            if {"path", "code", "message"} <= given.keys():
                yield given["path"], given["code"]


def _texts(node: ast.expr, names: Mapping[str, ast.expr], place: str) -> list[str]:
    """Return the texts that an expression may have: a constant, a name for one, or either of two."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=one, orelse=other):
            return _texts(one, names, place) + _texts(other, names, place)
        case ast.Name(id=name) if name in names:
            return _texts(names[name], names, place)
        case ast.Attribute(attr="code"):
            return []  # an existing fault, shown anew
    raise UnknownCodeError(f"{place}: which code is `{ast.unparse(node)}`?")
