"""The generated pages say what the code says, and say all of it."""

import re
from pathlib import Path

import pytest
from graphql import build_schema, is_object_type

from app.reference import __main__ as reference
from app.reference import data_model, errors_page, settings_page
from app.reference.errors_prose import CODES, RESERVED
from app.reference.schema import pages
from milequest.rules.errors import ErrorCode
from milequest.settings import PROJECT, describe
from milequest.store.sql.tables import metadata

SDL = (PROJECT / "schema.graphql").read_text()


def test_generated_pages_are_what_the_code_says() -> None:
    assert reference.stale() == "", "make reference"


def test_a_page_that_is_out_of_date_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, page in reference.PAGES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(
            page().replace("MILEQUEST_PORT", "MILEQUEST_QUAY").replace("TeamArgs", "GroupArgs")
        )
    monkeypatch.setattr(reference, "PROJECT", tmp_path)
    assert "-| `MILEQUEST_QUAY` | `8000` |" in reference.stale()
    assert "+class TeamArgs(TypedDict):" in reference.stale()


def test_the_table_of_settings_has_every_setting() -> None:
    rows = re.findall(r"^\| `(MILEQUEST_\w+)` \| (?:`([^`]*)`)? ?\| (.*) \|$", settings_page.page(), re.MULTILINE)
    assert rows == [(row.name, row.default, row.meaning) for row in describe()]


def test_the_data_model_has_every_table_column_and_reference() -> None:
    page = data_model.page()
    for table in metadata.sorted_tables:
        section = page.partition(f"\n### `{table.name}`\n")[2].partition("\n### ")[0].partition("\n## ")[0]
        assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [column.name for column in table.columns]
        assert f"    {table.name} {{\n" in page
        for key in table.foreign_key_constraints:
            line = rf'^    {key.referred_table.name} \|[|o]--o[|{{] {table.name} : "{", ".join(key.column_keys)}"$'
            assert re.search(line, page, re.MULTILINE), line


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('invalid("input.x", "A", "…")', [("A", "input.x")]),
        ('FieldFault(path, "B", "…")', [("B", "")]),
        ('code = "C" if late else "D"\ninvalid("x", code, "…")', [("C", "x"), ("D", "x")]),
        ('[{"path": "x", "code": "E", "message": "…"}]', [("E", "x")]),
        ('{"code": "no fault of a field"}', []),
    ],
)
def test_codes_of_fields_are_found_in_sources(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str, found: list[tuple[str, str]]
) -> None:
    monkeypatch.setattr(errors_page, "PROJECT", tmp_path)
    file = tmp_path / "source.py"
    file.write_text(source)
    assert list(errors_page._faults(file)) == found


def test_a_code_of_a_field_that_cannot_be_found_out_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(errors_page, "PROJECT", tmp_path)
    file = tmp_path / "source.py"
    file.write_text('invalid("x", chosen(), "…")')
    with pytest.raises(errors_page.UnknownCodeError, match=r"source.py:1: which code is `chosen\(\)`"):
        list(errors_page._faults(file))


def test_a_code_of_a_field_without_a_meaning_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors_page, "field_codes", lambda: {"NEW": {"input.x"}})
    with pytest.raises(errors_page.UnknownCodeError, match="NEW"):
        errors_page.page()


def test_codes_kept_for_later_are_raised_nowhere() -> None:
    assert {*CODES, *RESERVED} == set(ErrorCode)
    sources = [path for folder in errors_page.FOLDERS for path in (PROJECT / folder).rglob("*.py")]
    own = {"errors.py", "errors_page.py", "errors_prose.py"}
    raised = {
        code
        for path in sources
        if path.name not in own
        for code in RESERVED
        if re.search(rf"ErrorCode\.{code}\b", path.read_text())
    }
    assert raised == set()


def test_the_reference_of_the_schema_has_every_type_and_field() -> None:
    told = pages(SDL)
    schema = build_schema(SDL)
    roots = {"Query", "Mutation", "Subscription"}
    for name, one in schema.type_map.items():
        if name in roots:
            assert is_object_type(one)
            assert re.findall(r"^## (\w+)$", told[f"{name.lower()}.md"], re.MULTILINE) == list(one.fields)
        elif not name.startswith("__") and name not in {"Int", "Float", "String", "Boolean", "ID"}:
            (section,) = [page.partition(f"\n## {name}\n")[2] for page in told.values() if f"\n## {name}\n" in page]
            rows = re.findall(r"^\| `(\w+)` \|", section.partition("\n## ")[0], re.MULTILINE)
            assert rows == [*getattr(one, "fields", ()), *getattr(one, "values", ())], name


def test_the_reference_of_the_schema_says_who_may_call_and_what_is_the_default() -> None:
    told = pages(SDL)
    board = told["query.md"].partition("\n## teamsLeaderboard\n")[2].partition("\n## ")[0]
    assert "For users, roles of AWS, an operator's machines." in board
    assert "For everybody, signed in or not." in told["query.md"].partition("\n## team\n")[2].partition("\n## ")[0]
    assert "[`LeaderboardPeriod`](enums.md#leaderboardperiod) = `WEEK`" in board
