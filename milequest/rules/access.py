"""The access policy: who may see and do what. The schema's directives say how a caller must be signed in.

| of a team | anonymous | stranger | member | admin |
|---|---|---|---|---|
| card: name, picture, settings, counts | public | public | yes | yes |
| goals that have begun, with route, progress, milestones | no | public | yes | yes |
| drafts: goals that never began, with their route | no | no | yes | yes |
| people: members, walks, boards, contributors, presence, who made a goal | no | no | yes | yes |
| invites: also bans, requests to join, decisions about walks | no | no | no | yes |

"public" means: where the team is public. A former member is a stranger at once; machines see what anonymous callers
see; a deleted team is hidden from all. A private walk is seen by its owner alone, a request to join by its author
too.

Reads apply a Viewer as a predicate of the statement (`store/sql/scopes.py`); actions ask these functions on locked
rows; a test compares the two over every combination. A hidden team and a missing one get the same answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from uuid import UUID

from milequest.rules.enums import TeamRole
from milequest.rules.errors import QuestError, forbidden, not_found


class AccessLevel(IntEnum):
    """Relation of a viewer to a team; each level sees all that the one before sees."""

    ANONYMOUS = 0
    STRANGER = 1
    MEMBER = 2
    ADMIN = 3


class TeamPart(Enum):
    """Parts of a team that may be visible: the rows of the table."""

    CARD = "card"
    GOALS = "goals"
    DRAFTS = "drafts"
    PEOPLE = "people"
    INVITES = "invites"


# The level required to see a part where the team is public.
REQUIRED_LEVEL: Mapping[TeamPart, AccessLevel] = {
    TeamPart.CARD: AccessLevel.ANONYMOUS,
    TeamPart.GOALS: AccessLevel.STRANGER,
    TeamPart.DRAFTS: AccessLevel.MEMBER,
    TeamPart.PEOPLE: AccessLevel.MEMBER,
    TeamPart.INVITES: AccessLevel.ADMIN,
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """The user on whose behalf something is read; anonymous without a `user_id`."""

    user_id: UUID | None = None

    def access_level(self, role: TeamRole | str | None) -> AccessLevel:
        """Return the viewer's level in a team where their open membership has `role`, or None."""
        if role is not None:
            return AccessLevel.ADMIN if role == TeamRole.ADMIN else AccessLevel.MEMBER
        return AccessLevel.ANONYMOUS if self.user_id is None else AccessLevel.STRANGER


def may_see(part: TeamPart, level: AccessLevel, *, is_public: bool) -> bool:
    """Return whether a viewer of level `level` sees `part` of a live team."""
    return level >= REQUIRED_LEVEL[part] and (is_public or level >= AccessLevel.MEMBER)


def refuse_unless_admin(level: AccessLevel, *, is_public: bool, what: str = "team") -> None:
    """Admit admins only. Raises NOT_FOUND for viewers from whom the team is hidden, FORBIDDEN for all others."""
    if level is not AccessLevel.ADMIN:
        raise _refusal(level, is_public, what, "an admin")


def refuse_unless_member(level: AccessLevel, *, is_public: bool, what: str = "team") -> None:
    """Admit members only. Raises NOT_FOUND for viewers from whom the team is hidden, FORBIDDEN for all others."""
    if level < AccessLevel.MEMBER:
        raise _refusal(level, is_public, what, "a member")


def _refusal(level: AccessLevel, is_public: bool, what: str, who: str) -> QuestError:
    if may_see(TeamPart.CARD, level, is_public=is_public):
        return forbidden(f"Only {who} of the team may do this.")
    return not_found(what)
