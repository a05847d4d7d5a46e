"""Fitbit's daily activity export, good and bad."""

import csv
import io
from collections import Counter, defaultdict
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.imports.fitbit_csv import DailyRecord, SkippedRow, read_daily_activity
from milequest.rules.errors import ValidationError
from milequest.settings import PROJECT

MONTH = PROJECT.parent / "shared/data/fitbit-2016-daily-activity.csv"
HEAD = "Id,ActivityDate,TotalSteps,TotalDistance,VeryActiveMinutes,FairlyActiveMinutes,LightlyActiveMinutes"

TODAY = date(2026, 11, 30)


def read(*rows: str, head: str = HEAD) -> list[DailyRecord | SkippedRow]:
    return list(read_daily_activity(io.StringIO("\r\n".join([head, *rows]), newline=""), TODAY))


def test_fitbit_row_is_read_as_a_record() -> None:
    [record] = read("15039,4/12/2016,13162,8.5,25,13,328")
    assert record == DailyRecord(2, "15039", date(2016, 4, 12), 13162, 8_500_000, 366 * 60)
    assert record.external_id == "15039:2016-04-12"


@pytest.mark.parametrize("text", ["12/31/2016", "2016-12-31", "12/31/2016 12:00:00 AM"])
def test_date_in_each_known_format_is_read(text: str) -> None:
    [record] = read(f"1,{text},0,1,0,0,0")
    assert isinstance(record, DailyRecord)
    assert record.local_date == date(2016, 12, 31)


def test_kilometres_become_whole_millimetres_exactly() -> None:
    [record] = read("1,4/12/2016,1,6.96999979,0,0,1")
    assert isinstance(record, DailyRecord)
    assert record.distance_mm == 6_970_000
    [small] = read("1,4/12/2016,1,0.0000006,0,0,1")
    assert isinstance(small, DailyRecord)
    assert small.distance_mm == 1


def test_without_active_minutes_the_duration_is_unknown() -> None:
    [record] = read("1,4/12/2016,1,1,0,0,0")
    assert isinstance(record, DailyRecord)
    assert record.duration_s is None


def test_row_with_extra_and_reordered_columns_is_read() -> None:
    head = (
        "Calories,TotalDistance,TotalSteps,ActivityDate,Id,LightlyActiveMinutes,FairlyActiveMinutes,VeryActiveMinutes"
    )
    [record] = read("99,2,3,1/2/2016,me,4,5,6", head=head)
    assert record == DailyRecord(2, "me", date(2016, 1, 2), 3, 2_000_000, 900)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,4/12/2016,10,0,0,0,0", "no distance"),
        ("1,4/12/2016,10,0.0000001,0,0,0", "no distance"),
        ("1,4/12/2016,10", "too few columns"),
        (",4/12/2016,10,1,0,0,0", "Id is not an id: ''"),
        ("a b,4/12/2016,10,1,0,0,0", "Id is not an id: 'a b'"),
        ("1,13/12/2016,10,1,0,0,0", "ActivityDate is not a date: '13/12/2016'"),
        ("1,2/30/2016,10,1,0,0,0", "ActivityDate is not a date: '2/30/2016'"),
        ("1,,10,1,0,0,0", "ActivityDate is not a date: ''"),
        ("1,4/12/2016,-1,1,0,0,0", "TotalSteps must be a number from 0 to 300,000, not '-1'"),
        ("1,4/12/2016,1.5,1,0,0,0", "TotalSteps must be a number from 0 to 300,000, not '1.5'"),
        ("1,4/12/2016,10,NaN,0,0,0", "TotalDistance must be a number from 0 to 1,000, not 'NaN'"),
        ("1,4/12/2016,10,sNaN,0,0,0", "TotalDistance must be a number from 0 to 1,000, not 'sNaN'"),
        ("1,4/12/2016,10,1e999999,0,0,0", "TotalDistance must be a number from 0 to 1,000, not '1e999999'"),
        ("1,4/12/2016,10,1001,0,0,0", "TotalDistance must be a number from 0 to 1,000, not '1001'"),
        ("1,4/12/2016,300001,1,0,0,0", "TotalSteps must be a number from 0 to 300,000, not '300001'"),
        ("1,4/12/2016,10,8_5,0,0,0", "TotalDistance must be a number from 0 to 1,000, not '8_5'"),
        ("1,4/12/2016,10,Infinity,0,0,0", "TotalDistance must be a number from 0 to 1,000, not 'Infinity'"),
        ("1,4/12/2016,10,\u0668,0,0,0", "TotalDistance must be a number from 0 to 1,000, not '\u0668'"),
        ("1,4/12/2016,10,1e-9999999999,0,0,0", "TotalDistance must be a number from 0 to 1,000, not '1e-9999999999'"),
        ('1,4/12/2016,10,"7,5",0,0,0', "TotalDistance must be a number from 0 to 1,000, not '7,5'"),
        ("1,4/12/2016,10,7,5,0,0,0", "too many columns"),
        ("1,12/31/9999,10,1,0,0,0", "ActivityDate must be from 1900-01-01 to 2026-11-30, not '12/31/9999'"),
        ("1,12/31/1899,10,1,0,0,0", "ActivityDate must be from 1900-01-01 to 2026-11-30, not '12/31/1899'"),
        ("1,1/1/0001,10,1,0,0,0", "ActivityDate must be from 1900-01-01 to 2026-11-30, not '1/1/0001'"),
        ("1,12/1/2026,10,1,0,0,0", "ActivityDate must be from 1900-01-01 to 2026-11-30, not '12/1/2026'"),
        ("1,1/1/0000,10,1,0,0,0", "ActivityDate is not a date: '1/1/0000'"),
        ("1,20160412,10,1,0,0,0", "ActivityDate is not a date: '20160412'"),
        ("1,2016-W15-2,10,1,0,0,0", "ActivityDate is not a date: '2016-W15-2'"),
        ("1,4/12/2016,10,1,1441,0,0", "VeryActiveMinutes must be a number from 0 to 1,440, not '1441'"),
        ("1,4/12/2016,10,1,700,700,41", "1441 active minutes in a day"),
    ],
)
def test_a_row_that_cant_be_used_says_why_and_the_others_go_on(row: str, reason: str) -> None:
    first, skipped, last = read("1,1/1/2016,1,1,1,1,1", row, "1,1/2/2016,1,1,1,1,1")
    assert skipped == SkippedRow(3, reason)
    assert isinstance(first, DailyRecord)
    assert isinstance(last, DailyRecord)
    assert last.line == 4


def test_the_same_day_twice_counts_once() -> None:
    rows = read("1,4/12/2016,1,1,0,0,1", "2,4/12/2016,1,1,0,0,1", "1,4/12/2016,9,9,0,0,9")
    assert rows[2] == SkippedRow(4, "same person and day as line 2")


@pytest.mark.parametrize("head", ["", "Id,ActivityDate", "a;b;c"])
def test_file_without_the_needed_columns_is_refused(head: str) -> None:
    with pytest.raises(ValidationError, match="columns are missing"):
        read("1,2,3", head=head)


def test_bytes_that_are_no_text_are_refused() -> None:
    source = io.TextIOWrapper(io.BytesIO(HEAD.encode() + b"\n1,\xff\xfe"), "utf-8-sig", newline="")
    with pytest.raises(ValidationError, match="file: after line"):
        list(read_daily_activity(source, TODAY))


PEOPLE = [f"p{number},4/12/2016,10,1,1,1,1" for number in range(28)]


@pytest.mark.parametrize("quoted", ['"p2,4/12/2016,10,1,1,1,1', 'p2,"4/12/2016,10,1,1,1,1', 'p2,4/12/2016,10,1,1,1,"1'])
@pytest.mark.parametrize("later", [[], ['"p99,4/12/2016,10,1,1,1,1'], ['p99,4/12/2016,10,1,1,1,1"']])
def test_a_stray_quote_refuses_the_file_instead_of_losing_rows(quoted: str, later: list[str]) -> None:
    with pytest.raises(ValidationError, match="line"):
        read(*PEOPLE[:2], quoted, *PEOPLE[2:], *later)


def test_text_after_a_closed_quote_refuses_the_file() -> None:
    with pytest.raises(ValidationError, match="after line"):
        read('"p1"x,4/12/2016,10,1,1,1,1', *PEOPLE)


def test_sound_quotes_blank_lines_and_empty_columns_are_taken() -> None:
    rows = read('"1","4/12/2016","10","1","1","1","1"', "", "2,4/12/2016,10,1,1,1,1,,")
    assert [(row.line, row.person) for row in rows if isinstance(row, DailyRecord)] == [(2, "1"), (4, "2")]


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=60), max_size=8))
def test_any_text_gives_records_reasons_or_a_refusal(rows: list[str]) -> None:
    with suppress(ValidationError):
        assert all(isinstance(row, SkippedRow) for row in read(*rows))


@pytest.mark.skipif(not MONTH.exists(), reason=f"the month of 33 people is not at {MONTH}")
def test_real_month_of_33_people_is_read_with_its_totals() -> None:
    with MONTH.open(newline="", encoding="utf-8-sig") as file:
        rows = list(read_daily_activity(file, TODAY))
    records = [row for row in rows if isinstance(row, DailyRecord)]
    assert len(rows) == 940
    assert Counter(row.reason for row in rows if isinstance(row, SkippedRow)) == {"no distance": 78}
    assert sum(record.duration_s is None for record in records) == 7
    assert (min(r.local_date for r in records), max(r.local_date for r in records)) == (
        date(2016, 4, 12),
        date(2016, 5, 12),
    )

    kilometres: defaultdict[str, Decimal] = defaultdict(Decimal)
    with MONTH.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            kilometres[row["Id"]] += Decimal(row["TotalDistance"])
    totals = Counter[str]()
    for record in records:
        totals[record.person] += record.distance_mm
    assert len(totals) == 33
    for person, total_mm in totals.items():
        assert abs(total_mm - kilometres[person] * 1_000_000) < 1000
