"""The page docs/data-model.md: diagrams and columns of all tables, out of SQLAlchemy's metadata."""

import inspect
from collections.abc import Iterator, Sequence
from importlib import import_module

from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from app.reference.markdown import code, table
from milequest.store.sql import tables
from milequest.store.sql.tables.base import metadata

HEAD = """\
# Data model

Every table of PostgreSQL, out of `milequest/store/sql/tables/`. `make reference` writes this page; `make check`
compares, and a test compares the tables with what the migrations make. Ids are UUIDs that rise with time,
distances whole millimetres, instants UTC; the API has prefixes before ids, and metres. Nothing here reads the
database's clock.

A line is a foreign key, with its columns' names: each row of the table with the fork belongs to one of the
other table, or to none where that end has a ring. Tables without a line are in the sections below alone.

"""
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own has no annotation
MODULES = tuple(name for name in tables.__all__ if name != "metadata")


def page() -> str:
    """Return the whole page."""
    return HEAD + _overview() + "".join(_section(name) for name in MODULES)


def _overview() -> str:
    return _diagram(sorted(line for one in metadata.sorted_tables for line in _lines(one)))


def _section(name: str) -> str:
    module = import_module(f"milequest.store.sql.tables.{name}")
    ours = [one for one in vars(module).values() if isinstance(one, Table)]
    title = name.replace("_", " ").capitalize()
    parts = [_columns(one) for one in ours]
    return f"\n## {title}\n\n{inspect.getdoc(module)}\n\n{_detailed(ours)}{''.join(parts)}"


def _detailed(ours: Sequence[Table]) -> str:
    """Return the diagram of some tables with their columns, and of what they refer to without."""
    return _diagram([line for one in ours for line in _entity(one)] + [line for one in ours for line in _lines(one)])


def _diagram(lines: Sequence[str]) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f"```mermaid\nerDiagram\n{body}```\n"


def _entity(one: Table) -> Iterator[str]:
    yield f"{one.name} {{"
    for column in one.columns:
        yield f"    {_type(column).split('(')[0].replace(' ', '_')} {column.name} {_keys(column)}".rstrip()
    yield "}"


def _lines(one: Table) -> Iterator[str]:
    """Yield a line for each foreign key, in the order of their columns."""
    for key in sorted(one.foreign_key_constraints, key=lambda key: list(key.column_keys)):
        columns = [one.columns[name] for name in key.column_keys]
        is_only = [column.name for column in columns] == [column.name for column in one.primary_key.columns]
        left = "|o" if any(column.nullable for column in columns) else "||"
        right = "o|" if is_only or all(column.unique for column in columns) else "o{"
        yield f'{key.referred_table.name} {left}--{right} {one.name} : "{", ".join(key.column_keys)}"'


def _keys(column: Column[object]) -> str:
    keys = ["PK"] * column.primary_key + ["FK"] * bool(column.foreign_keys)
    return ", ".join(keys)


def _columns(one: Table) -> str:
    rows = [
        (code(column.name), _type(column), "" if column.nullable else "yes", _target(column), column.comment or "")
        for column in one.columns
    ]
    return f"\n### {code(one.name)}\n\n" + table(("column", "type", "required", "refers to", "note"), rows)


def _target(column: Column[object]) -> str:
    return ", ".join(sorted(code(key.column.table.name) for key in column.foreign_keys))


def _type(column: Column[object]) -> str:
    shown = str(column.type.compile(dialect=DIALECT)).lower().split(" collate ")[0]
    return shown.replace("timestamp with time zone", "timestamptz")
