"""Leaderboards: the kinds there are, their names, the days they show, and when they are final.

Order of a board: value, largest first; earliest attained; name; id. Equal values share a rank: 1, 2, 2, 4.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from uuid import UUID

from milequest.rules.activities import BACKDATE
from milequest.rules.calendar import Window, window
from milequest.rules.enums import LeaderboardBasis, LeaderboardMetric, LeaderboardPeriod
from milequest.rules.errors import ValidationError, invalid

DEFAULT_FIRST = 10
MAX_FIRST = 100
LAST_ZONE = timedelta(hours=12)  # a day ends last at UTC−12

DATED = (LeaderboardPeriod.DAY, LeaderboardPeriod.WEEK, LeaderboardPeriod.MONTH)
_NAME = re.compile(r"([a-z]+)_([a-z]+)(?:_([0-9a-f]{32}))?(?:_([0-9]{8}))?", re.ASCII)


class BoardKind(Enum):
    """Competitors of a board: a team's members, a goal's contributors, or all public teams."""

    TEAM = 1
    GOAL = 2
    TEAMS = 3


@dataclass(frozen=True, slots=True)
class BoardKey:
    """Key of a board. `owner_id` is the team, with period GOAL the goal, and None on boards of teams.

    `starts_on` is the first day of a window that was chosen by a date. Without it the board shows the current window
    and keeps its name when the next one begins.
    """

    period: LeaderboardPeriod
    metric: LeaderboardMetric = LeaderboardMetric.DISTANCE
    basis: LeaderboardBasis = LeaderboardBasis.TOTAL
    owner_id: UUID | None = None
    starts_on: date | None = None

    @property
    def kind(self) -> BoardKind:
        """The kind of competitors."""
        if self.owner_id is None:
            return BoardKind.TEAMS
        return BoardKind.GOAL if self.period is LeaderboardPeriod.GOAL else BoardKind.TEAM

    def shown(self, today: date) -> Window:
        """Return the window it shows. A goal's window is defined by the goal."""
        return window(self.period, self.starts_on or today)

    def text(self) -> str:
        """Return the board's name, read by `parse_key`: `week_distance_<32 hex digits>_20261116`, `month_average`."""
        parts = [_word(self.period)]
        if self.owner_id is None:
            parts += [_word(self.basis)]
        else:
            parts += [_word(self.metric), self.owner_id.hex]
        if self.starts_on is not None:
            parts += [self.starts_on.isoformat().replace("-", "")]
        return "_".join(parts)


def board_key(
    period: LeaderboardPeriod,
    *,
    metric: LeaderboardMetric | None = None,
    basis: LeaderboardBasis | None = None,
    owner_id: UUID | None = None,
    day: date | None = None,
) -> BoardKey:
    """Return the board of `period` that holds `day`, or that of the current window. ALL_TIME and GOAL take no day."""
    return BoardKey(
        period,
        metric or LeaderboardMetric.DISTANCE,
        basis or LeaderboardBasis.TOTAL,
        owner_id,
        window(period, day).starts_on if day is not None and period in DATED else None,
    )


def parse_key(text: str, path: str = "id") -> BoardKey:
    """Return the board with this `BoardKey.text`. Raises VALIDATION_ERROR at `path`."""
    match = _NAME.fullmatch(text)
    if match is None:
        raise _malformed(path)
    period, ranked, owner, day = match.groups()
    try:
        key = board_key(
            _PERIODS[period],
            metric=_METRICS[ranked] if owner else None,
            basis=None if owner else _BASES[ranked],
            owner_id=UUID(owner) if owner else None,
            day=datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).date() if day else None,
        )
    except (KeyError, ValueError):
        raise _malformed(path) from None
    of_no_goal = key.kind is BoardKind.TEAMS and key.period is LeaderboardPeriod.GOAL
    if of_no_goal or key.text() != text:  # e.g. a week that begins on a Tuesday
        raise _malformed(path)
    return key


def _word(member: LeaderboardPeriod | LeaderboardMetric | LeaderboardBasis) -> str:
    """Return an enum member as it is spelled in a board's name: one word, since `_` separates the words."""
    if member is LeaderboardBasis.AVERAGE_PER_ACTIVE_MEMBER:
        return "average"
    return member.value.replace("_", "").lower()


_PERIODS = {_word(period): period for period in LeaderboardPeriod}
_METRICS = {_word(metric): metric for metric in LeaderboardMetric}
_BASES = {_word(basis): basis for basis in LeaderboardBasis}


def _malformed(path: str) -> ValidationError:
    return invalid(path, "MALFORMED", "not the id of a board")


def closes_at(shown: Window) -> datetime | None:
    """Return the instant from which no walk can be added: the window has ended everywhere, and so has the time to log.

    None for ALL_TIME, and where the calendar ends before.
    """
    if shown.period not in DATED or shown.ends_on > date.max - BACKDATE - timedelta(days=2):
        return None
    return datetime.combine(shown.ends_on + timedelta(days=1), time(), UTC) + LAST_ZONE + BACKDATE


def final_windows(days: Collection[date], now: datetime) -> list[Window]:
    """Return the windows of these days that are final at `now`, in order."""
    shown = {window(period, day) for period in DATED for day in days}
    closed = [(one, closes_at(one)) for one in shown]
    return sorted((one for one, at in closed if at and now >= at), key=lambda one: (one.period, one.starts_on))


def previous(shown: Window) -> Window | None:
    """Return the previous window of the same period; ALL_TIME and GOAL have none."""
    if shown.period not in DATED or shown.starts_on == date.min:
        return None
    return window(shown.period, shown.starts_on - timedelta(days=1))


def sort_name(name: str) -> str:
    """Return the key that orders names where values and instants are equal: ASCII lower case, then code points."""
    return name.encode().lower().decode()
