"""The user's diagrams, read: the boxes and arrows below each heading."""

import re
from collections.abc import Iterator

HEADING = re.compile(r"^#{2,3} (?P<name>.+)$")
BOX = re.compile(r"^(?P<id>[A-Z]\w*)\[")
ARROW = re.compile(r"^(?P<source>\w+) (?:-->|-\.[^.]*\.->) (?P<target>\w+)$")


def drawn(text: str) -> dict[str, set[str]]:
    """Return by heading: `R53` is a box, `R53→CF` an arrow. Any other line of a diagram, but a frame, is an error."""
    found: dict[str, set[str]] = {}
    for heading, line in _lines(text):
        if box := BOX.match(line):
            found.setdefault(heading, set()).add(box["id"])
        elif arrow := ARROW.match(line):
            found.setdefault(heading, set()).add(f"{arrow['source']}→{arrow['target']}")
        elif line and not re.match(r"^(graph|subgraph|end\b)", line):
            raise ValueError(f"{heading}: {line!r} is neither a box nor an arrow")
    return found


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield the lines of the diagrams, each with its heading."""
    heading, inside = "", False
    for line in text.splitlines():
        if line.startswith("```"):
            inside = line == "```mermaid"
        elif inside:
            yield heading, line.strip()
        elif name := HEADING.match(line):
            heading = name["name"]
