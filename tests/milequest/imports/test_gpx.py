"""GPX files, good and bad."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.imports import gpx
from milequest.imports.gpx import GpxTrack, read_gpx
from milequest.rules.enums import LegQuality
from milequest.rules.errors import ValidationError
from milequest.rules.geo import LatLng, line_length_m
from milequest.settings import PROJECT
from tests.milequest.imports.gpx_files import NAMESPACE, read, refusal, segment, track

TRAIL = PROJECT.parent / "shared/data/appalachian-trail.gpx"


@pytest.mark.parametrize("namespace", [NAMESPACE, NAMESPACE.replace("1/1", "1/0"), ""])
def test_gpx_track_gives_name_line_waypoints_and_leg(namespace: str) -> None:
    found = read(track(segment((1, 2), (1.5, 2.5)), namespace=namespace))
    assert found == GpxTrack("A walk", ((2, 1), (2.5, 1.5)), None)
    assert [waypoint.position for waypoint in found.waypoints] == [LatLng(1, 2), LatLng(1.5, 2.5)]
    assert [(leg.line, leg.quality) for leg in found.legs] == [(found.line, LegQuality.ROUTED)]


def test_gpx_with_prefixes_extensions_and_waypoints_is_read() -> None:
    text = """<?xml version="1.0" encoding="ISO-8859-1"?>
    <g:gpx xmlns:g="http://www.topografix.com/GPX/1/1" xmlns:x="urn:x"><g:wpt lat="9" lon="9"/><g:trk>
      <g:name> Caf\xe9
        round </g:name><g:extensions><x:trkseg><x:trkpt lat="999" lon="1"/></x:trkseg><x:name>no</x:name></g:extensions>
      <g:trkseg><g:trkpt lat="1" lon="2"><g:extensions><x:ele>9</x:ele></g:extensions></g:trkpt>
      <g:trkpt lat="+1.5" lon=".25e1"/></g:trkseg></g:trk></g:gpx>"""
    assert read(text.encode("latin-1")) == GpxTrack("Café round", ((2, 1), (2.5, 1.5)), None)


def test_pieces_are_joined_without_repeated_points() -> None:
    found = read(track(segment((1, 2), (1.01, 2)), "<trkseg/>", segment((1.01, 2), (1.02, 2), (1.02, 2))))
    assert found.line == ((2, 1), (2, 1.01), (2, 1.02))


def test_pieces_far_apart_are_refused() -> None:
    assert "222.4 km between two" in refusal(track(segment((1, 2), (1.01, 2)), segment((3.01, 2), (3.02, 2))))


def test_a_planned_route_will_do_where_there_is_no_track() -> None:
    points = '<rtept lat="1" lon="2"><ele>5</ele></rtept><rtept lat="2" lon="2"><ele>25</ele></rtept>'
    route = f"<rte><name>Plan</name>{points}</rte>"
    assert read(f"<gpx {NAMESPACE}>{route}</gpx>") == GpxTrack("Plan", ((2, 1), (2, 2)), 20)
    both = track(segment((5, 5), (6, 6))).replace("</gpx>", f"{route}</gpx>")
    assert read(both).name == "A walk"


@pytest.mark.parametrize(
    ("elevations", "climb"),
    [
        ((100, 150, 120, 200), 130),
        ((100, 102, 100, 103, 101, 104.9), 0),  # noise
        ((100, 103, 106, 109, 112), 12),  # slowly up
        ((300, 200, 100), 0),
        ((0, "", "NaN", 50), None),
    ],
)
def test_elevation_gain_is_the_climb_without_noise(elevations: tuple[object, ...], climb: float | None) -> None:
    points = [(1 + index / 100, 2, each) for index, each in enumerate(elevations)]
    assert read(track(segment(*points))).elevation_gain_meters == climb


def test_elevation_gain_with_one_elevation_missing_in_many_is_kept() -> None:
    points = [(1 + index / 100, 2, "" if index == 7 else index * 10) for index in range(20)]
    assert read(track(segment(*points))).elevation_gain_meters == 190


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: no element found"),
        ("<gpx>\n<trk></gpx>", "line 2: mismatched tag"),
        ("not xml", "line 1: syntax error"),
        ("<html/>", "line 1: this is not a GPX"),
        ('<gpx xmlns="http://example.com"/>', "line 1: this is not a GPX"),
        ("<gpx/>", "there is no track"),
        (track("<trkseg/>"), "there is no track"),
        (track(segment((1, 2))), "0.000 km long"),
        (track(segment((1, 2), (1.00001, 2))), "0.001 km long"),
        (track(segment(*((1, lng) for lng in (0, 130, -100, 30, 160)))), "km long, not 0.01 to 50,000"),
        (track(segment((91, 2))), "line 1: lat must be a number from -90 to 90, not '91'"),
        (track(segment((1, 2))).replace('lon="2"', 'lon="180.1"'), "lon must be a number from -180 to 180"),
        (track(segment((1, 2))).replace('lon="2"', ""), "lon must be a number"),
        (track(segment((1, 2))).replace('lon="2"', 'lon="nan"'), "lon must be a number"),
        (track(segment((1, 2))).replace('lon="2"', 'lon="1_0"'), "lon must be a number"),
        ("<gpx>" + "<a>" * 60, "elements 50 deep"),
        ('<?xml version="1.0" encoding="rot13"?><gpx/>', "encoding can't be read"),
        (b"<gpx>\xff</gpx>", "line 1: not well-formed"),
    ],
)
def test_bad_gpx_file_is_refused_with_its_reason(text: str | bytes, reason: str) -> None:
    assert reason in refusal(text)


def test_entities_that_expand_are_refused_before_they_do() -> None:
    lines = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 20))
    bomb = f'<?xml version="1.0"?>\n<!DOCTYPE gpx [<!ENTITY b0 "ha">{lines}]><gpx>&b19;</gpx>'
    assert refusal(bomb) == "line 2: a GPX file has no document type"
    assert "document type" in refusal('<!DOCTYPE gpx SYSTEM "file:///etc/passwd"><gpx/>')


def test_gpx_file_beyond_its_points_or_bytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text = track(segment((1, 2), (1.1, 2), (1.2, 2)))
    monkeypatch.setattr(gpx, "MAX_POINTS", 2)
    assert "more than 2 points" in refusal(text)
    monkeypatch.setattr(gpx, "MAX_POINTS", 3)
    assert len(read(text).line) == 3
    monkeypatch.setattr(gpx, "MAX_BYTES", len(text) - 1)
    assert "must have at most" in refusal(text)


@given(st.binary(max_size=300))
def test_bytes_are_a_track_or_a_refusal(data: bytes) -> None:
    for text in (data, b"<gpx><trk><trkseg>" + data):
        with suppress(ValidationError):
            assert len(read(text).line) >= 2


@given(st.lists(st.tuples(st.floats(51, 51.5), st.floats(13, 13.5)), min_size=2, max_size=20))
def test_gpx_line_keeps_every_distinct_point(points: list[tuple[float, float]]) -> None:
    line = [(lng, lat) for lat, lng in points]
    distinct = [line[0], *(after for before, after in pairwise(line) if before != after)]
    try:
        assert list(read(track(segment(*points))).line) == distinct
    except ValidationError:
        assert not 10 < line_length_m(distinct) <= 50_000_000


@pytest.mark.skipif(not TRAIL.exists(), reason=f"the Appalachian Trail's GPX file is not at {TRAIL}")
def test_appalachian_trail_has_its_known_length_and_climb() -> None:
    with TRAIL.open("rb") as file:
        found = read_gpx(file)
    assert (found.name, len(found.line)) == ("AT", 9928)
    assert line_length_m(found.line) == pytest.approx(3_119_500, abs=50)
    assert found.elevation_gain_meters == pytest.approx(117_400, rel=0.01)
