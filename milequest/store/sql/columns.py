"""Columns of a query that fill a dataclass, each given by its field's name, so that their order does not matter."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeAlias, TypeVar

import asyncpg

T = TypeVar("T")
Row: TypeAlias = asyncpg.Record | Sequence[Any]


class Columns(Generic[T]):
    """SQL expressions of a dataclass's fields, and the conversion of a row into the dataclass.

    A field is an SQL expression, the columns of a dataclass of its own, or None: then its value is given to `from_row`.
    A dataclass that is `optional` is None where its first column is NULL. Raises TypeError unless each field is given.
    """

    def __init__(self, kind: type[T], /, *, optional: bool = False, **columns: "str | Columns[Any] | None") -> None:
        names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # of a dataclass, as all are
        if columns.keys() != set(names):
            raise TypeError(f"{kind.__name__} has other fields than these columns: {columns.keys() ^ set(names)}")
        self._kind = kind
        self._optional = optional
        self._parts = [(name, columns[name]) for name in names]
        self._is_plain = all(isinstance(part, str) for _, part in self._parts)
        self.width: int = sum(part.width if isinstance(part, Columns) else part is not None for _, part in self._parts)

    def __str__(self) -> str:
        return ", ".join(str(part) for _, part in self._parts if part is not None)

    def from_row(self, row: Row, start: int = 0, /, **known: object) -> T:
        """Return the dataclass in a row whose columns from `start` on are these; further columns may follow."""
        if self._is_plain:
            return self._kind(*row[start : start + self.width])
        return self._kind(*self._values(row, start, known))

    def _values(self, row: Row, at: int, known: Mapping[str, object]) -> list[Any]:
        values: list[Any] = []
        for name, part in self._parts:
            if part is None:
                values.append(known[name])
            elif isinstance(part, Columns):
                values.append(None if part._optional and row[at] is None else part.from_row(row, at))
                at += part.width
            else:
                values.append(row[at])
                at += 1
        return values
