"""GPX as programs and devices really write it, beside what the specification says."""

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.goals import new_terms
from tests.milequest.imports.gpx_files import NAMESPACE, read, refusal, segment, track

HILL = tuple(range(100, 120))  # 20 points up a hill of 19 m
NO_ELEVATION = [
    *("-19999.0", "-32768", "65535", "9999", "-9999", "1.0e25", "1e400"),
    *("nan", "NaN", "-nan", "-nan(ind)", "-1.#IND00", "1.#QNAN", "inf", "none", "high", "8_5", "12,5", " "),
]


def climb_of(*elevations: object) -> float | None:
    points = [(1 + index / 1000, 2, each) for index, each in enumerate(elevations)]
    return read(track(segment(*points))).elevation_gain_meters


@pytest.mark.parametrize("text", NO_ELEVATION)
def test_an_elevation_that_stands_for_none_is_as_absent(text: str) -> None:
    assert climb_of(*HILL[:5], text, *HILL[6:]) == climb_of(*HILL[:5], "", *HILL[6:]) == 16


@pytest.mark.parametrize("text", NO_ELEVATION)
def test_elevations_of_which_one_in_ten_is_none_give_no_climb(text: str) -> None:
    assert climb_of(*HILL[:9], text) is None


@pytest.mark.parametrize("height", ["-430.5", "-500", "8848.86", "9000", "+12.", " 12 "])
def test_an_elevation_of_this_earth_is_kept(height: str) -> None:
    assert climb_of(height, height) == 0


@pytest.mark.parametrize(
    "namespace",
    [
        *("https://www.topografix.com/GPX/1/1", "http://www.topografix.com/GPX/1/1/", "/gpx/1/1"),
        *("http://topografix.com/GPX/1/0", "HTTP://www.topografix.com/gpx/1/0"),
    ],
)
def test_a_namespace_that_means_gpx_is_taken(namespace: str) -> None:
    text = track(segment((1, 2), (1.5, 2.5)), namespace=f'xmlns="{namespace}"')
    assert read(text).line == ((2, 1), (2.5, 1.5))


@pytest.mark.parametrize(
    "namespace",
    [
        *("http://www.topografix.com/GPX/1/2", "http://www.topografix.com/GPX/1/1/x", "http://example.com/gpx/1/1"),
        *("http://www.topografix.com.example/GPX/1/1", "gpx/1/1", "ftp://www.topografix.com/GPX/1/1"),
    ],
)
def test_a_namespace_of_something_else_is_refused(namespace: str) -> None:
    assert "not a GPX" in refusal(f'<gpx xmlns="{namespace}"/>')


def test_elements_of_two_spellings_of_the_namespace_are_one_file() -> None:
    points = '<p:trkseg xmlns:p="https://www.topografix.com/GPX/1/1/"><p:trkpt lat="1" lon="2"/></p:trkseg>'
    assert read(track(points, segment((1.01, 2)))).line == ((2, 1), (2, 1.01))


@pytest.mark.parametrize("before", ["\n", "  \r\n\t", "\ufeff\n", "\ufeff", " " * 100_000])
def test_white_space_before_the_declaration_is_passed_over(before: str) -> None:
    text = f'{before}<?xml version="1.0" encoding="UTF-8"?>{track(segment((1, 2), (1.5, 2.5)))}'
    assert read(text).name == "A walk"


def test_lines_are_counted_from_the_file_s_beginning() -> None:
    assert refusal('\n\n\n<?xml version="1.0"?>\n<html/>').startswith("line 5:")
    assert refusal("\n\n<gpx>\n<trk></gpx>").startswith("line 4:")


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("Lake&#x200B;Loop", "LakeLoop"),
        ("&#x200F;\u05e9\u05d1\u05d9\u05dc&#x200E;", "\u05e9\u05d1\u05d9\u05dc"),
        ("so&#xAD;ft &#xFEFF; hyphen", "soft hyphen"),
        ("bad&#x85;control", "bad control"),
        ("a" * 200, "a" * 100),
        ("e&#x301;" * 60, "\u00e9" * 60),
        ("&#x200B;", None),
    ],
)
def test_a_name_comes_through_without_what_names_may_not_have(written: str, read_as: str | None) -> None:
    assert read(track(segment((1, 2), (1.5, 2.5)), name=written)).name == read_as


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="<&\ufffe\uffff")))
def test_any_name_is_left_out_or_good_for_a_goal(name: str) -> None:
    found = read(track(segment((1, 2), (1.5, 2.5)), name=name)).name
    if found is not None:
        assert new_terms(found, date(2026, 1, 1), ends_on=date(2026, 2, 1), today=date(2026, 1, 1)).name == found


def test_the_file_s_own_name_serves_where_the_track_has_none() -> None:
    line = segment((1, 2), (1.5, 2.5))
    newer = f"<gpx {NAMESPACE}><metadata><name>Loop</name></metadata><trk>{line}</trk></gpx>"
    older = f"<gpx><name>Loop</name><trk><name> </name>{line}</trk></gpx>"
    assert (read(newer).name, read(older).name) == ("Loop", "Loop")
    assert read(newer.replace("<trk>", "<trk><name>Track</name>")).name == "Track"


def test_the_shape_points_of_a_garmin_route_belong_to_its_line() -> None:
    garmin = "http://www.garmin.com/xmlschemas/GpxExtensions/v3"
    shape = (
        f'<extensions><g:RoutePointExtension xmlns:g="{garmin}"><g:Subclass>0</g:Subclass>'
        '<g:rpt lat="1.2" lon="2"><g:Subclass>1</g:Subclass></g:rpt><g:rpt lat="1.2" lon="2.3"/>'
        "</g:RoutePointExtension></extensions>"
    )
    route = f'<rte><rtept lat="1" lon="2">{shape}</rtept><rtept lat="1.5" lon="2.5"/></rte>'
    assert read(f"<gpx {NAMESPACE}>{route}</gpx>").line == ((2, 1), (2, 1.2), (2.3, 1.2), (2.5, 1.5))
    assert "lat must be" in refusal(f"<gpx {NAMESPACE}>{route.replace('1.2', '91')}</gpx>")


@pytest.mark.parametrize(
    "glitches",
    [[(0.0, 0.0)], [(0.0, 0.0)] * 9, [(45.0, 9.0)], [(0.0, 0.0), (45.0, 9.0), (0.0, 0.0)]],
)
@pytest.mark.parametrize("at", [1, 3])
def test_points_that_jump_away_are_left_out(glitches: list[tuple[float, float]], at: int) -> None:
    walked = [(52.0 + index / 1000, 13.0) for index in range(6)]
    found = read(track(segment(*walked[:at], *glitches, *walked[at:])))
    assert found == read(track(segment(*walked)))


@pytest.mark.parametrize("at", [0, 6])
def test_points_without_a_fix_at_the_start_or_end_are_left_out(at: int) -> None:
    walked = [(52.0 + index / 1000, 13.0) for index in range(6)]
    assert read(track(segment(*walked[:at], (0.0, 0.0), *walked[at:]))) == read(track(segment(*walked)))


def test_a_track_that_goes_on_far_away_keeps_its_line() -> None:
    ferry = [(52.0, 13.0), (52.01, 13.0), (54.0, 13.0), (54.01, 13.0)]
    assert len(read(track(segment(*ferry))).line) == 4


def test_a_sparse_plan_out_and_back_keeps_its_line() -> None:
    plan = [(52.0, 13.0), (52.5, 13.0), (52.0, 13.0)]
    assert len(read(track(segment(*plan))).line) == 3


def test_a_track_through_the_zero_point_keeps_its_line() -> None:
    points = [(-0.001, 0.0), (0.0, 0.0), (0.001, 0.0)]
    assert len(read(track(segment(*points))).line) == 3


def test_gpx_with_many_jumps_is_read_in_bounded_time() -> None:
    points = [(index % 90, index % 180) for index in range(10_000)]
    begun = time.process_time()
    refusal(track(segment(*points)))
    assert time.process_time() - begun < 3
