"""Daily totals from Fitbit's activity export (`dailyActivity_merged.csv`): a record for each person and day.

Columns used: Id, ActivityDate (month/day/year, a civil date), TotalSteps, TotalDistance (kilometres) and the three
…ActiveMinutes, whose sum is the time walked.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TextIO

from milequest.rules.activities import STEPS_MAX
from milequest.rules.errors import invalid

FIRST_YEAR = 1900
MAX_DISTANCE_MM = 1_000_000_000
MINUTES_PER_DAY = 24 * 60
MINUTES = ("VeryActiveMinutes", "FairlyActiveMinutes", "LightlyActiveMinutes")
COLUMNS = ("Id", "ActivityDate", "TotalSteps", "TotalDistance", *MINUTES)

_PERSON = re.compile(r"[\w.@-]{1,64}")
_AMERICAN = re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})(?: 12:00:00 AM)?", re.ASCII)
_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})", re.ASCII)
_NUMBER = re.compile(r"\+?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DailyRecord:
    """Totals of one person and day. `duration_s` is None where the device noted no active minute."""

    line: int
    person: str
    local_date: date
    steps: int
    distance_mm: int
    duration_s: int | None

    @property
    def external_id(self) -> str:
        """Id that is the same for the same person and day, however often the file is read."""
        return f"{self.person}:{self.local_date.isoformat()}"


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that gives no record, and why."""

    line: int
    reason: str


class _SkipError(Exception):
    """The row cannot be used; the message is the reason."""


def read_daily_activity(source: TextIO, last_day: date) -> Iterator[DailyRecord | SkippedRow]:
    """Read the rows of the file, in order; days after `last_day` are in the future and skipped.

    Open it with `newline=""` and encoding `utf-8-sig`. Raises ValidationError at `file`, with the line, for what is no
    such file at all, and for quotes that don't match: rows would be lost between them.
    """
    rows = csv.DictReader(source, strict=True)
    seen: dict[tuple[str, date], int] = {}
    try:
        if missing := [column for column in COLUMNS if column not in (rows.fieldnames or ())]:
            raise invalid("file", "MALFORMED", f"columns are missing: {', '.join(missing)}")
        line = rows.line_num
        for row in rows:
            line = _only_line(row, line + 1, rows.line_num)
            try:
                record = _record(line, row, last_day)
                first = seen.setdefault((record.person, record.local_date), line)
                if first != line:
                    raise _SkipError(f"same person and day as line {first}")
                yield record
            except _SkipError as reason:
                yield SkippedRow(line, str(reason))
    except (csv.Error, UnicodeDecodeError) as error:
        raise invalid("file", "MALFORMED", f"after line {rows.line_num}: {error}") from None


def _only_line(row: Mapping[str, str | None], first: int, last: int) -> int:
    """Return the row's line. Raises ValidationError if a quoted field continues in the next line: none of ours does.

    Blank lines before the row are skipped by `csv`.
    """
    if any(value and ("\n" in value or "\r" in value) for value in _fields(row)):
        raise invalid("file", "MALFORMED", f"lines {first} to {last}: a quote that is opened is not closed in its line")
    return last


def _fields(row: Mapping[str, Any]) -> Iterator[str | None]:
    for value in row.values():
        yield from value if isinstance(value, list) else (value,)


def _record(line: int, row: Mapping[Any, Any], last_day: date) -> DailyRecord:
    if any(row[column] is None for column in COLUMNS):
        raise _SkipError("too few columns")
    if any(extra.strip() for extra in row.get(None, ())):  # as from a decimal comma, which shifts all others
        raise _SkipError("too many columns")
    person = str(row["Id"]).strip()
    if not _PERSON.fullmatch(person):
        raise _SkipError(f"Id is not an id: {person[:40]!r}")
    local_date = _date(str(row["ActivityDate"]).strip(), last_day)
    steps = int(_number(row, "TotalSteps", STEPS_MAX, whole=True))
    distance_mm = round(_number(row, "TotalDistance", MAX_DISTANCE_MM // 1_000_000) * 1_000_000)
    minutes = sum(int(_number(row, column, MINUTES_PER_DAY, whole=True)) for column in MINUTES)
    if minutes > MINUTES_PER_DAY:
        raise _SkipError(f"{minutes} active minutes in a day")
    if distance_mm == 0:
        raise _SkipError("no distance")
    return DailyRecord(line, person, local_date, steps, distance_mm, minutes * 60 or None)


def _date(text: str, last_day: date) -> date:
    matched = _AMERICAN.fullmatch(text) or _ISO.fullmatch(text)
    try:
        day = date(*(int(matched[part]) for part in ("year", "month", "day"))) if matched else None
    except ValueError:
        day = None
    if day is None:
        raise _SkipError(f"ActivityDate is not a date: {text[:40]!r}")
    if not date(FIRST_YEAR, 1, 1) <= day <= last_day:
        raise _SkipError(f"ActivityDate must be from {FIRST_YEAR}-01-01 to {last_day}, not {text[:40]!r}")
    return day


def _number(row: Mapping[Any, Any], column: str, high: int, *, whole: bool = False) -> Decimal:
    text = str(row[column]).strip()
    value = Decimal(text) if _NUMBER.fullmatch(text) else Decimal(-1)
    if not 0 <= value <= high or (whole and value != value.to_integral_value()):
        raise _SkipError(f"{column} must be a number from 0 to {high:,}, not {text[:40]!r}")
    return value
