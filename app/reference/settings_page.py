"""The page docs/settings.md: every setting with its default and meaning, out of `milequest.settings`."""

from app.reference.markdown import code, table
from milequest.settings import describe

HEAD = """\
# Settings

All settings are environment variables, read in one place and checked at the start; a wrong one stops it with a
line that says what is allowed. `make reference` writes this page out of the code; `make check` compares. What
an operator does with them stands in [Operating](operating.md).

"""


def page() -> str:
    """Return the whole page."""
    return HEAD + table(
        ("variable", "default", "meaning"), ((code(row.name), code(row.default), row.meaning) for row in describe())
    )
