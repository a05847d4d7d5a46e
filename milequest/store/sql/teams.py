"""Teams as a viewer sees them. Every read takes the viewer and returns nothing that is hidden from them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.rules.access import AccessLevel, Viewer
from milequest.rules.enums import JoinPolicy, TeamRole
from milequest.rules.lookalikes import skeleton
from milequest.rules.teams import NewTeam, name_key
from milequest.store.sql.columns import Columns
from milequest.store.sql.scopes import GIVEN, TEAM_VISIBLE
from milequest.store.sql.transaction import Reader, Tx


@dataclass(frozen=True, slots=True)
class Team:
    """A team's card, the viewer's role in it, and the end of its log when it was read."""

    id: UUID
    name: str
    avatar_url: str | None
    description: str | None
    is_public: bool
    join_policy: JoinPolicy
    member_count: int
    max_members: int
    timezone: str
    created_at: datetime
    version: int
    viewer_role: TeamRole | None
    sequence: int

    def access_level(self, viewer: Viewer) -> AccessLevel:
        """Return the access level of the viewer, who read this row."""
        return viewer.access_level(self.viewer_role)


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A team found by a search, with its sort key: its rank, best first, then its name."""

    team: Team
    rank: int
    name_key: str


COLUMNS = Columns(
    Team,
    id="t.id",
    name="t.name",
    avatar_url="t.avatar_url",
    description="t.description",
    is_public="t.is_public",
    join_policy="t.join_policy",
    member_count="t.member_count",
    max_members="t.max_members",
    timezone="t.timezone",
    created_at="t.created_at",
    version="t.version",
    viewer_role="mine.role",
    sequence="""
        coalesce((SELECT c.sequence FROM channel c WHERE c.id = 'team:' || encode(uuid_send(t.id), 'hex')), 0)""",
)
_HIT = Columns(SearchHit, team=COLUMNS, rank="t.rank", name_key="t.name_key")
MINE = "LEFT JOIN team_member mine ON mine.team_id = t.id AND mine.user_id = $1 AND mine.left_at IS NULL"

_TEAMS = f"SELECT {COLUMNS} FROM team t {MINE} WHERE t.id = ANY {GIVEN} AND {TEAM_VISIBLE}"
_BY_NAME = f"SELECT {COLUMNS} FROM team t {MINE} WHERE t.name_key = $2 AND {TEAM_VISIBLE}"
_LOCK = "SELECT true FROM team WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE"
_LIVE = f"SELECT {COLUMNS} FROM team t {MINE} WHERE t.id = $2 AND t.deleted_at IS NULL"

# A word of the name begins with the query ($3, $4: patterns), or resembles it. All three use the trigram index.
_SEARCH = f"""
SELECT {_HIT} FROM (
    SELECT *, round(500000 * (similarity(name_key, $2) + word_similarity($2, name_key)))::bigint AS rank
    FROM team
    WHERE deleted_at IS NULL AND is_public AND (name_key LIKE $3 OR name_key LIKE $4 OR name_key % $2 OR name_key %> $2)
) t {MINE}
WHERE $5::bigint IS NULL OR (-t.rank, t.name_key, t.id) > (-$5, $6::text, $7::uuid)
ORDER BY -t.rank, t.name_key, t.id LIMIT $8
"""

_INSERT = """
INSERT INTO team
    (id, name, description, is_public, join_policy, max_members, timezone, created_by, created_at, updated_at, name_key,
     name_skeleton)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11)
"""
_FOUNDED = "SELECT created_at FROM team WHERE created_by = $1 AND created_at > $2 ORDER BY created_at"
_UPDATE = """
UPDATE team SET name = $2, description = $3, is_public = $4, join_policy = $5, max_members = $6, timezone = $7,
    version = version + 1, updated_at = $8, name_key = $9, avatar_url = $10,
    name_skeleton = CASE WHEN name = $2 THEN name_skeleton ELSE $11 END
WHERE id = $1
"""
_DELETE = """
WITH cancelled AS (
    UPDATE goal SET status = 'CANCELLED', updated_at = $2, version = version + 1 WHERE id IN (
        SELECT id FROM goal WHERE team_id = $1 AND status IN ('DRAFT', 'ACTIVE') ORDER BY id FOR NO KEY UPDATE)
), revoked AS (
    UPDATE team_invite SET state = 'REVOKED' WHERE team_id = $1 AND state = 'PENDING'
), closed AS (
    UPDATE team_member SET left_at = greatest($2, counts_from), left_reason = 'TEAM_DELETED'
    WHERE team_id = $1 AND left_at IS NULL
)
UPDATE team SET deleted_at = $2, updated_at = $2, version = version + 1, member_count = 0 WHERE id = $1
"""


_LAST_PICTURE = "SELECT avatar_url FROM team WHERE id = $1 AND deleted_at IS NOT NULL"


async def last_picture(db: Reader, team_id: UUID) -> str | None:
    """Return the address of the picture that a team had when it ended; None for one that has not."""
    url: str | None = await db.fetchval(_LAST_PICTURE, team_id)
    return url


async def teams(db: Reader, viewer: Viewer, team_ids: list[UUID]) -> dict[UUID, Team]:
    """Return the live teams among `team_ids` that the viewer may see, by id."""
    return {team.id: team for team in map(COLUMNS.from_row, await db.fetch(_TEAMS, viewer.user_id, team_ids))}


async def team(db: Reader, viewer: Viewer, team_id: UUID) -> Team | None:
    """Return the live team, None when there is none that the viewer may see."""
    return (await teams(db, viewer, [team_id])).get(team_id)


async def search(
    db: Reader, viewer: Viewer, query: str, limit: int, after: tuple[int, str, UUID] | None = None
) -> list[SearchHit]:
    """Return up to `limit` live public teams named like `query`, best first, that follow the key `after`."""
    wanted = name_key(query)
    literal = wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    key = after or (None, None, None)
    rows = await db.fetch(_SEARCH, viewer.user_id, wanted, f"{literal}%", f"% {literal}%", *key, limit)
    return [_HIT.from_row(row) for row in rows]


async def by_name(db: Reader, viewer: Viewer, name: str) -> Team | None:
    """Return the live team of this name in any case, None when there is none that the viewer may see."""
    row = await db.fetchrow(_BY_NAME, viewer.user_id, name_key(name))
    return None if row is None else COLUMNS.from_row(row)


async def lock(tx: Tx, viewer: Viewer, team_id: UUID) -> Team | None:
    """Return as `team` does, locked until the transaction ends.

    It is read once the lock is held: a statement that waits for a lock still sees memberships as they were before.
    """
    return await team(tx, viewer, team_id) if await tx.fetchval(_LOCK, team_id) else None


async def lock_for_guest(tx: Tx, viewer: Viewer, team_id: UUID) -> Team | None:
    """Return as `lock` does, for the bearer of a code of the team: private teams too."""
    if not await tx.fetchval(_LOCK, team_id):
        return None
    row = await tx.fetchrow(_LIVE, viewer.user_id, team_id)
    return None if row is None else COLUMNS.from_row(row)


async def founded_since(tx: Tx, user_id: UUID, since: datetime) -> list[datetime]:
    """Return when the user founded each team since then, deleted ones too."""
    return [row[0] for row in await tx.fetch(_FOUNDED, user_id, since)]


async def insert(tx: Tx, team_id: UUID, new: NewTeam, founder_id: UUID, now: datetime) -> None:
    """Insert a team without members. Raises asyncpg.UniqueViolationError when a live team's name looks like it."""
    await tx.execute(
        _INSERT,
        team_id,
        new.name,
        new.description,
        new.is_public,
        new.join_policy,
        new.max_members,
        new.timezone,
        founder_id,
        now,
        name_key(new.name),
        skeleton(new.name),
    )
    await tx.execute("INSERT INTO team_board (team_id) VALUES ($1)", team_id)


async def update(tx: Tx, team: Team, now: datetime) -> None:
    """Store what an admin may change. Raises asyncpg.UniqueViolationError when a live team's name looks like it.

    A team that looked like another one before such names were refused keeps its name.
    """
    await tx.execute(
        _UPDATE,
        team.id,
        team.name,
        team.description,
        team.is_public,
        team.join_policy,
        team.max_members,
        team.timezone,
        now,
        name_key(team.name),
        team.avatar_url,
        skeleton(team.name),
    )


async def delete(tx: Tx, team_id: UUID, now: datetime) -> None:
    """Delete the team, and with it its open goals, invites and memberships. What was walked stays counted."""
    await tx.execute(_DELETE, team_id, now)
