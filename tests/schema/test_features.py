"""docs/features.md: a row for each operation, whose tests are there and run it."""

import re
from pathlib import Path

import pytest

from schema.build import build

PROJECT = Path(__file__).parents[2]
ROWS = re.findall(r"^\| `(\w+)` \| (.+) \| `(\S+)` \|$", (PROJECT / "docs/features.md").read_text(), re.M)


def test_each_operation_has_one_row_in_the_schemas_order() -> None:
    schema = build()._schema
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    operations = [name for root in roots if root is not None for name in root.fields]
    assert [name for name, _, _ in ROWS] == operations


@pytest.mark.parametrize(("name", "what", "tests"), ROWS, ids=[row[0] for row in ROWS])
def test_tests_of_a_row_run_its_operation(name: str, what: str, tests: str) -> None:
    text = (PROJECT / tests).read_text()
    modules = [
        PROJECT / f"{module.replace('.', '/')}.py" for module in re.findall(r"^from (tests\S+) import", text, re.M)
    ]
    texts = [text, *(module.read_text() for module in modules if module.exists())]
    assert any(re.search(rf"\b{name}\b", one) for one in texts), f"{tests} does not run {name}"
    assert what.endswith(".")
