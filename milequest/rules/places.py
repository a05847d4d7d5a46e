"""Places that people search for by name, and the limits of a search."""

import re
from dataclasses import dataclass

from milequest.rules.errors import FieldFault, ValidationError
from milequest.rules.geo import LatLng
from milequest.rules.routes import position_faults
from milequest.rules.text import normal

MAX_QUERY, MAX_WORDS = 256, 20
MAX_PLACES = 10
_COUNTRY = re.compile(r"[A-Za-z]{2}")


@dataclass(frozen=True, slots=True)
class Place:
    """A named place; `address` distinguishes it from others of that name, `country` is ISO 3166-1 alpha-2."""

    name: str
    address: str | None
    position: LatLng
    country: str | None


@dataclass(frozen=True, slots=True)
class PlaceSearch:
    """A checked search: at most `first` places named like `query`, in `country` if given, `near` ones preferred."""

    query: str
    near: LatLng | None = None
    country: str | None = None
    first: int = 5


def checked_search(query: str, near: LatLng | None, country: str | None, first: int | None) -> PlaceSearch:
    """Return the search in its normal form: query trimmed, country in capitals, `first` 5 if it isn't given.

    Raises ValidationError with every fault.
    """
    text = " ".join(normal("query", query, MAX_QUERY).split())
    first = 5 if first is None else first
    faults: list[FieldFault] = []
    if not 1 <= len(text) <= MAX_QUERY:
        faults.append(FieldFault("query", "OUT_OF_RANGE", f"must have 1 to {MAX_QUERY} characters", 1, MAX_QUERY))
    elif text.count(" ") >= MAX_WORDS:
        faults.append(FieldFault("query", "TOO_LONG", f"must have at most {MAX_WORDS} words", 1, MAX_WORDS))
    if near is not None:
        faults.extend(position_faults(near, "near"))
    if country is not None and not _COUNTRY.fullmatch(country):
        faults.append(FieldFault("country", "MALFORMED", "must be a country code of two letters (ISO 3166-1 alpha-2)"))
    if not 1 <= first <= MAX_PLACES:
        faults.append(FieldFault("first", "OUT_OF_RANGE", f"must be 1 to {MAX_PLACES}", 1, MAX_PLACES))
    if faults:
        raise ValidationError(*faults)
    return PlaceSearch(text, near, country and country.upper(), first)


def checked_position(position: LatLng, path: str = "position") -> LatLng:
    """Return the position, if it is one. Raises ValidationError."""
    if faults := list(position_faults(position, path)):
        raise ValidationError(*faults)
    return position
