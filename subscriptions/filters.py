"""A subscriber's filter: AppSync's enhanced filter JSON, checked and compiled once, then applied to each event.

    {"filterGroup": [{"filters": [{"fieldName": "goal.title", "operator": "beginsWith", "value": "Rome"}, …]}, …]}

An event passes when all conditions of any one group hold. Values are compared with those of their own kind only:
numbers with numbers, strings with strings (by code point), and true is not 1. For null or absent only `eq null` and the
negated operators hold (ne with a value, notContains, notIn). Each of these is the exact opposite of its positive one.

Wider than AppSync's: a field may stand below a list, where any item may satisfy the condition; names may be nested to
any depth; there are as many conditions and values as MAX_BYTES of JSON hold.
"""

import json
import math
import operator
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import Any, Final, NamedTuple

from milequest.rules.errors import ValidationError, invalid

MAX_BYTES: Final = 4096  # of the filter as compact JSON in UTF-8

Read = Callable[[str], Sequence[object]]
_Test = Callable[[object], bool]  # of one value that was read

_FIELD_NAME = re.compile(r"[_A-Za-z]\w*(\.[_A-Za-z]\w*)*", re.ASCII)
_ABSENT = (None,)


@dataclass(frozen=True, slots=True)
class _Condition:
    field_name: str
    test: _Test
    negated: bool

    def holds(self, read: Read) -> bool:
        return any(map(self.test, read(self.field_name) or _ABSENT)) is not self.negated


@dataclass(frozen=True, slots=True)
class Filter:
    """A checked filter. Filters of the same JSON are equal, whatever the order of its keys.

    `text` is the filter as compact JSON with sorted keys, `field_names` all names it reads: `goal.title`.
    """

    text: str
    field_names: frozenset[str] = field(compare=False)
    _groups: Sequence[Sequence[_Condition]] = field(compare=False, repr=False)

    def matches(self, read: Read) -> bool:
        """Return whether an event passes; `read` gives the event's values of a field, and is called only when needed.

        `read(field_name)` gets one of `field_names` and returns values as JSON decodes to (no tuples, no dates):
          - one value if the path to the field passes no list. A field that is a list itself is one value, a list;
          - one value per item if the path passes a list, nested lists flattened;
          - None for a null or an absent field, also where the path ends early. It may be omitted instead, which differs
            below a list only: `eq null` matches a None among other values, not an omitted one.
        """
        return any(all(condition.holds(read) for condition in group) for group in self._groups)


def parse(document: object, path: str = "filter") -> Filter:
    """Return the filter that `document`, decoded JSON, describes.

    Raises VALIDATION_ERROR at the exact place, `filter.filterGroup[0].filters[1].operator`. Codes: TOO_LONG, UNKNOWN (a
    key, an operator), REQUIRED (a key is missing), EMPTY (a list, a field name), MALFORMED (all else).
    """
    text = _compact(document, path)
    (groups,) = _values(document, ("filterGroup",), path)
    compiled = tuple(_group(group, at) for group, at in _items(groups, f"{path}.filterGroup"))
    names = frozenset(condition.field_name for group in compiled for condition in group)
    return Filter(text, names, compiled)


def _compact(document: object, path: str) -> str:
    """Return the document as compact JSON. Raises VALIDATION_ERROR above MAX_BYTES."""
    try:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError):  # no JSON, lone surrogates, nested too deeply
        raise _malformed(path, "must be valid JSON") from None
    if size > MAX_BYTES:
        raise invalid(path, "TOO_LONG", f"must have at most {MAX_BYTES} bytes as compact JSON", high=MAX_BYTES)
    return text


def _group(value: object, path: str) -> Sequence[_Condition]:
    (filters,) = _values(value, ("filters",), path)
    return tuple(_condition(item, at) for item, at in _items(filters, f"{path}.filters"))


def _condition(value: object, path: str) -> _Condition:
    name, chosen, wanted = _values(value, ("fieldName", "operator", "value"), path)
    known = _OPERATORS.get(chosen) if isinstance(chosen, str) else None
    if known is None:
        raise invalid(f"{path}.operator", "UNKNOWN", f"must be one of {', '.join(_OPERATORS)}")
    field_name = _field_name(name, f"{path}.fieldName")
    return _Condition(field_name, known.test(known.accept(wanted, f"{path}.value")), known.negated)


def _field_name(value: object, path: str) -> str:
    if value == "":
        raise invalid(path, "EMPTY", "must name a field")
    if not isinstance(value, str) or not _FIELD_NAME.fullmatch(value):
        raise _malformed(path, "must be a field's name, with dots between nested names: goal.title")
    return value


def _values(value: object, keys: Sequence[str], path: str) -> list[object]:
    """Return the values of exactly these keys, in this order. Raises VALIDATION_ERROR for any other shape."""
    if not isinstance(value, dict):
        raise _malformed(path, f"must be an object of {', '.join(keys)}")
    for key in value:
        if key not in keys:
            raise invalid(f"{path}.{key}", "UNKNOWN", f"the allowed keys are {', '.join(keys)}")
    for key in keys:
        if key not in value:
            raise invalid(f"{path}.{key}", "REQUIRED", "must be given")
    return [value[key] for key in keys]


def _items(value: object, path: str) -> Iterator[tuple[object, str]]:
    """Yield each item of a non-empty list with its path. Raises VALIDATION_ERROR for anything else."""
    if not isinstance(value, list):
        raise _malformed(path, "must be a list")
    if not value:
        raise invalid(path, "EMPTY", "must have at least one item")
    for index, item in enumerate(value):
        yield item, f"{path}[{index}]"


def _malformed(path: str, message: str) -> ValidationError:
    return invalid(path, "MALFORMED", message)


# Checks of a condition's `value`: each returns it as its operator's test expects it, or raises at `path`.

_KINDS: Final[Mapping[type, str]] = {NoneType: "null", bool: "true or false", float: "a finite number", str: "a string"}


def _kind(value: object) -> type:
    """Return the kind of a value; only values of one kind are compared. All numbers are one kind; a bool is not one."""
    if isinstance(value, str):
        return str
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float
    return type(value)


def _one_of(*kinds: type) -> Callable[[object, str], object]:
    def accept(value: object, path: str) -> object:
        if _kind(value) not in kinds or (isinstance(value, float) and not math.isfinite(value)):
            raise _malformed(path, f"must be {' or '.join(_KINDS[kind] for kind in kinds)}")
        return value

    return accept


_scalar = _one_of(NoneType, bool, float, str)
_orderable = _one_of(float, str)
_string = _one_of(str)


def _several(value: object, path: str) -> Sequence[object]:
    return [_orderable(item, at) for item, at in _items(value, path)]


def _range(value: object, path: str) -> Sequence[object]:
    pair = _several(value, path)
    if len(pair) != 2 or _kind(pair[0]) is not _kind(pair[1]):
        raise _malformed(path, "must be two numbers or two strings, lowest and highest")
    return pair


# Tests of an event's value: each function compiles the wanted value to a test.


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[object], _Test]:
    def compiled(wanted: object) -> _Test:
        kind = _kind(wanted)
        return lambda value: _kind(value) is kind and compare(value, wanted)

    return compiled


_equal = _compared(operator.eq)


def _member(wanted: Collection[object]) -> _Test:
    known = frozenset(wanted)
    return lambda value: _kind(value) in (float, str) and value in known


def _containing(wanted: object) -> _Test:
    same = _equal(wanted)

    def test(value: object) -> bool:
        if isinstance(value, str):
            return isinstance(wanted, str) and wanted in value
        return isinstance(value, list) and any(map(same, value))

    return test


def _beginning(wanted: str) -> _Test:
    return lambda value: isinstance(value, str) and value.startswith(wanted)


def _between(wanted: Sequence[Any]) -> _Test:
    low, high = wanted
    kind = _kind(low)
    return lambda value: _kind(value) is kind and low <= value <= high


def _sharing(wanted: Collection[object]) -> _Test:
    member = _member(wanted)
    return lambda value: isinstance(value, list) and any(map(member, value))


class _Operator(NamedTuple):
    accept: Callable[[object, str], Any]
    test: Callable[[Any], _Test]
    negated: bool = False


_OPERATORS: Final[Mapping[str, _Operator]] = {
    "eq": _Operator(_scalar, _equal),
    "ne": _Operator(_scalar, _equal, negated=True),
    "le": _Operator(_orderable, _compared(operator.le)),
    "lt": _Operator(_orderable, _compared(operator.lt)),
    "ge": _Operator(_orderable, _compared(operator.ge)),
    "gt": _Operator(_orderable, _compared(operator.gt)),
    "contains": _Operator(_orderable, _containing),
    "notContains": _Operator(_orderable, _containing, negated=True),
    "beginsWith": _Operator(_string, _beginning),
    "in": _Operator(_several, _member),
    "notIn": _Operator(_several, _member, negated=True),
    "between": _Operator(_range, _between),
    "containsAny": _Operator(_several, _sharing),
}
