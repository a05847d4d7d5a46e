"""Invites to teams by a code, of which only a hash is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from milequest.rules.access import Viewer
from milequest.rules.enums import InviteState, TeamRole
from milequest.rules.invites import NewInvite, state_at
from milequest.store.sql.columns import Columns
from milequest.store.sql.scopes import GIVEN, INVITES_VISIBLE
from milequest.store.sql.team_pages import by_team
from milequest.store.sql.teams import COLUMNS as TEAM_COLUMNS
from milequest.store.sql.teams import MINE, Team
from milequest.store.sql.transaction import Reader, Tx


@dataclass(frozen=True, slots=True)
class Invite:
    """An invite as the team's admins see it."""

    id: UUID
    team: Team
    invited_email: str | None
    role: TeamRole
    max_uses: int
    use_count: int
    state: InviteState
    message: str | None
    created_at: datetime
    expires_at: datetime
    mailed_at: datetime | None


@dataclass(frozen=True, slots=True)
class CodedInvite:
    """An invite to be stored: its id if it is new, the hash of its code, and what was requested."""

    id: UUID
    code_hash: bytes
    new: NewInvite


@dataclass(frozen=True, slots=True)
class InviteKey:
    """An invite and its team."""

    invite_id: UUID
    team_id: UUID


@dataclass(frozen=True, slots=True)
class LockedInvite:
    """An invite that is about to be used or revoked; locked."""

    id: UUID
    team_id: UUID
    email_key: str | None
    role: TeamRole
    invited_by: UUID
    issued_at: datetime
    state: InviteState


def _columns(team: Columns[Team] | None) -> Columns[Invite]:
    return Columns(
        Invite,
        id="i.id",
        team=team,
        invited_email="i.email",
        role="i.role",
        max_uses="i.max_uses",
        use_count="i.use_count",
        state="i.state",
        message="i.message",
        created_at="i.created_at",
        expires_at="i.expires_at",
        mailed_at="i.mailed_at",
    )


_COLUMNS, _OF_KNOWN_TEAM = _columns(TEAM_COLUMNS), _columns(None)
_BY_IDS = f"""
SELECT {_COLUMNS} FROM team_invite i JOIN team t ON t.id = i.team_id {MINE}
WHERE i.id = ANY {GIVEN} AND {INVITES_VISIBLE}
"""
_PAGES = f"""
SELECT t.id, {_OF_KNOWN_TEAM}
FROM team t CROSS JOIN LATERAL (
    SELECT * FROM team_invite
    WHERE team_id = t.id AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))
    ORDER BY created_at DESC, id DESC LIMIT $5
) i
WHERE t.id = ANY {GIVEN} AND {INVITES_VISIBLE}
ORDER BY i.created_at DESC, i.id DESC
"""
_PLACE = "SELECT id, team_id FROM team_invite WHERE code_hash = $1 OR id = $2"
_LOCK = """
SELECT id, team_id, email_key, role, invited_by, coalesce(issued_at, created_at), state, expires_at FROM team_invite
WHERE id = $1 AND ($2::bytea IS NULL OR code_hash = $2) FOR NO KEY UPDATE
"""

# An address with a pending invite: that gets a new code and more time, and keeps its place in the list.
_PUT = """
INSERT INTO team_invite
    (id, team_id, code_hash, email, email_key, invited_by, max_uses, message, created_at, expires_at)
SELECT p.id, $1, p.code_hash, p.email, p.email_key, $2, p.max_uses, p.message, $3, p.expires_at
FROM unnest($4::uuid[], $5::bytea[], $6::text[], $7::text[], $8::int[], $9::text[], $10::timestamptz[])
    AS p (id, code_hash, email, email_key, max_uses, message, expires_at)
ON CONFLICT (team_id, email_key) WHERE state = 'PENDING' AND email_key IS NOT NULL DO UPDATE
SET code_hash = excluded.code_hash, email = excluded.email, invited_by = excluded.invited_by,
    message = excluded.message, issued_at = excluded.created_at, expires_at = excluded.expires_at, mailed_at = NULL
RETURNING code_hash, id
"""
_ROTATE = """
UPDATE team_invite SET code_hash = $2, issued_at = $3, expires_at = coalesce($4, expires_at), mailed_at = NULL
WHERE id = $1
"""
_MEMBERS = """
SELECT u.email_key FROM app_user u
JOIN team_member m ON m.user_id = u.id AND m.team_id = $1 AND m.left_at IS NULL
WHERE u.email_key = ANY($2) AND u.deleted_at IS NULL
"""
_DECLINED = (
    "SELECT DISTINCT email_key FROM team_invite WHERE team_id = $1 AND email_key = ANY($2) AND state = 'DECLINED'"
)
_REDEEM = """
UPDATE team_invite SET use_count = use_count + 1,
    state = CASE WHEN use_count + 1 >= max_uses THEN 'ACCEPTED' ELSE state END
WHERE id = $1
"""


def _at(invite: Invite, now: datetime) -> Invite:
    return replace(invite, state=state_at(invite.state, invite.expires_at, now))


async def by_ids(db: Reader, viewer: Viewer, invite_ids: list[UUID], now: datetime) -> dict[UUID, Invite]:
    """Return the invites among `invite_ids` that the viewer may see, by id."""
    rows = await db.fetch(_BY_IDS, viewer.user_id, invite_ids)
    return {invite.id: _at(invite, now) for invite in map(_COLUMNS.from_row, rows)}


async def pages_of(
    db: Reader,
    viewer: Viewer,
    teams: Sequence[Team],
    after: tuple[datetime, UUID] | None,
    limit: int,
    now: datetime,
) -> dict[UUID, list[Invite]]:
    """Return up to `limit` invites of each team, newest first, that follow the key `after`; none if not an admin."""
    given = [team.id for team in teams], *(after or (None, None)), limit
    pages = by_team(await db.fetch(_PAGES, viewer.user_id, *given), teams, _OF_KNOWN_TEAM)
    return {team_id: [_at(invite, now) for invite in page] for team_id, page in pages.items()}


async def key_of(db: Reader, *, code_hash: bytes | None = None, invite_id: UUID | None = None) -> InviteKey | None:
    """Return an invite and its team, by code or id. Neither ever changes, so nothing is locked."""
    row = await db.fetchrow(_PLACE, code_hash, invite_id)
    return None if row is None else InviteKey(*row)


async def lock(tx: Tx, invite_id: UUID, code_hash: bytes | None, now: datetime) -> LockedInvite | None:
    """Return the invite, locked after its team; None if it has another code by now."""
    row = await tx.fetchrow(_LOCK, invite_id, code_hash)
    if row is None:
        return None
    found, team_id, email_key, role, invited_by, issued_at, state, expires_at = row
    return LockedInvite(found, team_id, email_key, role, invited_by, issued_at, state_at(state, expires_at, now))


async def put(tx: Tx, team_id: UUID, inviter_id: UUID, coded: Sequence[CodedInvite], now: datetime) -> list[UUID]:
    """Insert new invites, or renew pending ones of the same addresses, each of which is given once.

    Returns the ids, in the same order.
    """
    columns = (
        [one.id for one in coded],
        [one.code_hash for one in coded],
        [one.new.email for one in coded],
        [one.new.email_key for one in coded],
        [one.new.max_uses for one in coded],
        [one.new.message for one in coded],
        [one.new.expires_at for one in coded],
    )
    rows = await tx.fetch(_PUT, team_id, inviter_id, now, *columns)
    stored: dict[bytes, UUID] = {row[0]: row[1] for row in rows}
    return [stored[one.code_hash] for one in coded]


async def rotate(tx: Tx, invite_id: UUID, code_hash: bytes, now: datetime, expires_at: datetime | None) -> None:
    """Give it another code, and another expiry unless that is None. The caller has locked it."""
    await tx.execute(_ROTATE, invite_id, code_hash, now, expires_at)


async def mark_mailed(tx: Tx, invite_ids: Sequence[UUID], now: datetime) -> None:
    """Record when the links of these invites were mailed."""
    await tx.execute("UPDATE team_invite SET mailed_at = $2 WHERE id = ANY($1)", list(invite_ids), now)


async def members_among(db: Reader, team_id: UUID, email_keys: Sequence[str]) -> set[str]:
    """Return those of the addresses, as keys, whose accounts are members of the team."""
    return {row[0] for row in await db.fetch(_MEMBERS, team_id, list(email_keys))}


async def declined_among(db: Reader, team_id: UUID, email_keys: Sequence[str]) -> set[str]:
    """Return those of the addresses, as keys, that have declined an invite of the team."""
    return {row[0] for row in await db.fetch(_DECLINED, team_id, list(email_keys))}


async def redeem(tx: Tx, invite_id: UUID) -> None:
    """Count one use; the last one closes the invite. The caller has locked it."""
    await tx.execute(_REDEEM, invite_id)


async def close(tx: Tx, invite_id: UUID, state: InviteState) -> None:
    """Set it to DECLINED or REVOKED. The caller has locked it."""
    await tx.execute("UPDATE team_invite SET state = $2 WHERE id = $1", invite_id, state.value)
