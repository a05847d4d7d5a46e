"""Limits of variables, checked before coercion: the number of values and the length of strings.

Documents are bounded by `limits`; variables take the rest of a body, and one of them may be used by thirty fields.
"""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError

from milequest.rules.errors import invalid
from schema.limits import too_complex

MAX_VALUES = 2_000  # values of all variables, in lists and objects at any depth
VALUE_CHARACTERS = 4  # characters that a value counts as, besides its text
MAX_TEXT = 16 * 1024  # characters of a string; each field has a bound of its own, which is lower


def refuse_large(variables: Mapping[str, Any]) -> int:
    """Refuse more than MAX_VALUES values, too long strings and lone surrogates; return the number of characters.

    Raises GraphQLError with QUERY_TOO_COMPLEX, or with VALIDATION_ERROR and the value's path.
    """
    left: list[tuple[str, Any]] = list(variables.items())
    count, characters = len(left), sum(map(len, variables))
    while left:
        path, value = left.pop()
        if isinstance(value, str):
            _refuse_text(path, value)
            characters += len(value)
            continue
        items: list[tuple[str, Any]] = []
        if isinstance(value, dict):
            count += len(value)
            characters += sum(map(len, value))
            items = [(f"{path}.{name}", item) for name, item in value.items()] if count <= MAX_VALUES else items
        elif isinstance(value, list):
            count += len(value)
            items = [(f"{path}[{index}]", item) for index, item in enumerate(value)] if count <= MAX_VALUES else items
        if count > MAX_VALUES:
            raise too_complex(f"The variables hold more than {MAX_VALUES} values.")
        left += items
    return characters + count * VALUE_CHARACTERS


def _refuse_text(path: str, text: str) -> None:
    if len(text) > MAX_TEXT:
        fault = invalid(path, "TOO_LONG", f"must have at most {MAX_TEXT} characters", high=MAX_TEXT)
    elif not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        fault = invalid(path, "MALFORMED", "must not hold lone surrogates, which are no characters")
    else:
        return
    raise GraphQLError(fault.message, extensions=fault.extensions())
