"""What people type, as it is kept."""

import pytest

from milequest.rules.errors import ValidationError
from milequest.rules.text import clean


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Dawn Patrol ", "Dawn Patrol"),
        ("DAWN   PATROL", "DAWN PATROL"),
        ("Dawn\u2003\u00a0Patrol", "Dawn Patrol"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("Team \U0001f469\u200d\U0001f469\u200d\U0001f467", "Team \U0001f469\u200d\U0001f469\u200d\U0001f467"),
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
