"""Writing of generated pages into docs/: `python -m app.reference`; with `--check` a comparison of them."""

import argparse
import difflib
import sys
from pathlib import Path

from app.reference import data_model, errors, settings
from app.reference.schema import pages
from milequest.settings import PROJECT

PAGES = {"settings.md": settings.page, "errors.md": errors.page, "data-model.md": data_model.page}
DOCS = PROJECT / "docs"


def stale() -> str:
    """Return how the pages differ from what the code says; empty if they don't."""
    differences = [
        line
        for name, page in PAGES.items()
        for line in difflib.unified_diff(
            (DOCS / name).read_text().splitlines(), page().splitlines(), f"docs/{name}", "the code", lineterm=""
        )
    ]
    return "\n".join(differences)


def write_schema(folder: Path) -> None:
    """Write the reference of the schema, one page for each kind of type, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages((PROJECT / "schema.graphql").read_text()).items():
        (folder / name).write_text(text)


def main() -> None:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(prog="python -m app.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 if a page is not what the code says")
    parser.add_argument("--schema", type=Path, metavar="FOLDER", help="write the reference of the schema there instead")
    arguments = parser.parse_args()
    if arguments.schema:
        write_schema(arguments.schema)
    elif arguments.check:
        if difference := stale():
            sys.exit(f"{difference}\npages of docs/ are not what the code says: make reference")
    else:
        for name, page in PAGES.items():
            (DOCS / name).write_text(page())


if __name__ == "__main__":
    main()
