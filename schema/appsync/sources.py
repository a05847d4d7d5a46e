"""Serialisation of rows for AppSync: from a parent's resolver to its children's, in JSON beside the visible fields.

AppSync passes the result of a parent's resolver to its children's, keys that are no fields included; clients cannot
change it. So a row is passed under ROW, each value that JSON has no form for with the name of its class.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, get_args, get_type_hints
from uuid import UUID

from schema.rows import ROW_OF_TYPE

ROW = "__row"
CLASS, STATE = "class", "state"

_READ: Mapping[str, Callable[[str], Any]] = {
    "UUID": UUID,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
}


def packed(value: Any) -> Any:
    """Return a row or a value of one as JSON."""
    match value:
        case Enum():
            return {CLASS: _name(type(value)), STATE: value.value}
        case None | bool() | int() | float() | str():
            return value
        case UUID():
            return {CLASS: "UUID", STATE: value.hex}
        case date():
            return {CLASS: type(value).__name__, STATE: value.isoformat()}
        case list() | tuple():
            return [packed(item) for item in value]
        case dict():
            return {CLASS: "dict", STATE: [[packed(key), packed(item)] for key, item in value.items()]}
    assert is_dataclass(value), f"a row has a {type(value).__name__}, which AppSync cannot carry"
    return {
        CLASS: _name(type(value)),
        STATE: {each.name: packed(getattr(value, each.name)) for each in fields(value)},
    }


def restored(given: Any) -> Any:
    """Return the row or value that was packed. Lists become tuples, which rows have."""
    if isinstance(given, list):
        return tuple(restored(item) for item in given)
    if not isinstance(given, dict):
        return given
    name, state = given[CLASS], given[STATE]
    if name in _READ:
        return _READ[name](state)
    if name == "dict":
        return {restored(key): restored(item) for key, item in state}
    kind = known()[name]
    if issubclass(kind, Enum):
        return kind(state)
    return kind(**{key: restored(item) for key, item in state.items()})


@cache
def known() -> Mapping[str, type]:
    """Return the classes that may be packed, by name: those of rows and of their values."""
    found: dict[str, type] = {}
    waiting = list(ROW_OF_TYPE.values())
    while waiting:
        kind = waiting.pop()
        if _name(kind) not in found and (is_dataclass(kind) or issubclass(kind, Enum)):
            found[_name(kind)] = kind
            waiting += [inner for hint in _hints(kind) for inner in _classes(hint)] + kind.__subclasses__()
    return found


def _hints(kind: type) -> list[Any]:
    return list(get_type_hints(kind).values()) if is_dataclass(kind) else []


def _classes(hint: Any) -> Iterator[type]:
    """Yield the classes in an annotation."""
    inner = get_args(hint)
    if isinstance(hint, type) and not inner:
        yield hint
    for one in inner:
        yield from _classes(one)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
