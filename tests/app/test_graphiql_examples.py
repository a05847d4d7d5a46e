"""The example documents of GraphiQL fit the schema, so that each of its tabs runs."""

from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from app.bundle import SOURCES
from schema.build import printed
from tests.app.examples import EXAMPLES


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """Return the schema as clients see it."""
    return build_schema(printed())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_valid_and_shown(schema: GraphQLSchema, example: Path) -> None:
    assert validate(schema, parse(example.read_text())) == []
    assert f"./examples/{example.name}" in (SOURCES / "src" / "examples.js").read_text()
