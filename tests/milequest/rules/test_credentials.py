"""Input of sign-ups: the normal forms, and refusals."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.credentials import (
    checked_password,
    checked_sign_up,
    display_name,
    email_address,
    email_key,
    normal_code,
)
from milequest.rules.enums import Units
from milequest.rules.errors import ValidationError


def faults(
    email: str = "ada@example.org", password: str = "Correct-Horse-1", name: str = "Ada", timezone: str = "UTC"
) -> dict[str, str]:
    """Return the faults of a sign-up, code by path."""
    with pytest.raises(ValidationError) as refusal:
        checked_sign_up(email, password, name, timezone)
    return {fault.path: fault.code for fault in refusal.value.fields}


def test_a_sign_up_is_kept_in_its_normal_form() -> None:
    request = checked_sign_up(
        "  Ada.B\u0065\u0301@Example.ORG ", "Correct-Horse-1", " Ada ", "Europe/London", Units.KILOMETERS
    )
    assert request.email == "Ada.B\u00e9@Example.ORG"
    assert request.email_key == "ada.b\u00e9@example.org"
    assert (request.name, request.timezone, request.preferred_units) == ("Ada", "Europe/London", Units.KILOMETERS)
    assert checked_sign_up("ada@example.org", "Correct-Horse-1", "Ada").timezone == "UTC"


def test_sign_up_with_several_faults_reports_all_of_them() -> None:
    assert faults(email="ada", password="Short1", name=" ", timezone="Mars/Olympus") == {
        "input.email": "MALFORMED",
        "input.password": "OUT_OF_RANGE",
        "input.name": "TOO_SHORT",
        "input.timezone": "UNKNOWN_ZONE",
    }


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "a@b@c",
        "a b@c.d",
        "a@b\u200b.c",
        "a@b.c\x00",
        "a@b\n.c",
        '"a"@b.c',
        "a@\ud800.c",
    ],
)
def test_malformed_email_address_is_refused(email: str) -> None:
    assert faults(email=email) == {"input.email": "MALFORMED"}


def test_an_address_has_254_characters_64_before_the_at() -> None:
    email_address("a" * 64 + "@" + "b" * 189)
    for address in ("a" * 65 + "@b.c", "a@" + "b" * 253):
        assert faults(email=address) == {"input.email": "TOO_LONG"}


def test_no_foreign_letter_turns_an_address_into_another_ones_key() -> None:
    """A mailbox with, say, a Kelvin sign is not that with a k, unless Unicode treats them as one character."""
    for number in range(128, sys.maxunicode + 1):
        letter = chr(number)
        if unicodedata.category(letter) != "Cs" and email_key(f"a{letter}@b.c").isascii():
            assert unicodedata.normalize("NFC", letter).isascii(), hex(number)
    assert email_key("stra\u00dfe@b.c") != email_key("strasse@b.c")


@given(st.emails())
def test_email_key_is_its_own_key(address: str) -> None:
    assert email_key(email_key(address)) == email_key(address) == email_key(f" {address.swapcase()} ")


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("Sh0rt12", ["OUT_OF_RANGE"]),
        ("Aa1" + "x" * 98, ["OUT_OF_RANGE"]),
        ("correct-horse-1", ["TOO_WEAK"]),
        ("CORRECT-HORSE-1", ["TOO_WEAK"]),
        ("Correct-Horse-x", ["TOO_WEAK"]),
        ("", ["OUT_OF_RANGE", "TOO_WEAK"]),
        ("Correct-Horse-1\ud800", ["MALFORMED"]),
    ],
)
def test_a_weak_password_is_refused(password: str, codes: list[str]) -> None:
    with pytest.raises(ValidationError) as refusal:
        checked_password(password)
    assert [fault.code for fault in refusal.value.fields] == codes
    assert password not in str(refusal.value) or not password


@pytest.mark.parametrize("password", ["Aa345678", "Aa1" + "x" * 97, "\u00c4\u00f6\u0663 grass e", " Ab1     "])
def test_valid_password_is_accepted(password: str) -> None:
    assert checked_password(password) == password


def test_a_password_is_the_same_from_every_keyboard() -> None:
    assert checked_password("Caf\u0065\u0301-12345") == "Caf\u00e9-12345"


@pytest.mark.parametrize("name", ["A\x00da", "Ada\nLovelace", "\ud800", "a" * 101])
def test_a_name_with_controls_or_too_long_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        display_name(name)


@pytest.mark.parametrize(
    ("text", "code"),
    [("123456", "123456"), (" 123 456\n", "123456"), ("123-456", "123456")]
    + [(wrong, None) for wrong in ("12345", "1234567", "12345a", "", "\u0661\u0662\u0663\u0664\u0665\u0666")],
)
def test_a_code_is_six_digits_however_spaced(text: str, code: str | None) -> None:
    assert normal_code(text) == code
