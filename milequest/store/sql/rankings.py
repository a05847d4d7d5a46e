"""The rows of leaderboards in rank order. SQL is the truth; there is no other copy.

On a team's board are its present members, on a goal's all who walked for it but were not removed from the team, on
boards of teams the public ones. Users who opted out of leaderboards or were deleted are on none, and the others' ranks
are counted without them.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from milequest.rules.access import Viewer
from milequest.rules.boards import BoardKind
from milequest.rules.enums import LeaderboardBasis, LeaderboardMetric
from milequest.store.sql import rank_statements, teams
from milequest.store.sql.boards import Leaderboard
from milequest.store.sql.teams import Team
from milequest.store.sql.transaction import Reader
from milequest.store.sql.users import CARD, User

T = TypeVar("T")

ABOVE_ALL = 2**63 - 1  # a value no row has: the place before the first row


@dataclass(frozen=True, slots=True)
class LeaderboardEntry:
    """A competitor's row. `raw` is the value as it is stored: millimetres, seconds, steps or days."""

    board: Leaderboard
    rank: int
    raw: int
    value: float
    attained_at: datetime
    competitor: User | Team
    distance_meters: float
    activity_count: int
    last_activity_at: datetime


@dataclass(frozen=True, slots=True)
class RankedPosition:
    """The viewer's standing; `ahead` and `behind` are the nearest rows with another value."""

    true_value: float
    entry: LeaderboardEntry | None
    ahead: LeaderboardEntry | None
    behind: LeaderboardEntry | None


@dataclass(frozen=True, slots=True)
class RankCursor:
    """A row's sort key, as held by a cursor."""

    raw: int = ABOVE_ALL
    attained_at: datetime | None = None
    name: str | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RankQuery:
    """A requested page: `size` rows of a board after a place, with their total number if `counted`."""

    board: Leaderboard
    size: int
    after: RankCursor = RankCursor()
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Ranked:
    """The requested rows, and their total number if requested."""

    entries: Sequence[LeaderboardEntry]
    total: int | None


_COLUMNS = {
    LeaderboardMetric.DISTANCE: "distance_mm",
    LeaderboardMetric.DURATION: "duration_s",
    LeaderboardMetric.STEPS: "steps",
    LeaderboardMetric.ACTIVE_DAYS: "active_days",
}


async def pages(db: Reader, viewer: Viewer, asks: Sequence[RankQuery]) -> dict[RankQuery, Ranked]:
    """Return the requested pages, in one statement per ranked column. The caller has asked the policy for boards."""
    found: dict[RankQuery, Ranked] = {}
    for (of, column), group in _by_column(asks, [ask.board for ask in asks]).items():
        boards = [ask.board for ask in group]
        columns = zip(*((ask.size, ask.counted, *astuple(ask.after)) for ask in group), strict=True)
        rows = await db.fetch(rank_statements.pages(of, column), *_asked(viewer, boards), *columns)
        entries: list[list[LeaderboardEntry]] = [[] for _ in group]
        totals: list[int | None] = [None for _ in group]
        for n, total, *row in rows:
            totals[n - 1] = total
            if row[0] is not None:
                entries[n - 1].append(_entry(boards[n - 1], row))
        found |= {ask: Ranked(entries[n], totals[n]) for n, ask in enumerate(group)}
    return found


async def standings(db: Reader, viewer: Viewer, boards: Sequence[Leaderboard]) -> dict[Leaderboard, RankedPosition]:
    """Return the viewer's standing on each board. The caller has asked the policy for the boards."""
    found: dict[Leaderboard, RankedPosition] = {}
    for (of, column), group in _by_column(boards, boards).items():
        for n, true_value, place, *row in await db.fetch(rank_statements.standings(of, column), *_asked(viewer, group)):
            board = group[n - 1]
            standing = found.get(board) or RankedPosition(_wire(board, true_value), None, None, None)
            found[board] = _with(standing, place, _entry(board, row)) if place else standing
    return found


def _with(standing: RankedPosition, place: str, entry: LeaderboardEntry) -> RankedPosition:
    match place:
        case "entry":
            return replace(standing, entry=entry)
        case "ahead":
            return replace(standing, ahead=entry)
        case _:
            return replace(standing, behind=entry)


async def ranks(
    db: Reader, viewer: Viewer, boards: Sequence[Leaderboard], ids: Sequence[UUID]
) -> dict[tuple[Leaderboard, UUID], int]:
    """Return the ranks of the competitors `ids` on each board; nothing for those who are not on it."""
    found: dict[tuple[Leaderboard, UUID], int] = {}
    for (of, column), group in _by_column(boards, boards).items():
        rows = await db.fetch(rank_statements.ranks(of, column), *_asked(viewer, group), ids)
        found |= {(group[n - 1], competitor_id): rank for n, competitor_id, rank in rows}
    return found


def _by_column(items: Sequence[T], boards: Sequence[Leaderboard]) -> dict[tuple[BoardKind, str], list[T]]:
    """Return the items by the table and column of their boards."""
    groups: dict[tuple[BoardKind, str], list[T]] = {}
    for item, board in zip(items, boards, strict=True):
        averaged = board.basis is LeaderboardBasis.AVERAGE_PER_ACTIVE_MEMBER
        column = "average_mm" if averaged else _COLUMNS[board.metric]
        groups.setdefault((board.key.kind, column), []).append(item)
    return groups


def _asked(viewer: Viewer, boards: Sequence[Leaderboard]) -> tuple[list[Any], ...]:
    """Return the arrays that every statement begins with."""
    return (
        [viewer.user_id] * len(boards),
        [board.key.owner_id for board in boards],
        [board.period.value for board in boards],
        [board.window.starts_on for board in boards],
        [board.window.ends_on for board in boards],
    )


def _entry(board: Leaderboard, row: Sequence[Any]) -> LeaderboardEntry:
    rank, raw, attained_at, distance_mm, activity_count, last_activity_at, *card = row
    competitor = teams.COLUMNS.from_row(card) if board.key.kind is BoardKind.TEAMS else CARD.from_row(card)
    return LeaderboardEntry(
        board,
        rank,
        raw,
        _wire(board, raw),
        attained_at,
        competitor,
        distance_mm / 1000,
        activity_count,
        last_activity_at,
    )


def _wire(board: Leaderboard, raw: int) -> float:
    """Return a stored value as clients see it: metres, seconds, steps or days."""
    return raw / 1000 if board.metric is LeaderboardMetric.DISTANCE else float(raw)
