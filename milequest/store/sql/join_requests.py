"""Requests to join a team. Every write is under the team's lock, so rows need none of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.rules.access import Viewer
from milequest.rules.enums import JoinRequestState
from milequest.rules.join_requests import SHOWN_MAX, may_ask_again_at
from milequest.store.sql.columns import Columns
from milequest.store.sql.scopes import GIVEN, INVITES_VISIBLE, REQUEST_VISIBLE, TEAM_VISIBLE
from milequest.store.sql.team_pages import by_team
from milequest.store.sql.teams import COLUMNS as TEAM_COLUMNS
from milequest.store.sql.teams import MINE, Team
from milequest.store.sql.transaction import Reader, Tx
from milequest.store.sql.users import CARD, User


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """A request as the team's admins and its author see it."""

    id: UUID
    team: Team
    user: User
    message: str | None
    request_state: JoinRequestState
    created_at: datetime
    answered_at: datetime | None

    @property
    def may_ask_again_at(self) -> datetime | None:
        """From when its author may ask the team again, if it was rejected."""
        return may_ask_again_at(self.request_state, self.answered_at)


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Team, author and state of a request. Only the state changes."""

    team_id: UUID
    user_id: UUID
    state: JoinRequestState


@dataclass(frozen=True, slots=True)
class EarlierRequests:
    """Earlier requests: the pending one, how many are pending of the user and to the team, and the last rejection."""

    pending_id: UUID | None
    of_user: int
    of_team: int
    rejected_at: datetime | None


def _columns(team: Columns[Team] | None) -> Columns[JoinRequest]:
    return Columns(
        JoinRequest,
        id="r.id",
        team=team,
        user=CARD,
        message="r.message",
        request_state="r.state",
        created_at="r.created_at",
        answered_at="r.answered_at",
    )


_COLUMNS, _OF_KNOWN_TEAM = _columns(TEAM_COLUMNS), _columns(None)
_SELECT = f"""
SELECT {_COLUMNS}
FROM join_request r JOIN app_user u ON u.id = r.user_id JOIN team t ON t.id = r.team_id {MINE}
"""
_BY_IDS = f"{_SELECT} WHERE r.id = ANY {GIVEN} AND {REQUEST_VISIBLE}"
_OF_VIEWER = f"""{_SELECT} WHERE r.user_id = $1 AND {TEAM_VISIBLE}
ORDER BY r.created_at DESC, r.id DESC LIMIT {SHOWN_MAX}"""
_PAGES = f"""
SELECT t.id, {_OF_KNOWN_TEAM}
FROM team t CROSS JOIN LATERAL (
    SELECT * FROM join_request
    WHERE team_id = t.id AND state = 'PENDING' AND ($3::timestamptz IS NULL OR (created_at, id) > ($3, $4::uuid))
    ORDER BY created_at, id LIMIT $5
) r JOIN app_user u ON u.id = r.user_id
WHERE t.id = ANY {GIVEN} AND {INVITES_VISIBLE}
ORDER BY r.created_at, r.id
"""
_EARLIER = """
SELECT
    (SELECT id FROM join_request WHERE team_id = $1 AND user_id = $2 AND state = 'PENDING'),
    (SELECT count(*) FROM join_request WHERE user_id = $2 AND state = 'PENDING'),
    (SELECT count(*) FROM join_request WHERE team_id = $1 AND state = 'PENDING'),
    (SELECT max(answered_at) FROM join_request WHERE team_id = $1 AND user_id = $2 AND state = 'REJECTED')
"""
_INSERT = "INSERT INTO join_request (id, team_id, user_id, message, created_at) VALUES ($1, $2, $3, $4, $5)"
_ANSWER = "UPDATE join_request SET state = $2, answered_at = $3, answered_by = $4 WHERE id = $1"
_ASKED = "SELECT team_id FROM join_request WHERE user_id = $1 AND state = 'PENDING'"
_END = """
UPDATE join_request SET state = 'ENDED', answered_at = $2
WHERE team_id = $1 AND state = 'PENDING' AND ($3::uuid IS NULL OR user_id = $3)
RETURNING id
"""


async def by_ids(db: Reader, viewer: Viewer, request_ids: list[UUID]) -> dict[UUID, JoinRequest]:
    """Return the requests among `request_ids` that the viewer may see, by id."""
    return {one.id: one for one in map(_COLUMNS.from_row, await db.fetch(_BY_IDS, viewer.user_id, request_ids))}


async def of_viewer(db: Reader, viewer: Viewer) -> list[JoinRequest]:
    """Return the viewer's own requests to teams that they see, newest first: SHOWN_MAX at most."""
    return [_COLUMNS.from_row(row) for row in await db.fetch(_OF_VIEWER, viewer.user_id)]


async def pages_of(
    db: Reader, viewer: Viewer, teams: Sequence[Team], after: tuple[datetime, UUID] | None, limit: int
) -> dict[UUID, list[JoinRequest]]:
    """Return up to `limit` pending requests to each team, oldest first, after the key `after`; none if not an admin."""
    given = [team.id for team in teams], *(after or (None, None)), limit
    return by_team(await db.fetch(_PAGES, viewer.user_id, *given), teams, _OF_KNOWN_TEAM)


async def key_of(db: Reader, request_id: UUID) -> RequestKey | None:
    """Return team, author and state of a request. The state is certain once the team is locked."""
    row = await db.fetchrow("SELECT team_id, user_id, state FROM join_request WHERE id = $1", request_id)
    return None if row is None else RequestKey(row[0], row[1], JoinRequestState(row[2]))


async def earlier(tx: Tx, team_id: UUID, user_id: UUID) -> EarlierRequests:
    """Return what counts against a new request of the user to the team. The caller has locked both."""
    row = await tx.fetchrow(_EARLIER, team_id, user_id)
    assert row is not None, "a SELECT without FROM has one row"
    return EarlierRequests(*row)


async def insert(tx: Tx, request_id: UUID, team_id: UUID, user_id: UUID, message: str | None, now: datetime) -> None:
    """Insert a pending request."""
    await tx.execute(_INSERT, request_id, team_id, user_id, message, now)


async def answer(
    tx: Tx, request_id: UUID, state: JoinRequestState, now: datetime, answered_by: UUID | None = None
) -> None:
    """Give a pending request its final state; `answered_by` is the admin who did."""
    await tx.execute(_ANSWER, request_id, state.value, now, answered_by)


async def end_pending(tx: Tx, team_id: UUID, now: datetime, user_id: UUID | None = None) -> list[UUID]:
    """End the pending requests to a team, or that of one user; return their ids."""
    return [row[0] for row in await tx.fetch(_END, team_id, now, user_id)]


async def teams_asked(tx: Tx, user_id: UUID) -> list[UUID]:
    """Return the teams that have a pending request of the user."""
    return [row[0] for row in await tx.fetch(_ASKED, user_id)]
