"""Commands, targets and settings that the documentation names exist, and its GraphQL is valid."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import parser
from milequest.settings import PROJECT, describe
from schema.build import runner

PAGES = sorted(
    path
    for path in (*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"))
    if path.name not in {"CHANGELOG.md", "renamed.md"} and path.parent.name != "schema"
)
MAKEFILE = (PROJECT / "Makefile").read_text()


def found(pattern: str) -> Iterator[tuple[Path, str]]:
    """Yield what a pattern finds in the pages, with the page."""
    for page in PAGES:
        for match in re.finditer(pattern, page.read_text()):
            yield page, match[1]


def test_pages_name_targets_of_make_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))
    named = list(found(r"(?:`|^)make ([a-z]+)\b"))
    assert len(named) > 20
    assert [(page.name, name) for page, name in named if name not in targets] == []


def source(name: str) -> Path | None:
    """Return the file that a page means by a path, from the top or from below `milequest/`; None if there is none."""
    return next((path for path in (PROJECT / name, PROJECT / "milequest" / name) if path.exists()), None)


def test_pages_name_files_that_exist() -> None:
    named = list(found(r"`([a-z_/]+/[a-z_0-9]+\.py)`"))
    assert len(named) > 100
    assert [(page.name, name) for page, name in named if source(name) is None] == []


def test_pages_name_functions_that_their_files_define() -> None:
    named = [(page.name, pair.split("` `")) for page, pair in found(r"`([a-z_/]+\.py` `[A-Za-z_.]+)`")]
    assert len(named) > 10
    assert [(page, file, name) for page, (file, name) in named if not _defines(source(file), name)] == []


def _defines(file: Path | None, name: str) -> bool:
    """Return whether a file defines a function, or a class and its method."""
    text = "" if file is None else file.read_text()
    owner, _, method = name.rpartition(".")
    inside = text.partition(f"\nclass {owner}")[2].partition("\nclass ")[0] if owner else text
    return re.search(rf"\bdef {method}\(", inside) is not None


def test_pages_name_commands_that_exist() -> None:
    usage = parser().format_help()
    named = list(found(r"bin/milequest ([a-z-]+)"))
    assert len(named) > 10
    assert [(page.name, name) for page, name in named if not re.search(rf"^    {name}\b", usage, re.MULTILINE)] == []


def test_pages_name_settings_that_exist() -> None:
    deploying = "".join(path.read_text() for path in PROJECT.glob("infra/**/*.py"))
    settings = {row.name for row in describe()} | set(re.findall(r'"(MILEQUEST_[A-Z_]+)"', deploying))
    named = list(found(r"(MILEQUEST_[A-Z0-9_]*[A-Z0-9])\b(?!_)"))
    assert len(named) > 50
    assert [(page.name, name) for page, name in named if name not in settings] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_graphql_of_a_page_is_valid(page: Path) -> None:
    for document in re.findall(r"```graphql\n(.*?)```", page.read_text(), re.DOTALL):
        runner().prepare(document)
