"""Skeletons: names that people take for each other have the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.errors import ValidationError
from milequest.rules.lookalikes import LIST, skeleton
from milequest.rules.text import clean


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alpha", "\u0391lpha"),  # Greek
        ("Alpha", "\u0410lph\u0430"),  # Cyrillic
        ("Alpha", "\u13aalpha"),  # Cherokee
        ("scope", "\u0455\u0441\u043e\u0440\u0435"),  # Cyrillic throughout
        ("HOME", "\u041d\u041e\u041c\u0415"),
        ("PayPal", "PayPaI"),
        ("O2", "02"),
        ("modern", "modem"),
        ("finish", "\ufb01nish"),
        ("Walkers", "Walkers\ufe0f"),
        ("Team 2", "Team \u00b2"),
        ("Dawn Patrol", "DAWN PATROL"),
        ("Don't", "Don\u2019t"),
        ("e\u0301t\u00e9", "\u00e9te\u0301"),
    ],
)
def test_names_that_look_alike_have_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Dawn", "Down"), ("Alpha", "\u00c1lpha"), ("Team 1", "Team 2"), ("DawnPatrol", "Dawn Patrol")]
)
def test_names_that_look_different_have_two(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@given(st.text(max_size=50))
def test_every_name_that_is_taken_has_a_skeleton_whatever_its_case(text: str) -> None:
    try:
        name = clean("input.name", text, 1, 50)
    except ValidationError:
        return
    assert skeleton(name) == skeleton(name)


def test_the_list_is_text_without_what_turns_text_around() -> None:
    assert LIST.read_bytes().isascii()


def test_a_name_with_as_many_marks_as_there_may_be_has_a_skeleton() -> None:
    name = clean("input.name", "\u01d8" + "\u0316" * 30, 1, 50)  # of which two more marks are made
    assert len(skeleton(name)) == 33
