"""Bounds of text: its length and its runs of marks are checked before any work that grows faster than it."""

import time
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from milequest.providers.gazetteer.place_names import folded
from milequest.rules import goals, invites, places, routes, teams
from milequest.rules.credentials import checked_password, display_name, email_address, email_key, normal_password
from milequest.rules.errors import ValidationError
from milequest.rules.geo import LatLng
from milequest.rules.routes import Waypoint
from milequest.rules.text import MAX_MARKS, clean, normal

NOW = datetime(2026, 11, 30, tzinfo=UTC)
ABOVE, BELOW = "\u0301", "\u0316"  # of two classes: a normal form has to sort them
MARKS = "a" + ABOVE * 62_500 + BELOW * 62_500  # 250 KB
SHORT_MARKS = "a" + ABOVE * 40 + BELOW * 40  # within every length limit
MOST_SECONDS = 0.05

INPUTS: dict[str, Callable[[str], object]] = {
    "a line": lambda text: clean("input.name", text, 1, 200),
    "lines": lambda text: clean("input.notes", text, 0, 500, lines=True),
    "a person's name": display_name,
    "an address": lambda text: email_address(f"{text}@example.org"),
    "an address's key": lambda text: email_key(f"{text}@example.org"),
    "a new password": checked_password,
    "a password": normal_password,
    "a team's name": lambda text: teams.new_team(text),
    "a team's description": lambda text: teams.new_team("Walkers", text),
    "a team's name typed again": lambda text: teams.refuse_unless_confirmed("Walkers", text),
    "a key of names": teams.name_key,
    "a goal's name": lambda text: goals._CHECKS["name"](text),
    "an invite's message": lambda text: invites.new_invite(NOW, message=text),
    "a waypoint's name": lambda text: routes.checked_waypoints([Waypoint(LatLng(0, 0), text), Waypoint(LatLng(1, 1))]),
    "a search for places": lambda text: places.checked_search(text, None, None, None),
    "a place of the gazetteer": folded,
}


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("text", [MARKS, SHORT_MARKS], ids=["long", "short"])
def test_a_flood_of_combining_marks_is_refused_before_it_is_sorted(name: str, text: str) -> None:
    before = time.process_time()
    with pytest.raises(ValidationError):
        INPUTS[name](text)
    assert time.process_time() - before < MOST_SECONDS


@pytest.mark.parametrize("mark", [ABOVE, "\u0f73", "\u0f75", "\u0f81", "\u0344", "\uff9e", "\uff9f"])
def test_marks_that_hide_in_other_characters_are_counted(mark: str) -> None:
    with pytest.raises(ValidationError) as refused:
        normal("input.name", "a" + mark * (MAX_MARKS + 1), 1_000)
    assert refused.value.fields[0].code == "MALFORMED"


def test_every_character_that_decomposes_to_marks_is_counted_as_one() -> None:
    """A missing one would bring back the work that the limit prevents."""
    for number in range(0x110000):
        character = chr(number)
        decomposed = unicodedata.normalize("NFKD", character)
        if all(map(unicodedata.combining, decomposed)):
            with pytest.raises(ValidationError):
                normal("input.name", character * (MAX_MARKS + 1), 1_000)
            if len(decomposed) == 2:
                with pytest.raises(ValidationError):
                    normal("input.name", character * (MAX_MARKS // 2 + 1), 1_000)


def test_thirty_marks_in_a_row_are_text() -> None:
    text = f"a{ABOVE * MAX_MARKS} b{BELOW * MAX_MARKS}"
    assert normal("input.name", text, 1_000) == unicodedata.normalize("NFC", text)


def test_accepted_text_whose_case_adds_marks_has_a_key() -> None:
    """Letters whose case or form adds further marks must not be refused once they are stored."""
    changing = {
        character
        for character in map(chr, range(0x110000))
        if len(character.casefold()) > 1 or len(unicodedata.normalize("NFC", character.lower())) > 1
    }
    marks = {each for each in changing if all(map(unicodedata.combining, unicodedata.normalize("NFKD", each)))}
    for character in changing - marks:
        teams.name_key(normal("input.name", character + BELOW * MAX_MARKS, 50))
        email_key(normal("input.email", f"{character}{BELOW * MAX_MARKS}@b.c", 254))
    assert changing


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\udc00" * 3])
@pytest.mark.parametrize("name", INPUTS)
def test_a_lone_surrogate_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        INPUTS[name](text)
    assert "surrogate" in refused.value.message


def test_length_is_that_of_the_normal_form() -> None:
    assert clean("input.name", "e\u0301" * 50, 3, 50) == "\u00e9" * 50
    with pytest.raises(ValidationError) as refused:
        clean("input.name", "e\u0301" * 51, 3, 50)
    assert (refused.value.fields[0].code, refused.value.fields[0].max) == ("TOO_LONG", 50)
