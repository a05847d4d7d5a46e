"""Daily totals out of Fitbit's activity export (`dailyActivity_merged.csv`): a record for each person and day.

Columns used: Id, ActivityDate (month/day/year, a civil date), TotalSteps, TotalDistance (kilometres) and the three
…ActiveMinutes, whose sum is the time walked.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TextIO

from milequest.rules.errors import invalid

MAX_STEPS = 500_000
MAX_DISTANCE_MM = 1_000_000_000
MINUTES_PER_DAY = 24 * 60
MINUTES = ("VeryActiveMinutes", "FairlyActiveMinutes", "LightlyActiveMinutes")
COLUMNS = ("Id", "ActivityDate", "TotalSteps", "TotalDistance", *MINUTES)

_PERSON = re.compile(r"[\w.@-]{1,64}")
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: 12:00:00 AM)?")


@dataclass(frozen=True, slots=True)
class DailyRecord:
    """What one person walked on one day. `duration_s` is None where the device noted no active minute."""

    line: int
    person: str
    local_date: date
    steps: int
    distance_mm: int
    duration_s: int | None

    @property
    def external_id(self) -> str:
        """The same for the same person and day, however often the file is read."""
        return f"{self.person}:{self.local_date.isoformat()}"


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that brings no record, and why."""

    line: int
    reason: str


class _SkipError(Exception):
    """The row can't be used; the message says why."""


def read_daily_activity(source: TextIO) -> Iterator[DailyRecord | SkippedRow]:
    """The rows of the file, in order. Open it with `newline=""` and encoding `utf-8-sig`.

    Raises ValidationError at `file` for what is no such file at all.
    """
    rows = csv.DictReader(source)
    seen: dict[tuple[str, date], int] = {}
    try:
        if missing := [column for column in COLUMNS if column not in (rows.fieldnames or ())]:
            raise invalid("file", "MALFORMED", f"columns are missing: {', '.join(missing)}")
        for row in rows:
            try:
                record = _record(rows.line_num, row)
                first = seen.setdefault((record.person, record.local_date), rows.line_num)
                if first != rows.line_num:
                    raise _SkipError(f"same person and day as line {first}")
                yield record
            except _SkipError as reason:
                yield SkippedRow(rows.line_num, str(reason))
    except (csv.Error, UnicodeDecodeError) as error:
        raise invalid("file", "MALFORMED", f"after line {rows.line_num}: {error}") from None


def _record(line: int, row: Mapping[str, str | None]) -> DailyRecord:
    if any(row[column] is None for column in COLUMNS):
        raise _SkipError("too few columns")
    person = str(row["Id"]).strip()
    if not _PERSON.fullmatch(person):
        raise _SkipError(f"Id is not an id: {person[:40]!r}")
    local_date = _date(str(row["ActivityDate"]).strip())
    steps = int(_number(row, "TotalSteps", MAX_STEPS, whole=True))
    distance_mm = round(_number(row, "TotalDistance", MAX_DISTANCE_MM // 1_000_000) * 1_000_000)
    minutes = sum(int(_number(row, column, MINUTES_PER_DAY, whole=True)) for column in MINUTES)
    if minutes > MINUTES_PER_DAY:
        raise _SkipError(f"{minutes} active minutes in a day")
    if distance_mm == 0:
        raise _SkipError("no distance")
    return DailyRecord(line, person, local_date, steps, distance_mm, minutes * 60 or None)


def _date(text: str) -> date:
    try:
        if matched := _DATE.fullmatch(text):
            month, day, year = map(int, matched.groups())
            return date(year, month, day)
        return date.fromisoformat(text)
    except ValueError:
        raise _SkipError(f"ActivityDate is not a date: {text[:40]!r}") from None


def _number(row: Mapping[str, str | None], column: str, high: int, *, whole: bool = False) -> Decimal:
    text = str(row[column]).strip()
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not (value.is_finite() and 0 <= value <= high and (not whole or value == value.to_integral_value())):
        raise _SkipError(f"{column} must be a number from 0 to {high:,}, not {text[:40]!r}")
    return value
