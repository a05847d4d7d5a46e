"""Invites as those see them who are invited: by the code, or as the owner of the address."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from milequest.rules.access import Viewer
from milequest.rules.enums import InviteState
from milequest.rules.invites import RECEIVED_MAX, state_at
from milequest.store.sql.columns import Columns
from milequest.store.sql.transaction import Reader


@dataclass(frozen=True, slots=True)
class InvitePreview:
    """The part of an invite that is shown to whoever is invited.

    `is_for_viewer` is None where that is unknown: an invite of an address, and nobody signed in. Only the owner of its
    address gets the `invite_id`.
    """

    team_name: str
    member_count: int
    state: InviteState
    expires_at: datetime
    inviter_name: str | None
    message: str | None
    is_for_viewer: bool | None
    invite_id: UUID | None


# With the rows `i` of invites, `t` of teams, `u` of inviters and `v` of the viewer; the last two may be missing.
_COLUMNS = Columns(
    InvitePreview,
    team_name="t.name",
    member_count="t.member_count",
    state="i.state",
    expires_at="i.expires_at",
    inviter_name="u.name",
    message="i.message",
    is_for_viewer="i.email_key IS NULL OR i.email_key = v.email_key",
    invite_id="CASE WHEN i.email_key = v.email_key THEN i.id END",
)
_INVITER = "LEFT JOIN app_user u ON u.id = i.invited_by AND u.deleted_at IS NULL AND u.suspended_at IS NULL"
_BY_CODE = f"""
SELECT {_COLUMNS}
FROM team_invite i JOIN team t ON t.id = i.team_id AND t.deleted_at IS NULL
{_INVITER} LEFT JOIN app_user v ON v.id = $1 AND v.deleted_at IS NULL
WHERE i.code_hash = $2 AND i.state <> 'REVOKED'
"""
_RECEIVED = f"""
SELECT {_COLUMNS}
FROM app_user v JOIN team_invite i ON i.email_key = v.email_key AND i.state = 'PENDING' AND i.expires_at > $2
JOIN team t ON t.id = i.team_id AND t.deleted_at IS NULL {_INVITER}
WHERE v.id = $1 AND v.deleted_at IS NULL
    AND NOT EXISTS (SELECT FROM team_member m WHERE m.team_id = t.id AND m.user_id = v.id AND m.left_at IS NULL)
    AND NOT EXISTS (SELECT FROM team_ban b WHERE b.team_id = t.id AND b.user_id = v.id AND b.lifted_at IS NULL)
ORDER BY i.created_at DESC, i.id DESC LIMIT {RECEIVED_MAX}
"""


async def by_code(db: Reader, viewer: Viewer, code_hash: bytes, now: datetime) -> InvitePreview | None:
    """Return what an invite of a live team shows the bearer of its code; None for an unknown or revoked code.

    One that admits nobody any more shows neither the team's size nor its inviter and message.
    """
    row = await db.fetchrow(_BY_CODE, viewer.user_id, code_hash)
    if row is None:
        return None
    found = _COLUMNS.from_row(row)
    state = state_at(found.state, found.expires_at, now)
    if state is InviteState.PENDING:
        return replace(found, state=state)
    return replace(
        found, state=state, member_count=0, inviter_name=None, message=None, is_for_viewer=False, invite_id=None
    )


async def received(db: Reader, user_id: UUID, now: datetime) -> list[InvitePreview]:
    """Return the pending invites for a user's address to teams that they are not in: the newest first, RECEIVED_MAX."""
    return [_COLUMNS.from_row(row) for row in await db.fetch(_RECEIVED, user_id, now)]
