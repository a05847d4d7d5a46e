"""Access of subscribers: checked for many users at once, each time an event is delivered."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from milequest.rules.access import AccessLevel, Viewer
from milequest.store.sql.transaction import Reader

_ACCESS = """
SELECT u.id, t.id, m.id, m.role, t.is_public, t.timezone FROM unnest($1::uuid[], $2::uuid[]) AS asked (user_id, team_id)
JOIN app_user u ON u.id = asked.user_id AND u.deleted_at IS NULL AND u.suspended_at IS NULL
JOIN team t ON t.id = asked.team_id AND t.deleted_at IS NULL
LEFT JOIN team_member m ON m.team_id = t.id AND m.user_id = u.id AND m.left_at IS NULL
"""
_CHANGED = """
SELECT was.id
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bool[]) AS was (id, membership, role, is_public)
LEFT JOIN app_user u ON u.id = was.id AND u.deleted_at IS NULL AND u.suspended_at IS NULL
LEFT JOIN team t ON t.id = $5 AND t.deleted_at IS NULL
LEFT JOIN team_member m ON m.team_id = t.id AND m.user_id = u.id AND m.left_at IS NULL
WHERE u.id IS NULL OR t.is_public IS DISTINCT FROM was.is_public OR m.id IS DISTINCT FROM was.membership
    OR m.role IS DISTINCT FROM was.role
"""
_ENDED = """
SELECT was.id FROM unnest($1::uuid[]) AS was (id)
LEFT JOIN app_user u ON u.id = was.id AND u.deleted_at IS NULL AND u.suspended_at IS NULL
WHERE u.id IS NULL
"""
UserAndTeam: TypeAlias = tuple[UUID, UUID]
"""A user and a team."""


@dataclass(frozen=True, slots=True)
class SubscriberAccess:
    """A user's relation to a team: membership, role, access level, whether it is public, and its time zone."""

    membership: UUID | None
    role: str | None
    is_public: bool
    access_level: AccessLevel
    timezone: str


NO_TEAM = SubscriberAccess(None, None, True, AccessLevel.STRANGER, "UTC")  # for feeds that belong to no team


async def access_of(db: Reader, wanted: Collection[UserAndTeam]) -> dict[UserAndTeam, SubscriberAccess]:
    """Return the access of each user to each team, without deleted and suspended users and deleted teams."""
    rows = await db.fetch(_ACCESS, [user_id for user_id, _ in wanted], [team_id for _, team_id in wanted])
    return {
        (user_id, team_id): SubscriberAccess(membership, role, is_public, Viewer(user_id).access_level(role), timezone)
        for user_id, team_id, membership, role, is_public, timezone in rows
    }


async def users_with_changed_access(
    db: Reader, accesses: Collection[tuple[UUID, SubscriberAccess]], team_id: UUID
) -> set[UUID]:
    """Return the users whose access to the team has changed."""
    user_ids, memberships = [user_id for user_id, _ in accesses], [access.membership for _, access in accesses]
    roles, public = [access.role for _, access in accesses], [access.is_public for _, access in accesses]
    return {row[0] for row in await db.fetch(_CHANGED, user_ids, memberships, roles, public, team_id)}


async def ended(db: Reader, user_ids: Collection[UUID]) -> set[UUID]:
    """Return the users who are deleted or suspended."""
    return {row[0] for row in await db.fetch(_ENDED, list(user_ids))}
