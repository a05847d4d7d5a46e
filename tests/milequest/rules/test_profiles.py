"""Rules of profiles: language tags and strides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.errors import QuestError
from milequest.rules.profiles import locale, profile_changes, stride_mm


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("en", "en"),
        ("EN-gb", "en-GB"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("de-CH-1901", "de-CH-1901"),
        ("sl-ROZAJ-biske", "sl-rozaj-biske"),
        ("fil", "fil"),
        ("en-US-u-fw-mon-mu-celsius", "en-US-u-fw-mon-mu-celsius"),  # as Android 14 has it
        ("EN-us-U-FW-Mon", "en-US-u-fw-mon"),
        ("de-DE-u-co-phonebk-t-en-x-Mine", "de-DE-u-co-phonebk-t-en-x-mine"),
        ("en-x-a", "en-x-a"),
    ],
)
def test_language_tag_is_written_in_its_usual_form(typed: str, written: str) -> None:
    assert locale("input.locale", typed) == written
    assert locale("input.locale", written) == written


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "e",
        "english",
        "en_GB",
        "en-",
        "-en",
        "en--GB",
        "én",
        "en-ü",
        "en" + "-abcdefgh" * 11,
        "en\n",
        "en-u",
        "en-u-a",
        "en-x",
        "x-y",
    ],
)
def test_malformed_language_tag_is_refused(typed: str) -> None:
    with pytest.raises(QuestError):
        locale("input.locale", typed)


@given(st.floats())
def test_strides_are_within_reach_or_refused(meters: float) -> None:
    if 0.3 <= meters <= 1.5:
        assert abs(stride_mm("input.strideMeters", meters) - meters * 1000) <= 0.5
    else:
        with pytest.raises(QuestError):
            stride_mm("input.strideMeters", meters)


def test_only_what_is_given_is_changed() -> None:
    assert profile_changes({}) == {}
    assert profile_changes({"stride_meters": None, "locale": None}) == {"stride_mm": None, "locale": None}
    assert profile_changes({"stride_meters": 0.75, "name": " Ann "}) == {"stride_mm": 750, "name": "Ann"}
