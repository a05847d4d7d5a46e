"""Normalisation of people's input."""

from collections.abc import Callable
from importlib import resources

import pytest

from milequest.rules.errors import ValidationError
from milequest.rules.text import clean, clean_optional, is_unseen, normal, presentable, required, whole, zone


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Dawn Patrol ", "Dawn Patrol"),
        ("DAWN   PATROL", "DAWN PATROL"),
        ("Dawn\u2003\u00a0Patrol", "Dawn Patrol"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("Team \U0001f469\u200d\U0001f469\u200d\U0001f467", "Team \U0001f469\u200d\U0001f469\u200d\U0001f467"),
        ("Walkers \u2764\ufe0f 1\ufe0f\u20e3", "Walkers \u2764\ufe0f 1\ufe0f\u20e3"),
        ("\u845b\U000e0100 walkers", "\u845b\U000e0100 walkers"),
        ("\u0e01\u0e34\u0e19 \u0939\u093f", "\u0e01\u0e34\u0e19 \u0939\u093f"),
        ("\u0645\u06cc\u200c\u0631\u0648\u0645", "\u0645\u06cc\u200c\u0631\u0648\u0645"),
    ],
)
def test_a_name_is_kept_as_it_looks(typed: str, kept: str) -> None:
    assert clean("input.name", typed, 3, 50) == kept


@pytest.mark.parametrize(
    "typed",
    ["\u200b" * 4, "Dawn\u202ePatrol", "Dawn\u200dPatrol", "\U0001f469\u200d\u200d\U0001f469", "Dawn\u00adPatrol"],
)
def test_name_with_invisible_characters_is_malformed(typed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        clean("input.name", typed, 3, 50)
    assert refused.value.fields[0].code == "MALFORMED"


def test_notes_keep_their_lines_and_marks() -> None:
    assert clean("input.notes", "One\n\n  two \u200f", 0, 500, lines=True) == "One\n\n  two \u200f"


UNSEEN = "\u3164\u2800\u115f\u1160\uffa0\u034f\u17b4\u180e\u180b"
UNSEEN += "\u2065\ufff0\ufe0f\U000e0041\U0001d159\u202e\u2066\u200f\u061c\u00ad"


@pytest.mark.parametrize(
    "name", ["{0}{0}{0}{0}", "Dawn{0}Patrol", "{0}Dawn Patrol", "Dawn Patrol{0}", "Dawn {0} Patrol"]
)
@pytest.mark.parametrize("unseen", UNSEEN)
def test_name_of_invisible_characters_is_refused(name: str, unseen: str) -> None:
    with pytest.raises(ValidationError) as refused:
        clean("input.name", name.format(unseen), 3, 50)
    assert refused.value.fields[0].code == "MALFORMED"


@pytest.mark.parametrize(
    "name", ["\u0301\u0302\u0303", "\u0301bc def", "Dawn \u0301\u0301\u0301", "\u093e\u093f\u0940"]
)
def test_a_name_of_marks_without_letters_is_refused(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        clean("input.name", name, 3, 50)
    assert refused.value.fields[0].code == "MALFORMED"


@pytest.mark.parametrize("name", ["localtime", "Factory", "posix/UTC", "right/UTC", "posixrules", "../UTC", "", "utc"])
def test_a_zone_that_is_none_of_the_packages_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        zone("input.timezone", name)


def test_every_zone_of_the_package_is_taken_and_known_to_python() -> None:
    names = set(resources.files("tzdata").joinpath("zones").read_text("utf-8").split()) - {"Factory"}
    assert len(names) > 500
    assert {zone("input.timezone", name).key for name in names} == names


MARKS = "must not hold more than 30 combining marks in a row"


@pytest.mark.parametrize(
    ("wrong", "code", "message", "bounds"),
    [
        (lambda: normal("a", "x" * 9, 2), "TOO_LONG", "must have at most 2 characters", {"max": 2}),
        (lambda: normal("a", "\ud800", 2), "MALFORMED", "must not hold lone surrogates, which are no characters", {}),
        (
            lambda: normal("a", chr(0xDFFF), 2),
            "MALFORMED",
            "must not hold lone surrogates, which are no characters",
            {},
        ),
        (lambda: normal("a", "e" + "\u0301" * 31, 50), "MALFORMED", MARKS, {}),
        (lambda: normal("a", "e" + "\u0301" * 37, 50, derived=True), "MALFORMED", MARKS, {}),
        (lambda: clean("a", "x" * 9, 1, 2), "TOO_LONG", "must have at most 2 characters", {"max": 2}),
        (lambda: clean("a", "x\x00y", 1, 9), "MALFORMED", "control characters are not allowed", {}),
        (lambda: clean("a", "x\ny", 1, 9), "MALFORMED", "control characters are not allowed", {}),
        (lambda: clean("a", "x\u200by", 1, 9), "MALFORMED", "invisible characters are not allowed", {}),
        (lambda: clean("a", "x \u0301y", 1, 9), "MALFORMED", "no word may begin with a combining mark", {}),
        (lambda: clean("a", "x", 2, 3), "TOO_SHORT", "must have 2 to 3 characters", {"min": 2, "max": 3}),
        (lambda: clean("a", "x" * 4, 2, 3), "TOO_LONG", "must have 2 to 3 characters", {"min": 2, "max": 3}),
        (lambda: clean_optional("a", "x\ny", 9), "MALFORMED", "control characters are not allowed", {}),
        (lambda: required("a", None), "REQUIRED", "cannot be cleared: leave it out, or give a value", {}),
        (lambda: whole("a", 1, 2, 3), "OUT_OF_RANGE", "must be 2 to 3", {"min": 2, "max": 3}),
        (lambda: whole("a", 4, 2, 3), "OUT_OF_RANGE", "must be 2 to 3", {"min": 2, "max": 3}),
        (lambda: zone("a", "Factory"), "UNKNOWN_ZONE", "must be an IANA time zone such as Europe/Paris", {}),
    ],
)
def test_refused_text_has_its_field_and_bounds(
    wrong: Callable[[], object], code: str, message: str, bounds: dict[str, int]
) -> None:
    with pytest.raises(ValidationError) as refused:
        wrong()
    assert refused.value.extensions()["fields"] == [{"path": "a", "code": code, "message": message} | bounds]


def test_bounds_themselves_are_within_them() -> None:
    assert [whole("a", value, 2, 3) for value in (2, 3)] == [2, 3]
    assert normal("a", "x" * 8, 2) == "x" * 8
    assert [clean("a", "x" * length, 2, 3) for length in (2, 3)] == ["xx", "xxx"]
    assert len(normal("a", "e" + "\u0316" * 30, 50)) == 31
    assert len(normal("a", "\u0316" * 30, 50)) == 30
    assert len(normal("a", "e" + "\u0316" * 36, 50, derived=True)) == 37
    assert clean("a", "\U0001f3f3\ufe0f\u200d\U0001f308", 1, 9) == "\U0001f3f3\ufe0f\u200d\U0001f308"
    assert clean_optional("a", "x\n\r\ty", 9, lines=True) == "x\n\r\ty"
    assert (clean_optional("a", None, 9), clean_optional("a", " ", 9), required("a", 0)) == (None, None, 0)


def test_controls_and_surrogates_are_unseen_and_letters_are_seen() -> None:
    assert [is_unseen(character) for character in ("\x00", "\u200b", "\ud800", "\u3164", "x", "\u0301")] == [
        *(True, True, True, True, False, False)
    ]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("A\u200b walk\x00\nhome", "A walk home"),
        ("\U0001f3f3\ufe0f\u200d\U0001f308", "\U0001f3f3\ufe0f\u200d\U0001f308"),
        ("x" * 21, "x" * 20),
        ("\u200b" * 159 + "x", "x"),
        ("\u200b" * 160 + "x", None),
        ("x" * 19 + " y", "x" * 19),
        ("e" + "\u0301" * 31, None),
        ("\u200b \u200b", None),
        ("x" + "\u200b" * 157 + "é\u200dé", "xé"),
    ],
)
def test_a_name_out_of_a_file_is_kept_as_far_as_it_can_be(written: str, kept: str | None) -> None:
    assert presentable(written, 20) == kept
