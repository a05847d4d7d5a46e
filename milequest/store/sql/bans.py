"""Bans of users from teams they were removed from. Rows stay when a ban is lifted, as a record of who did what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.rules.access import Viewer
from milequest.store.sql.columns import Columns
from milequest.store.sql.members import MembershipKey
from milequest.store.sql.scopes import GIVEN, INVITES_VISIBLE
from milequest.store.sql.team_pages import by_team
from milequest.store.sql.teams import COLUMNS as TEAM_COLUMNS
from milequest.store.sql.teams import MINE, Team
from milequest.store.sql.transaction import Reader, Tx
from milequest.store.sql.users import CARD, User


@dataclass(frozen=True, slots=True)
class TeamBan:
    """A standing ban, as the team's admins see it."""

    id: UUID
    team: Team
    user: User
    banned_at: datetime


def _columns(team: Columns[Team] | None) -> Columns[TeamBan]:
    return Columns(TeamBan, id="b.id", team=team, user=CARD, banned_at="b.created_at")


_COLUMNS, _OF_KNOWN_TEAM = _columns(TEAM_COLUMNS), _columns(None)
_BY_IDS = f"""
SELECT {_COLUMNS} FROM team_ban b JOIN app_user u ON u.id = b.user_id JOIN team t ON t.id = b.team_id {MINE}
WHERE b.id = ANY {GIVEN} AND b.lifted_at IS NULL AND {INVITES_VISIBLE}
"""
_PAGES = f"""
SELECT t.id, {_OF_KNOWN_TEAM}
FROM team t CROSS JOIN LATERAL (
    SELECT * FROM team_ban
    WHERE team_id = t.id AND lifted_at IS NULL AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))
    ORDER BY created_at DESC, id DESC LIMIT $5
) b JOIN app_user u ON u.id = b.user_id
WHERE t.id = ANY {GIVEN} AND {INVITES_VISIBLE}
ORDER BY b.created_at DESC, b.id DESC
"""
_AMONG = """
SELECT u.email_key FROM app_user u JOIN team_ban b ON b.user_id = u.id AND b.team_id = $1 AND b.lifted_at IS NULL
WHERE u.email_key = ANY($2) AND u.deleted_at IS NULL
"""
_INSERT = "INSERT INTO team_ban (id, team_id, user_id, banned_by, created_at) VALUES ($1, $2, $3, $4, $5)"
_LIFT = "UPDATE team_ban SET lifted_by = $2, lifted_at = $3 WHERE id = $1"


async def by_ids(db: Reader, viewer: Viewer, ban_ids: list[UUID]) -> dict[UUID, TeamBan]:
    """Return the standing bans among `ban_ids` that the viewer may see, by id."""
    return {one.id: one for one in map(_COLUMNS.from_row, await db.fetch(_BY_IDS, viewer.user_id, ban_ids))}


async def pages_of(
    db: Reader, viewer: Viewer, teams: Sequence[Team], after: tuple[datetime, UUID] | None, limit: int
) -> dict[UUID, list[TeamBan]]:
    """Return up to `limit` standing bans of each team, newest first, that follow the key `after`; none if no admin."""
    given = [team.id for team in teams], *(after or (None, None)), limit
    return by_team(await db.fetch(_PAGES, viewer.user_id, *given), teams, _OF_KNOWN_TEAM)


async def among(db: Reader, team_id: UUID, email_keys: Sequence[str]) -> set[str]:
    """Return those of the addresses, as keys, whose accounts are banned from the team."""
    return {row[0] for row in await db.fetch(_AMONG, team_id, list(email_keys))}


async def key_of(db: Reader, ban_id: UUID) -> MembershipKey | None:
    """Return the user and team of a ban, lifted ones too. Neither ever changes, so nothing is locked."""
    row = await db.fetchrow("SELECT team_id, user_id FROM team_ban WHERE id = $1", ban_id)
    return None if row is None else MembershipKey(*row)


async def insert(tx: Tx, ban_id: UUID, place: MembershipKey, admin_id: UUID, now: datetime) -> None:
    """Ban a user who is in the team, so is not banned yet. The caller has locked both."""
    await tx.execute(_INSERT, ban_id, place.team_id, place.user_id, admin_id, now)


async def lift(tx: Tx, ban_id: UUID, admin_id: UUID, now: datetime) -> None:
    """Lift a standing ban, whose team the caller has locked."""
    await tx.execute(_LIFT, ban_id, admin_id, now)
