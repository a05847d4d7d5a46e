"""The statements behind leaderboards, as SQL text: one for each kind of board and ranked column.

Each answers for many boards at once and walks an index in rank order for each: `asked` holds one row per requested
board. Equal values are ordered by the instant they were attained, then by name and id; the name is compared by its
bytes in ASCII lower case, so that every database sorts alike (`rules.boards.sort_name`).
"""

from dataclasses import dataclass
from functools import cache

from milequest.rules.boards import BoardKind
from milequest.store.sql import teams
from milequest.store.sql.scopes import shown
from milequest.store.sql.users import CARD


@dataclass(frozen=True, slots=True)
class _Source:
    """SQL of boards of one kind: `e` holds the values, `who` is the table of competitors' cards.

    `tables` and `window` select the competitors of a board, `cards` adds further columns of the card; `own` selects the
    viewer's competitor, on the board or hidden from it, and `walks` are the viewer's walks behind the value, private
    ones too; without it the value itself is the true one.
    """

    who: str
    card: str
    tables: str
    window: str
    seen: str
    own: str
    cards: str = ""
    walks: str | None = None


_SHOWS = "u.show_on_leaderboards AND u.deleted_at IS NULL"
_SOURCES = {
    BoardKind.TEAM: _Source(
        who="u",
        card=str(CARD),
        tables="""board_entry e JOIN app_user u ON u.id = e.user_id
            JOIN team_member m ON m.team_id = e.team_id AND m.user_id = e.user_id AND m.left_at IS NULL""",
        window="e.team_id = asked.owner_id AND e.period = asked.period AND e.starts_on = asked.starts_on",
        seen=_SHOWS,
        own="e.user_id = asked.viewer_id",
        walks="""contribution w WHERE w.team_id = asked.owner_id AND w.user_id = asked.viewer_id
            AND w.local_date BETWEEN asked.starts_on AND asked.ends_on""",
    ),
    BoardKind.GOAL: _Source(
        who="u",
        card=str(CARD),
        tables="goal_entry e JOIN app_user u ON u.id = e.user_id",
        window="e.goal_id = asked.owner_id",
        seen=f"{_SHOWS} AND {shown('(SELECT team_id FROM goal WHERE id = asked.owner_id)', 'e.user_id')}",
        own="e.user_id = asked.viewer_id",
        walks="goal_contribution w WHERE w.goal_id = asked.owner_id AND w.user_id = asked.viewer_id",
    ),
    BoardKind.TEAMS: _Source(
        who="t",
        card=str(teams.COLUMNS),
        tables="team_entry e",
        window="e.period = asked.period AND e.starts_on = asked.starts_on",
        seen="true",
        own="mine.id IS NOT NULL",
        cards="""JOIN team t ON t.id = e.team_id LEFT JOIN team_member mine
            ON mine.team_id = e.team_id AND mine.user_id = asked.viewer_id AND mine.left_at IS NULL""",
    ),
}

_BOARD = {"viewer_id": "uuid", "owner_id": "uuid", "period": "text", "starts_on": "date", "ends_on": "date"}
_PAGE = _BOARD | {
    "size": "int",
    "counted": "bool",
    "raw": "bigint",
    "attained_at": "timestamptz",
    "name": "text",
    "id": "uuid",
}


def _asked(columns: dict[str, str]) -> str:
    """Return `asked`: one array per column, `asked.n` numbers the rows from 1.

    OFFSET 0 hides the arrays' lengths: if it knew them, PostgreSQL would plan anew each time, for ten times the cost.
    """
    arrays = ", ".join(f"${n}::{kind}[] AS {name}" for n, (name, kind) in enumerate(columns.items(), 1))
    given = ", ".join(f"given.{name}" for name in columns)
    return f"""(SELECT {arrays} OFFSET 0) AS given
    CROSS JOIN unnest({given}) WITH ORDINALITY AS asked ({", ".join(columns)}, n)"""


def _summed(column: str) -> str:
    return "count(DISTINCT w.local_date)" if column == "active_days" else f"coalesce(sum(w.{column}), 0)::bigint"


class _Board:
    """Parts of the statements over one column of one kind of board."""

    def __init__(self, kind: BoardKind, column: str) -> None:
        source = _SOURCES[kind]
        self.value = value = f"e.{column}"
        self.id = f"e.{'team_id' if kind is BoardKind.TEAMS else 'user_id'}"
        self.tie = f'(e.attained_at, lower({source.who}.name COLLATE "C"), {self.id})'
        self.true = f"(SELECT {_summed(column)} FROM {source.walks})" if source.walks else "coalesce(mine.raw, 0)"
        self.seen = f"FROM {source.tables} WHERE {source.window} AND {source.seen} AND {value} > 0"
        # Not `> 0`: with an upper bound PostgreSQL would expect next to no rows between the two, and not use the order.
        cards = f"FROM {source.tables} {source.cards} WHERE {source.window} AND {value} <> 0"
        self.cards = f"{cards} AND {source.seen}"
        columns = f"{value} AS raw, e.attained_at, e.distance_mm, e.activity_count, e.last_activity_at, {source.card}"
        self._seen = f"SELECT {columns} {self.cards}"
        self._own = f"SELECT {columns} {cards} AND {source.own}"

    def rows(self, where: str, size: str) -> str:
        """Return the first `size` rows among those `where`."""
        return self._ordered(f"{self._seen} AND {where}", size, "DESC", "ASC")

    def nearest(self, where: str) -> str:
        """Return the last row among those `where`."""
        return self._ordered(f"{self._seen} AND {where}", "1", "ASC", "DESC")

    def best_own(self) -> str:
        """Return the best row of the viewer's competitors."""
        return self._ordered(self._own, "1", "DESC", "ASC")

    def _ordered(self, select: str, size: str, values: str, ties: str) -> str:
        """Order rows: WITH TIES takes those needed from the index in its order; only those few are sorted by name."""
        return f"""
    SELECT * FROM (
        {select}
        ORDER BY {self.value} {values}, e.attained_at {ties} FETCH FIRST ({size}) ROWS WITH TIES
    ) AS taken
    ORDER BY raw {values}, attained_at {ties}, lower(name COLLATE "C") {ties}, id {ties} LIMIT {size}"""


@cache
def pages(kind: BoardKind, column: str) -> str:
    """Return a statement that takes arrays of viewer, owner, period, window, size, counted and start key.

    Rows: asked.n, their total number (null unless counted), rank, raw, attained_at, distance_mm, activity_count,
    last_activity_at, card; a board without a row gives one with nulls.
    """
    board, place = _Board(kind, column), "(asked.attained_at, asked.name, asked.id)"
    before = f"{board.value} = asked.raw AND {board.tie} <= {place}"
    following = f"{board.value} <= asked.raw AND ({board.value} < asked.raw OR {board.tie} > {place})"
    return f"""
SELECT asked.n, whole.total, page.*
FROM {_asked(_PAGE)}
CROSS JOIN LATERAL (SELECT CASE WHEN asked.counted THEN (SELECT count(*) {board.seen}) END AS total OFFSET 0) AS whole
CROSS JOIN LATERAL (SELECT count(*) AS rows {board.seen} AND {board.value} > asked.raw) AS better
CROSS JOIN LATERAL (SELECT count(*) AS rows {board.cards} AND {before}) AS tied
LEFT JOIN LATERAL (
    SELECT better.rows + CASE WHEN top.raw = asked.raw THEN 1
        ELSE tied.rows + rank() OVER (ORDER BY top.raw DESC) END AS rank, top.*
    FROM ({board.rows(following, "asked.size")}) AS top
) AS page ON true
ORDER BY asked.n, page.rank, page.attained_at, lower(page.name COLLATE "C"), page.id"""


@cache
def standings(kind: BoardKind, column: str) -> str:
    """Return a statement that takes arrays of viewer, owner, period and window.

    Rows: asked.n, true value, `entry`, `ahead` or `behind`, and from rank on as in `pages`. A hidden viewer gets the
    rank they would have; without an entry it is the one behind the last.
    """
    board = _Board(kind, column)
    return f"""
SELECT asked.n, own.true_value, near.*
FROM {_asked(_BOARD)}
LEFT JOIN LATERAL ({board.best_own()}) AS mine ON true
CROSS JOIN LATERAL (SELECT coalesce(mine.raw, 0) AS raw, {board.true} AS true_value OFFSET 0) AS own
CROSS JOIN LATERAL (SELECT count(*) AS rows {board.seen} AND {board.value} > own.raw) AS better
LEFT JOIN LATERAL (
    SELECT 'entry' AS place, better.rows + 1 AS rank, mine.* WHERE mine.raw IS NOT NULL
    UNION ALL
    SELECT 'ahead', better.rows + 1 - (SELECT count(*) {board.seen} AND {board.value} = ahead.raw), ahead.*
    FROM ({board.nearest(f"{board.value} > own.raw")}) AS ahead
    UNION ALL
    SELECT 'behind', better.rows + 1 + (SELECT count(*) {board.seen} AND {board.value} = own.raw), behind.*
    FROM ({board.rows(f"{board.value} < own.raw", "1")}) AS behind
) AS near ON true"""


@cache
def ranks(kind: BoardKind, column: str) -> str:
    """Return a statement of arrays of viewer, owner, period and window, and competitors' ids. Rows: n, id, rank."""
    board = _Board(kind, column)
    return f"""
SELECT asked.n, ranked.id, ranked.rank
FROM {_asked(_BOARD)}
CROSS JOIN LATERAL (SELECT {board.id} AS id, rank() OVER (ORDER BY {board.value} DESC) AS rank {board.seen}) AS ranked
WHERE ranked.id = ANY(${len(_BOARD) + 1}::uuid[])"""
