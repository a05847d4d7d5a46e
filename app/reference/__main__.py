"""Writing of generated pages and one module: `python -m app.reference`; with `--check` a comparison of them."""

import argparse
import difflib
import sys
from pathlib import Path

from app.reference import argument_types, data_model, errors_page, settings_page
from app.reference.schema import pages
from milequest.settings import PROJECT

SDL = PROJECT / "schema.graphql"
PAGES = {
    "resolvers/arguments.py": lambda: argument_types.module(SDL.read_text()),
    "docs/settings.md": settings_page.page,
    "docs/errors.md": errors_page.page,
    "docs/data-model.md": data_model.page,
}


def stale() -> str:
    """Return how the pages differ from what the code says; empty if they don't."""
    differences = [
        line
        for name, page in PAGES.items()
        for line in difflib.unified_diff(
            (PROJECT / name).read_text().splitlines(), page().splitlines(), name, "the code", lineterm=""
        )
    ]
    return "\n".join(differences)


def write_schema(folder: Path) -> None:
    """Write the reference of the schema, one page for each kind of type, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(SDL.read_text()).items():
        (folder / name).write_text(text)


def main() -> None:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(prog="python -m app.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 if a page is not what the code says")
    parser.add_argument("--schema", type=Path, metavar="FOLDER", help="write the reference of the schema there instead")
    given = parser.parse_args()
    if given.schema:
        write_schema(given.schema)
    elif given.check:
        if difference := stale():
            sys.exit(f"{difference}\ngenerated files are not what the code says: make reference")
    else:
        for name, page in PAGES.items():
            (PROJECT / name).write_text(page())


if __name__ == "__main__":
    main()
