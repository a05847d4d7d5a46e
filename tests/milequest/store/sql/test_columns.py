"""Columns fill fields by their names, in whatever order either is written."""

from dataclasses import dataclass
from typing import Any

import pytest

from milequest.store.sql.columns import Columns


@dataclass(frozen=True)
class Owner:
    id: int
    name: str


@dataclass(frozen=True)
class Boat:
    length: int
    owner: Owner | None
    kind: str


OWNER = Columns(Owner, name="o.name", id="o.id")
BOAT = Columns(Boat, kind="b.kind", owner=OWNER, length="b.length")


def test_columns_stand_in_the_order_of_the_fields_whatever_that_of_their_names() -> None:
    assert str(BOAT) == "b.length, o.id, o.name, b.kind"
    assert BOAT.from_row((7, 1, "Ann", "sloop")) == Boat(7, Owner(1, "Ann"), "sloop")


def test_row_with_further_columns_before_and_behind_is_read_from_its_start() -> None:
    assert BOAT.from_row(("key", 7, 1, "Ann", "sloop", True), 1) == Boat(7, Owner(1, "Ann"), "sloop")
    assert OWNER.from_row(("key", 1, "Ann", True), 1) == Owner(1, "Ann")


def test_optional_part_is_none_where_its_first_column_is_null() -> None:
    maybe = Columns(
        Boat, kind="b.kind", length="b.length", owner=Columns(Owner, optional=True, id="o.id", name="o.name")
    )
    assert maybe.from_row((7, None, None, "sloop")) == Boat(7, None, "sloop")


def test_field_without_a_column_has_the_given_value() -> None:
    known = Columns(Boat, kind="b.kind", length="b.length", owner=None)
    assert str(known) == "b.length, b.kind"
    assert known.from_row((7, "sloop"), owner=Owner(1, "Ann")) == Boat(7, Owner(1, "Ann"), "sloop")


@pytest.mark.parametrize("columns", [{"id": "id"}, {"id": "id", "name": "name", "nmae": "name"}])
def test_columns_of_other_names_than_the_fields_are_refused(columns: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="Owner has other fields"):
        Columns(Owner, **columns)
