"""Prints milequest/rules/lookalikes.json: which characters look like which, after Unicode's confusables (UTS #39).

`make lookalikes` runs it beside the package confusable-homoglyphs, which provides Unicode's list.
"""

import json
import unicodedata
from collections import defaultdict
from importlib.resources import files

PACKAGE = "confusable_homoglyphs"


def prototypes(pairs: dict[str, list[str]]) -> dict[str, str]:
    """Return for each character the text it is taken for: the one that most look like, of their group."""

    def order(text: str) -> tuple[int, bool, int, str]:
        return -len(pairs[text]), not text.isascii(), len(text), text

    found: dict[str, str] = {}
    for start in sorted(pairs, key=order):
        if start not in found:
            found[start] = start
            left = [start]
            while left:
                near = [text for text in pairs[left.pop()] if text not in found]
                found |= dict.fromkeys(near, start)
                left += near
    return {text: prototype for text, prototype in found.items() if len(text) == 1 and text != prototype}


def main() -> None:
    """Print the list, one prototype a line."""
    listed = json.loads(files(PACKAGE).joinpath("confusables.json").read_text("utf-8"))
    pairs: dict[str, list[str]] = defaultdict(list)
    for text, others in listed.items():
        for other in others:  # where one is written from the right, marks are around it that belong to the list
            pairs[_bare(text)].append(_bare(other["c"]))
    groups: dict[str, list[str]] = defaultdict(list)
    for text, prototype in prototypes(pairs).items():
        groups[prototype].append(text)
    lines = [
        f"{json.dumps(prototype)}: {json.dumps(''.join(sorted(groups[prototype])))}" for prototype in sorted(groups)
    ]
    print("{\n" + ",\n".join(lines) + "\n}")


def _bare(text: str) -> str:
    return "".join(character for character in text if unicodedata.category(character) != "Cf") or text


if __name__ == "__main__":
    main()
