"""What people type, as it is kept."""

from importlib import resources

import pytest

from milequest.rules.errors import ValidationError
from milequest.rules.text import clean, zone


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
def test_what_nobody_sees_is_no_part_of_a_name(typed: str) -> None:
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
def test_a_name_with_what_shows_nothing_is_refused(name: str, unseen: str) -> None:
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
