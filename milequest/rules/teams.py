"""Teams and memberships: limits of names and numbers, and from when a member's walks count."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from milequest.rules.calendar import start_of_local_day
from milequest.rules.enums import JoinPolicy
from milequest.rules.errors import ErrorCode, Refused, forbidden, invalid
from milequest.rules.text import clean, clean_optional, normal, required, whole, zone

NAME = (3, 50)
DESCRIPTION_MAX = 500
MEMBERS = (1, 500)
DEFAULT_MAX_MEMBERS = 50
MEMBERSHIPS_MAX = 20
TEAMS_PER_DAY = 10
A_DAY = timedelta(days=1)
QUERY = (1, 100)
NAME_KEY_MAX = 3 * max(NAME[1], QUERY[1])  # folding its case makes three characters of one at most


@dataclass(frozen=True, slots=True)
class NewTeam:
    """A team as its founder describes it; checked by `new_team`."""

    name: str
    description: str | None
    is_public: bool
    join_policy: JoinPolicy
    max_members: int
    timezone: str


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "name": lambda value: clean("input.name", required("input.name", value), *NAME),
    "description": lambda value: clean_optional("input.description", value, DESCRIPTION_MAX, lines=True),
    "is_public": lambda value: required("input.isPublic", value),
    "join_policy": lambda value: required("input.joinPolicy", value),
    "max_members": lambda value: whole("input.maxMembers", required("input.maxMembers", value), *MEMBERS),
    "timezone": lambda value: zone("input.timezone", required("input.timezone", value)).key,
}


def new_team(
    name: str,
    description: str | None = None,
    is_public: bool | None = None,
    join_policy: JoinPolicy | None = None,
    max_members: int | None = None,
    timezone: str | None = None,
    *,
    home: str = "UTC",
) -> NewTeam:
    """Check and complete a team's fields; `home` is the founder's zone. Raises VALIDATION_ERROR under `input`."""
    whole_team = {
        "name": name,
        "description": description,
        "is_public": bool(is_public),
        "join_policy": join_policy or JoinPolicy.INVITE_ONLY,
        "max_members": DEFAULT_MAX_MEMBERS if max_members is None else max_members,
        "timezone": home if timezone is None else timezone,
    }
    return NewTeam(**team_changes(whole_team))


def team_changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a team's given fields, checked; a null description clears it. Raises VALIDATION_ERROR under `input`."""
    return {name: check(given[name]) for name, check in _CHECKS.items() if name in given}


def name_key(name: str) -> str:
    """Return a name's form for comparison and search: alike on every database, whatever its locale's lower() does."""
    return normal("input.name", name.casefold(), NAME_KEY_MAX, derived=True)


def refuse_unless_confirmed(name: str, typed: str) -> None:
    """Raise VALIDATION_ERROR unless the team's name was typed, as its deletion requires."""
    if clean("input.confirmName", typed, 0, NAME[1]) != name:
        raise invalid("input.confirmName", "MISMATCH", "must be the team's name, letter by letter")


def refuse_below_present(max_members: int, member_count: int) -> None:
    """Raise VALIDATION_ERROR for fewer seats than members: no member is removed by it."""
    if max_members < member_count:
        message = f"the team has {member_count} members"
        raise invalid("input.maxMembers", "OUT_OF_RANGE", message, low=member_count, high=MEMBERS[1])


def refuse_if_full(member_count: int, max_members: int) -> None:
    """Raise TEAM_FULL when every seat is taken."""
    if member_count >= max_members:
        raise Refused(ErrorCode.TEAM_FULL, f"All {max_members} seats of the team are taken.")


def refuse_removed(removed_at: datetime, invited_at: datetime | None, *, is_banned: bool) -> None:
    """Raise FORBIDDEN for someone an admin has removed, unless an invite was made since; for the banned always."""
    if is_banned:
        raise forbidden("You are banned from this team.")
    if invited_at is None or invited_at <= removed_at:
        raise forbidden("You were removed from this team: only an invite that is made after that lets you in.")


def counts_from(joined_at: datetime, member_zone: ZoneInfo, last_left_at: datetime | None) -> datetime:
    """Return from when a new member's walks count: the start of their local day, but not before they last left."""
    start = start_of_local_day(joined_at, member_zone)
    return start if last_left_at is None else max(start, last_left_at)
