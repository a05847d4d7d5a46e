"""Decisions are short, complete, numbered without a gap, and listed."""

import re
from pathlib import Path

import pytest

from milequest.settings import PROJECT

FOLDER = PROJECT / "docs" / "adr"
DECISIONS = sorted(FOLDER.glob("[0-9]*.md"))
PAGE = re.compile(
    r"# (?P<number>\d+)\. (?P<title>.+)\n\n(Accepted|Replaced) on \d{4}-\d\d-\d\d(, by \[.+\]\(.+\))?\.\n\n"
    r"\*\*Context\.\*\* .+?\n\n\*\*Decision\.\*\* .+?\n\n\*\*Consequence\.\*\* .+",
    re.DOTALL,
)


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_its_parts_and_is_short(path: Path) -> None:
    text = path.read_text()
    found = PAGE.fullmatch(text)
    assert found, "context, decision, consequence"
    assert f"{int(found['number']):04}" == path.name[:4]
    assert text.count("\n") <= 20


def test_decisions_are_numbered_without_a_gap_and_listed_by_their_titles() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    titles = [path.read_text().partition("\n")[0].partition(". ")[2] for path in DECISIONS]
    listed = re.findall(r"^- \[(.+)\]\((.+)\)$", (FOLDER / "index.md").read_text(), re.MULTILINE)
    assert listed == [(title, path.name) for title, path in zip(titles, DECISIONS, strict=True)]
