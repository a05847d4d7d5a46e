"""Profiles of users: name, units, zone, language, stride, and what others see of them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from milequest.rules.credentials import display_name
from milequest.rules.errors import invalid
from milequest.rules.text import required, zone

STRIDE_METERS = (0.3, 1.5)
LOCALE_MAX = 100  # RFC 5646 (4.4.1) asks for 35 without extensions, of which systems write several

_EXTENSIONS = r"(?P<extensions>(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?)"
_LOCALE = re.compile(rf"(?P<plain>[a-z]{{2,3}}(?:-[a-z0-9]{{2,8}})*){_EXTENSIONS}", re.ASCII | re.IGNORECASE)


def locale(path: str, tag: str) -> str:
    """Return a BCP 47 language tag in its usual spelling (`pt-BR`, `zh-Hant-TW`, `en-US-u-fw-mon`).

    Raises VALIDATION_ERROR at `path`.
    """
    found = _LOCALE.fullmatch(tag) if len(tag) <= LOCALE_MAX else None
    if found is None:
        raise invalid(path, "MALFORMED", "must be a language tag such as en-GB", high=LOCALE_MAX)
    language, *subtags = found["plain"].split("-")
    return "-".join([language.lower(), *(_subtag(part) for part in subtags)]) + found["extensions"].lower()


def _subtag(part: str) -> str:
    if len(part) == 4 and part.isalpha():
        return part.title()  # a script
    return part.upper() if len(part) == 2 else part.lower()


def stride_mm(path: str, meters: float) -> int:
    """Return a stride in millimetres. Raises VALIDATION_ERROR at `path` outside 0.3 to 1.5 m."""
    low, high = STRIDE_METERS
    if not low <= meters <= high:
        raise invalid(path, "OUT_OF_RANGE", f"must be {low} to {high} metres", low=low, high=high)
    return round(meters * 1000)


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "name": lambda value: display_name(required("input.name", value)),
    "preferred_units": lambda value: required("input.preferredUnits", value),
    "timezone": lambda value: zone("input.timezone", required("input.timezone", value)).key,
    "locale": lambda value: None if value is None else locale("input.locale", value),
    "stride_meters": lambda value: None if value is None else stride_mm("input.strideMeters", value),
    "default_activity_privacy": lambda value: required("input.defaultActivityPrivacy", value),
    "show_on_leaderboards": lambda value: required("input.showOnLeaderboards", value),
    "share_stats_with_team": lambda value: required("input.shareStatsWithTeam", value),
}


def profile_changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given fields of a profile, checked, under their stored names; null clears locale and stride.

    Raises VALIDATION_ERROR under `input`.
    """
    checked = {name: check(given[name]) for name, check in _CHECKS.items() if name in given}
    if "stride_meters" in checked:
        checked["stride_mm"] = checked.pop("stride_meters")
    return checked
