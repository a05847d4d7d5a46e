"""Rules of teams: names as they are compared, updates field by field, and from when walks count."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.enums import JoinPolicy
from milequest.rules.errors import QuestError
from milequest.rules.teams import (
    counts_from,
    name_key,
    new_team,
    refuse_below_present,
    refuse_if_full,
    refuse_unless_confirmed,
    team_changes,
)


@pytest.mark.parametrize(
    ("one", "other"), [("Walkers", "wALKERS"), ("Ñandúes", "ÑANDÚES"), ("Straße", "STRASSE"), ("Café", "Cafe\u0301")]
)
def test_team_names_that_differ_by_case_or_form_have_one_key(one: str, other: str) -> None:
    assert name_key(new_team(one).name) == name_key(new_team(other).name)


@given(st.text())
def test_team_name_key_is_its_own_key(text: str) -> None:
    assert name_key(name_key(text)) == name_key(text)


def test_only_what_is_given_is_changed() -> None:
    assert team_changes({}) == {}
    assert team_changes({"description": None}) == {"description": None}
    assert team_changes({"name": "  Walkers ", "join_policy": JoinPolicy.OPEN}) == {
        "name": "Walkers",
        "join_policy": JoinPolicy.OPEN,
    }


def test_team_has_no_more_members_than_seats() -> None:
    refuse_if_full(49, 50)
    with pytest.raises(QuestError, match="50 seats"):
        refuse_if_full(50, 50)
    refuse_below_present(50, 50)
    with pytest.raises(QuestError, match="50 members"):
        refuse_below_present(49, 50)


@pytest.mark.parametrize("typed", ["walkers", "Walker", "", "W" * 60])
def test_confirmation_by_a_different_name_is_refused(typed: str) -> None:
    refuse_unless_confirmed("Walkers", " Walkers ")
    with pytest.raises(QuestError):
        refuse_unless_confirmed("Walkers", typed)


@pytest.mark.parametrize(
    ("zone", "joined", "start"),
    [
        ("UTC", "2026-11-22T15:00", "2026-11-22T00:00"),
        ("Pacific/Auckland", "2026-11-22T15:00", "2026-11-22T11:00"),  # it is the 23rd there
        ("America/New_York", "2026-11-22T03:00", "2026-11-21T05:00"),  # and still the 21st there
        ("America/Sao_Paulo", "2018-11-04T15:00", "2018-11-04T03:00"),  # a day without midnight
        ("Europe/Berlin", "2026-10-25T20:00", "2026-10-24T22:00"),  # a day of 25 hours
    ],
)
def test_walks_count_from_the_start_of_the_joining_day(zone: str, joined: str, start: str) -> None:
    began = counts_from(_utc(joined), ZoneInfo(zone), None)
    assert began == _utc(start)
    left = _utc(joined) - timedelta(hours=1)
    assert counts_from(_utc(joined), ZoneInfo(zone), left) == max(left, began)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
