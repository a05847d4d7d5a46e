"""The example documents of GraphiQL."""

from app.bundle import SOURCES

EXAMPLES = sorted((SOURCES / "src" / "examples").glob("*.graphql"))
