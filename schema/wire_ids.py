"""Ids on the wire: `type_` and 32 hex digits of the UUIDv7. They are encoded and decoded here only.

An `ID` named `xId` is the id of an x (`teamId`, `deletedTeamId`); `id` is the id of the type that has it, and as an
argument of the root field `team` that of a team. Derived objects (progress, boards) have derived ids.
"""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from milequest.rules.boards import parse_key
from milequest.rules.errors import ValidationError, invalid

PREFIX_OF_TYPE = {
    "Viewer": "viewer",
    "User": "user",
    "Team": "team",
    "TeamMember": "member",
    "TeamBan": "ban",
    "WalkRuling": "ruling",
    "Invite": "invite",
    "JoinRequest": "request",
    "Activity": "activity",
    "Goal": "goal",
    "GoalProgress": "progress",
    "Milestone": "milestone",
    "Route": "route",
    "RouteTemplate": "template",
    "SignInSession": "session",
}
_OF_FIELD = {
    "TeamActivityEvent.removedId": "activity",
    "TeamMemberEvent.removedId": "member",
    "TeamJoinRequestEvent.removedId": "request",
}
BOARD = "board"  # a Leaderboard's row composes its own id

_ID = re.compile(r"([a-z]+)_([0-9a-f]{32})", re.ASCII)
_OF_ARGUMENT = {"routeTemplateId": "template"}


def encode(prefix: str, value: UUID) -> str:
    """Return the id a client sees."""
    return f"{prefix}_{value.hex}"


def prefix_of(name: str) -> str:
    """Return the prefix of a name: `teamId` and `deletedTeamId` → `team`."""
    if name in _OF_ARGUMENT:
        return _OF_ARGUMENT[name]
    noun = name.removesuffix("Id").removeprefix("deleted")
    return noun[:1].lower() + noun[1:]


def prefix_at(owner: str, name: str) -> str:
    """Return the prefix of the ids in the field `name` of the type `owner`."""
    if name == "id":
        return PREFIX_OF_TYPE.get(owner, "")
    return _OF_FIELD.get(f"{owner}.{name}") or prefix_of(name)


def decode(prefix: str, text: str, path: str) -> UUID:
    """Return the UUID of an id of the type `prefix`. Raises VALIDATION_ERROR at `path` for anything else."""
    match = _ID.fullmatch(text)
    if match is None or match[1] != prefix:
        article = "an" if prefix.startswith(("a", "e", "i", "o")) else "a"
        raise _malformed(path, f"not the id of {article} {prefix}")
    return UUID(match[2])


def decode_any(text: str, path: str) -> tuple[str, str]:
    """Return the prefix and rest of any id, for `node(id:)`. Raises VALIDATION_ERROR for a malformed one."""
    prefix, _, rest = text.partition("_")
    if prefix == BOARD:
        parse_key(rest, path)
        return prefix, rest
    if prefix not in PREFIX_OF_TYPE.values() or not _ID.fullmatch(text):
        raise _malformed(path, "not an id of this API")
    return prefix, rest


def decoder(name: str, owner: str) -> Callable[[str, str], Any]:
    """Return the decoder of ids in the argument or input field `name`; `owner` is the field it belongs to.

    Raises KeyError for a name that has no type's name in it.
    """
    if owner in ("node", "nodes"):
        return decode_any
    prefix = prefix_of(owner if name == "id" else name)
    if prefix not in PREFIX_OF_TYPE.values():
        raise KeyError(name)
    return lambda text, path: decode(prefix, text, path)


def _malformed(path: str, message: str) -> ValidationError:
    return invalid(path, "MALFORMED", message)
