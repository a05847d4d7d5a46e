"""Skeletons of names: names that people mistake for each other have the same one (Unicode's UTS #39, section 4)."""

import json
from functools import cache
from pathlib import Path
from typing import Final

from milequest.rules.text import is_unseen, normal

LIST: Final = Path(__file__).with_name("lookalikes.json")  # by `make lookalikes`


def skeleton(name: str) -> str:
    """Return the name with each character replaced by the one it looks like, whatever its case, form and script.

    It is for comparison only. `name` is one that `clean` has accepted.
    """
    shown = "".join(character for character in _compatible(name) if not is_unseen(character))
    small = shown.translate(_table()).casefold()
    return _compatible(small).translate(_table()).casefold()


def _compatible(text: str) -> str:
    return normal("input.name", text, max(1, len(text)), "NFKD", derived=True)


@cache
def _table() -> dict[int, str]:
    groups: dict[str, str] = json.loads(LIST.read_text("utf-8"))
    return {ord(character): prototype for prototype, characters in groups.items() for character in characters}
