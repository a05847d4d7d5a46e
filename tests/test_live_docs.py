"""docs/live.md is true: its documents are valid, its example of an updater is the tested one."""

import re

import pytest

from milequest.settings import PROJECT
from schema.build import runner

TEXT = (PROJECT / "docs" / "live.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("text", blocks("graphql"))
def test_graphql_document_of_the_live_docs_is_valid(text: str) -> None:
    runner().prepare(text)


def test_relays_document_is_the_tested_one() -> None:
    tested = (PROJECT / "tests/clients/relay/page.js").read_text()
    for part in ("removedId @deleteEdge(connections: $connections)", "edge @prependEdge(connections: $connections)"):
        assert part in TEXT
        assert part in tested


def test_the_updater_is_the_tested_one() -> None:
    tested = (PROJECT / "tests/clients/lists.mjs").read_text()
    (shown,) = [block for block in blocks("js") if block.startswith("function listed")]
    assert shown in tested


def test_every_subscription_is_named() -> None:
    fields = runner().schema.subscription_type.fields  # type: ignore[union-attr]
    assert [name for name in fields if f"`{name}`" not in TEXT] == []
