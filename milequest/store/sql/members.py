"""Memberships: user, team and role, and from when on their walks count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from milequest.rules.access import Viewer
from milequest.rules.enums import LeftReason, TeamRole
from milequest.store.sql.columns import Columns
from milequest.store.sql.scopes import GIVEN, PEOPLE_VISIBLE
from milequest.store.sql.team_pages import by_team
from milequest.store.sql.teams import COLUMNS as TEAM_COLUMNS
from milequest.store.sql.teams import MINE, Team
from milequest.store.sql.transaction import Reader, Tx
from milequest.store.sql.users import CARD, User


@dataclass(frozen=True, slots=True)
class TeamMember:
    """An open membership."""

    id: UUID
    team: Team
    user: User
    role: TeamRole
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class MembershipKey:
    """User and team of a membership: they never change, so they are read before anything is locked."""

    team_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class LastStay:
    """A user's latest membership of a team: when and why it ended, if it has, and whether they are banned."""

    left_at: datetime | None
    left_reason: LeftReason | None
    is_banned: bool

    @property
    def is_removed(self) -> bool:
        """Whether an admin ended it."""
        return self.left_reason == LeftReason.REMOVED


FIRST = (datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))  # sorts before every key

_COLUMNS = Columns(TeamMember, id="m.id", team=TEAM_COLUMNS, user=CARD, role="m.role", joined_at="m.joined_at")
_OF_KNOWN_TEAM = Columns(TeamMember, id="m.id", team=None, user=CARD, role="m.role", joined_at="m.joined_at")
_SELECT = f"""
SELECT {_COLUMNS}
FROM team_member m JOIN app_user u ON u.id = m.user_id JOIN team t ON t.id = m.team_id {MINE}
"""
_BY_IDS = f"{_SELECT} WHERE m.id = ANY {GIVEN} AND m.left_at IS NULL AND {PEOPLE_VISIBLE}"
_OF_VIEWER = f"""{_SELECT} WHERE m.user_id = $1 AND m.left_at IS NULL AND t.deleted_at IS NULL
ORDER BY m.joined_at, m.id"""
_PAGES = f"""
SELECT t.id, {_OF_KNOWN_TEAM}
FROM team t CROSS JOIN LATERAL (
    SELECT * FROM team_member
    WHERE team_id = t.id AND left_at IS NULL AND (joined_at, id) > ($3, $4)
    ORDER BY joined_at, id LIMIT $5
) m JOIN app_user u ON u.id = m.user_id
WHERE t.id = ANY {GIVEN} AND {PEOPLE_VISIBLE}
ORDER BY m.joined_at, m.id
"""
_INSERT = """
WITH joined AS (
    INSERT INTO team_member (id, team_id, user_id, role, joined_at, counts_from, invited_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
)
UPDATE team SET member_count = member_count + 1, version = version + 1, updated_at = $5 WHERE id = $2
"""
# A clock behind the one that wrote counts_from must not invert the interval.
_CLOSE = """
WITH gone AS (
    UPDATE team_member SET left_at = greatest($2, counts_from), left_reason = $3
    WHERE id = $1 AND left_at IS NULL RETURNING team_id
)
UPDATE team t SET member_count = t.member_count - 1, version = t.version + 1, updated_at = $2
FROM gone WHERE t.id = gone.team_id
"""
_OTHER_ADMINS = """
SELECT EXISTS (SELECT FROM team_member WHERE team_id = $1 AND role = 'ADMIN' AND left_at IS NULL AND id <> $2)
"""
# In the order of `scopes.shown`.
_LAST_STAY = """
SELECT left_at, left_reason, EXISTS (
    SELECT FROM team_ban b WHERE b.team_id = m.team_id AND b.user_id = m.user_id AND b.lifted_at IS NULL)
FROM team_member m WHERE team_id = $1 AND user_id = $2 ORDER BY joined_at DESC, id DESC LIMIT 1
"""
_LONGEST_OTHER = """
SELECT m.id FROM team_member m JOIN app_user u ON u.id = m.user_id
WHERE m.team_id = $1 AND m.left_at IS NULL AND m.id <> $2
ORDER BY u.suspended_at IS NOT NULL, EXISTS (SELECT FROM account_deletion d WHERE d.user_id = m.user_id),
    m.joined_at, m.id
LIMIT 1
"""
_OPEN_OF_USER = "SELECT id, team_id FROM team_member WHERE user_id = $1 AND left_at IS NULL ORDER BY team_id"


async def by_ids(db: Reader, viewer: Viewer, member_ids: list[UUID]) -> dict[UUID, TeamMember]:
    """Return the open memberships among `member_ids` that the viewer may see, by id."""
    return {one.id: one for one in map(_COLUMNS.from_row, await db.fetch(_BY_IDS, viewer.user_id, member_ids))}


async def of_viewer(db: Reader, viewer: Viewer) -> list[TeamMember]:
    """Return the viewer's own memberships, oldest first: at most MEMBERSHIPS_MAX."""
    return [_COLUMNS.from_row(row) for row in await db.fetch(_OF_VIEWER, viewer.user_id)]


async def pages_of(
    db: Reader, viewer: Viewer, teams: Sequence[Team], after: tuple[datetime, UUID] | None, limit: int
) -> dict[UUID, list[TeamMember]]:
    """Return up to `limit` members of each team, oldest first, that follow the key `after`; hidden teams have none."""
    given = [team.id for team in teams], *(after or FIRST), limit
    return by_team(await db.fetch(_PAGES, viewer.user_id, *given), teams, _OF_KNOWN_TEAM)


async def key_of(db: Reader, member_id: UUID) -> MembershipKey | None:
    """Return the user and team of a membership, ended ones too."""
    row = await db.fetchrow("SELECT team_id, user_id FROM team_member WHERE id = $1", member_id)
    return None if row is None else MembershipKey(*row)


async def open_id(db: Reader, team_id: UUID, user_id: UUID) -> UUID | None:
    """Return the user's open membership of the team. Actions ask once they have locked the team."""
    member_id: UUID | None = await db.fetchval(
        "SELECT id FROM team_member WHERE team_id = $1 AND user_id = $2 AND left_at IS NULL", team_id, user_id
    )
    return member_id


async def open_of_user(tx: Tx, user_id: UUID) -> dict[UUID, UUID]:
    """Return the user's open memberships by team, in the teams' order."""
    return {team_id: member_id for member_id, team_id in await tx.fetch(_OPEN_OF_USER, user_id)}


async def teams_ever(tx: Tx, user_id: UUID) -> list[UUID]:
    """Return the teams the user is or was in, whose boards may show them."""
    rows = await tx.fetch("SELECT DISTINCT team_id FROM team_member WHERE user_id = $1", user_id)
    return [row[0] for row in rows]


async def last_stay(db: Reader, team_id: UUID, user_id: UUID) -> LastStay | None:
    """Return the user's latest membership of the team; None for someone who never was in it."""
    row = await db.fetchrow(_LAST_STAY, team_id, user_id)
    return None if row is None else LastStay(*row)


async def open_count(tx: Tx, user_id: UUID) -> int:
    """Return how many teams the user is in."""
    count: int = await tx.fetchval("SELECT count(*) FROM team_member WHERE user_id = $1 AND left_at IS NULL", user_id)
    return count


async def other_admins(tx: Tx, team_id: UUID, member_id: UUID) -> bool:
    """Return whether the team, which the caller has locked, has an admin besides this member."""
    others: bool = await tx.fetchval(_OTHER_ADMINS, team_id, member_id)
    return others


async def longest_other(tx: Tx, team_id: UUID, member_id: UUID) -> UUID | None:
    """Return the longest membership of the team besides this one, of somebody who stays if there is such a member."""
    longest: UUID | None = await tx.fetchval(_LONGEST_OTHER, team_id, member_id)
    return longest


async def insert(
    tx: Tx,
    member_id: UUID,
    team_id: UUID,
    user_id: UUID,
    role: TeamRole,
    joined_at: datetime,
    counts_from: datetime,
    invited_by: UUID | None,
) -> None:
    """Insert an open membership, counted on its team, which the caller has locked."""
    await tx.execute(_INSERT, member_id, team_id, user_id, role.value, joined_at, counts_from, invited_by)


async def close(tx: Tx, member_id: UUID, reason: LeftReason, now: datetime) -> None:
    """End a membership. The caller has locked its user and its team."""
    await tx.execute(_CLOSE, member_id, now, reason.value)


async def set_role(tx: Tx, member_id: UUID, role: TeamRole) -> None:
    """Set another role. The caller has locked the team."""
    await tx.execute("UPDATE team_member SET role = $2 WHERE id = $1", member_id, role.value)
