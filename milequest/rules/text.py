"""Incoming text: bounded before any work is done on it, then normalised, trimmed, and free of invisible characters.

`normal` is the one place where text is normalised. The work of a normal form grows with the square of a run of
combining marks, so both a text's length and its runs of marks are bounded before.
"""

import re
import unicodedata
from functools import cache
from importlib import resources
from typing import Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from milequest.rules.errors import ValidationError, invalid

MAX_MARKS: Final = 30  # combining marks in a row: Unicode's Stream-Safe limit (UAX #15, 13)
_COMPOSED: Final = 4  # characters that a normal form composes to one, at most
_GROWN_MARKS: Final = 6  # marks that a letter gives, at most, when it is decomposed and its case is folded
_TWO_MARKS: Final = "\u0344\u0f73\u0f75\u0f81"  # each of these decomposes to two
_LATE_MARKS: Final = "\u0f73\u0f75\u0f81\uff9e\uff9f"  # no marks by their class, but they decompose to marks

# Zero-width (non-)joiners as used by emoji and many scripts: between two characters beyond ASCII.
_JOINED = re.compile(r"(?<=[^\x00-\x7f\u200c\u200d])[\u200c\u200d](?=[^\x00-\x7f\u200c\u200d])")
# Variation selectors as used by them: after such a character, or the base of a keycap.
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_SELECTED = re.compile(rf"(?<=[^\x00-\x7f\u200c\u200d{_SELECTORS}])[{_SELECTORS}]|(?<=[0-9#*])\ufe0f")
# Invisible characters that are no format characters: fillers of Hangul, an empty pattern of Braille, selectors, and
# all others that Unicode calls default ignorable.
_BLANK = re.compile(
    rf"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\uffa0\ufff0-\ufff8\U0001d159\U000e0000-\U000e0fff{_SELECTORS}]"
)

T = TypeVar("T")


def normal(path: str, value: str, high: int, form: Literal["NFC", "NFKD"] = "NFC", *, derived: bool = False) -> str:
    """Return `value` in a normal form. A value that can't have `high` characters then is refused unread.

    `derived` means that `value` is text that was normalised before, or derived from it by changing its case. Raises
    VALIDATION_ERROR at `path`: TOO_LONG, or MALFORMED for lone surrogates and more than 30 combining marks in a row.
    """
    if len(value) > _COMPOSED * high:
        raise invalid(path, "TOO_LONG", f"must have at most {high} characters", high=high)
    if value.isascii():
        return value
    run, most = 0, MAX_MARKS + _GROWN_MARKS * derived
    for character in value:
        if "\ud800" <= character <= "\udfff":
            raise invalid(path, "MALFORMED", "must not hold lone surrogates, which are no characters")
        is_mark = unicodedata.combining(character) or character in _LATE_MARKS
        run = run + 1 + (character in _TWO_MARKS) if is_mark else 0
        if run > most:
            raise invalid(path, "MALFORMED", f"must not hold more than {MAX_MARKS} combining marks in a row")
    return unicodedata.normalize(form, value)


def clean(path: str, value: str, low: int, high: int, *, lines: bool = False) -> str:
    """Return `value` trimmed and in NFC, `low` to `high` characters long. `lines` allows line breaks and tabs.

    A single line looks as it is: blanks are single spaces, and it has no invisible or direction-changing characters.
    Raises VALIDATION_ERROR at `path`.
    """
    text = normal(path, value, high).strip()
    allowed = "\n\r\t" if lines else ""
    if any(unicodedata.category(character) == "Cc" and character not in allowed for character in text):
        raise invalid(path, "MALFORMED", "control characters are not allowed")
    if not lines:
        text = " ".join(text.split())
        if any(map(is_unseen, _SELECTED.sub("", _JOINED.sub("", text)))):
            raise invalid(path, "MALFORMED", "invisible characters are not allowed")
        if any(unicodedata.category(word[0])[0] == "M" for word in text.split()):
            raise invalid(path, "MALFORMED", "no word may begin with a combining mark")
    if not low <= len(text) <= high:
        reason = "TOO_SHORT" if len(text) < low else "TOO_LONG"
        raise invalid(path, reason, f"must have {low} to {high} characters", low=low, high=high)
    return text


def is_unseen(character: str) -> bool:
    """Return whether a character is invisible: a control, a format character, or one of those that are blank."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs") or _BLANK.match(character) is not None


def clean_optional(path: str, value: str | None, high: int, *, lines: bool = False) -> str | None:
    """Return as `clean` does, but None for null or only blanks."""
    return clean(path, value, 0, high, lines=lines) or None if value is not None else None


def presentable(value: str, high: int) -> str | None:
    """Return a name from a file without the characters that `clean` refuses; None if nothing is left."""
    joined = {found.start() for each in (_JOINED, _SELECTED) for found in each.finditer(value[: 8 * high])}
    shown = [
        " " if character.isspace() else character
        for index, character in enumerate(value[: 8 * high])
        if index in joined or character.isspace() or not is_unseen(character)
    ]
    try:
        return clean("file", clean("file", "".join(shown), 0, 8 * high)[:high], 1, high)
    except ValidationError:
        return None


def required(path: str, value: T | None) -> T:
    """Return `value`. Raises VALIDATION_ERROR at `path` for null, which would clear what cannot be empty."""
    if value is None:
        raise invalid(path, "REQUIRED", "cannot be cleared: leave it out, or give a value")
    return value


def whole(path: str, value: int, low: int, high: int) -> int:
    """Return a whole number from `low` to `high`. Raises VALIDATION_ERROR at `path`."""
    if not low <= value <= high:
        raise invalid(path, "OUT_OF_RANGE", f"must be {low} to {high}", low=low, high=high)
    return value


def zone(path: str, name: str) -> ZoneInfo:
    """Return the IANA time zone `name`. Raises VALIDATION_ERROR at `path`.

    Names are those of the tzdata package, the same on every machine: its system may know others, such as `localtime`.
    """
    if name not in _zones():
        raise invalid(path, "UNKNOWN_ZONE", "must be an IANA time zone such as Europe/Paris")
    return ZoneInfo(name)


@cache
def _zones() -> frozenset[str]:
    names = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    return frozenset(names) - {"Factory"}  # the placeholder for a zone that was not set
