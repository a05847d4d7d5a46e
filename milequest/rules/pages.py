"""Pages of a connection: their size and start. A cursor holds the whole sort key, so pages never skip or repeat.

A cursor is opaque to clients: base64url of the key's parts.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, TypeVar
from uuid import UUID

from milequest.rules.errors import ValidationError, invalid
from milequest.rules.instants import from_microseconds, microseconds
from milequest.rules.text import whole

T = TypeVar("T")

DEFAULT_FIRST = 20
MAX_FIRST = 50

Part = int | str | datetime | UUID


def page_size(first: int | None, *, default: int = DEFAULT_FIRST, maximum: int = MAX_FIRST) -> int:
    """Return the size of a page. Raises VALIDATION_ERROR outside 1 to `maximum`."""
    return default if first is None else whole("first", first, 1, maximum)


def encode_cursor(*parts: Part) -> str:
    """Return the cursor of a sort key."""
    text = "\0".join(_written(part) for part in parts)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _written(part: Part) -> str:
    if isinstance(part, datetime):
        return str(microseconds(part))
    return part.hex if isinstance(part, UUID) else str(part)


def decode_cursor(cursor: str | None, *kinds: type[Part]) -> tuple[Any, ...] | None:
    """Return the sort key of a cursor, one part of each of `kinds`; None without a cursor. Raises VALIDATION_ERROR."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return tuple(_read(part, kind) for part, kind in zip(text.split("\0"), kinds, strict=True))
    except (ValueError, binascii.Error, OverflowError):
        raise bad_cursor() from None


def _read(text: str, kind: type[Part]) -> Part:
    if kind is datetime:
        return from_microseconds(int(text))
    if kind is int and abs(int(text)) >= 2**63:
        raise ValueError("beyond a bigint")
    return kind(text)  # type: ignore[arg-type, call-arg]  # each of the other kinds takes a string


def bad_cursor() -> ValidationError:
    """Return the refusal of a cursor this API did not issue for this list."""
    return invalid("after", "MALFORMED", "not a cursor of this list")


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Position of a page in its list. Lists go forward only."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True, slots=True)
class Edge(Generic[T]):
    """One item and its cursor."""

    cursor: str
    node: T


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some items of a list. Cursors are made only when they are selected."""

    nodes: Sequence[T]
    has_next: bool
    has_previous: bool
    cursor_of: Callable[[T], str]
    total_count: int | None = None

    @cached_property
    def edges(self) -> list[Edge[T]]:
        """The items with their cursors."""
        return [Edge(self.cursor_of(node), node) for node in self.nodes]

    @cached_property
    def page_info(self) -> PageInfo:
        """The page's position in its list."""
        first = self.cursor_of(self.nodes[0]) if self.nodes else None
        last = self.cursor_of(self.nodes[-1]) if self.nodes else None
        return PageInfo(self.has_next, self.has_previous, first, last)


def page_of(
    rows: Sequence[T], size: int, after: object, cursor_of: Callable[[T], str], total_count: int | None = None
) -> Page[T]:
    """Return a page from `rows`, of which one more than `size` was read to learn whether another page follows."""
    return Page(rows[:size], len(rows) > size, after is not None, cursor_of, total_count)
