"""Names as people type them: without case, accents and punctuation, so that `zurich` and `Zürich` are equal."""

import unicodedata

from milequest.rules.text import normal

MAX_NAME = 1_000  # characters; names in queries and lists are shorter

_LETTERS = {"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d", "ħ": "h"}
_APOSTROPHES = "'’‘ʼʻ`´ʹ"  # L'Aquila is laquila


class _Fold(dict[int, str | None]):
    """Replacements of characters for `str.translate`, each computed once."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        category = unicodedata.category(character)
        folded: str | None = " "
        if category == "Mn" or character in _APOSTROPHES:
            folded = None
        elif category[0] in "LNM":
            folded = character
        self[code] = folded
        return folded


_FOLD = _Fold({ord(letter): plain for letter, plain in _LETTERS.items()})


def folded(name: str) -> str:
    """Return the name's searchable form: small letters, digits and single blanks; empty if there are none."""
    text = name.casefold()
    if not text.isascii():
        text = normal(
            "query", text, MAX_NAME, "NFKD", derived=True
        ).casefold()  # again: some capitals appear only after normalisation
    return " ".join(text.translate(_FOLD).split())
