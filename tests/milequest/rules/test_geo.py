"""Geometry on the sphere: known distances, and properties that hold anywhere on the globe."""

import math
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from milequest.rules.geo import (
    EARTH_RADIUS_M,
    Bounds,
    LatLng,
    are_antipodal,
    bounds,
    degrees,
    distance_m,
    great_circle,
    line_length_m,
)

places = st.builds(LatLng, st.floats(-90, 90), st.floats(-180, 180))
QUARTER = math.pi / 2 * EARTH_RADIUS_M


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        (LatLng(0, 0), LatLng(0, 0), 0),
        (LatLng(0, 0), LatLng(0, 90), QUARTER),
        (LatLng(0, 179), LatLng(0, -179), 2 / 90 * QUARTER),
        (LatLng(90, 12), LatLng(90, -100), 0),  # the pole has every longitude
        (LatLng(-90, 0), LatLng(90, 0), 2 * QUARTER),
        (LatLng(51.5074, -0.1278), LatLng(48.8566, 2.3522), 343_557),  # London, Paris
    ],
)
def test_distance_matches_known_values_both_ways(a: LatLng, b: LatLng, metres: float) -> None:
    assert distance_m(a, b) == pytest.approx(metres, abs=1)
    assert distance_m(a, b) == distance_m(b, a)


@given(places, places, st.floats(5_000, 2_000_000))
def test_a_great_circle_is_as_long_as_the_distance_and_evenly_divided(a: LatLng, b: LatLng, longest: float) -> None:
    assume(not are_antipodal(a, b))
    line = great_circle(a, b, longest)
    assert (line[0], line[-1]) == ((a.lng, a.lat), (b.lng, b.lat))
    assert all(-180 <= lng <= 180 and -90 <= lat <= 90 for lng, lat in line)
    assert line_length_m(line) == pytest.approx(distance_m(a, b), rel=1e-7, abs=1e-3)
    steps = [line_length_m(pair) for pair in pairwise(line)]
    assert max(steps) <= longest * (1 + 1e-7)
    assert max(steps) - min(steps) <= 1


@given(places)
def test_opposite_points_have_no_great_circle(a: LatLng) -> None:
    opposite = LatLng(-a.lat, a.lng - 180 if a.lng > 0 else a.lng + 180)
    with pytest.raises(ValueError, match="opposite"):
        great_circle(a, opposite)


def test_a_great_circle_crosses_the_antimeridian_and_the_pole() -> None:
    crossing = great_circle(LatLng(-17, 178), LatLng(-17, -178))
    assert all(abs(lng) >= 178 for lng, _ in crossing)
    over_the_pole = great_circle(LatLng(80, 0), LatLng(80, 180))
    assert max(lat for _, lat in over_the_pole) > 89.9


@pytest.mark.parametrize(
    ("line", "box"),
    [
        ([(10, 1), (20, 2), (15, -3)], (-3, 10, 2, 20)),
        ([(179, 0), (-179, 1)], (0, 179, 1, -179)),
        ([(-179, 0), (179, 1)], (0, 179, 1, -179)),
        ([(170, 0), (180, 1)], (0, 170, 1, 180)),
        ([(-170, 0), (-180, 1)], (0, -180, 1, -170)),
        ([(180, 0), (-170, 1)], (0, -180, 1, -170)),
        ([(180, 0), (-180, 1)], (0, 180, 1, 180)),
        ([(5, 7)], (7, 5, 7, 5)),
        ([(0, 0), (120, 0), (-120, 0), (0, 0)], (0, -180, 0, 180)),  # round the world
        ([(170, 0), (-100, 0), (-20, 0), (60, 0)], (0, 170, 0, 60)),  # two thirds of it, eastwards
    ],
)
def test_bounds_of_known_lines_are_right_across_the_antimeridian(
    line: list[tuple[float, float]], box: tuple[float, float, float, float]
) -> None:
    south, west, north, east = box
    assert bounds(line) == Bounds(LatLng(south, west), LatLng(north, east))


@given(st.floats(-180, 180), st.lists(st.tuples(st.floats(-20, 20), st.floats(-90, 90)), min_size=1, max_size=60))
def test_bounds_hold_every_point_and_no_more_than_was_walked(start: float, steps: list[tuple[float, float]]) -> None:
    unwrapped, line = start, []
    seen = []
    for step, lat in steps:
        unwrapped += step
        seen.append(unwrapped)
        line.append(((unwrapped + 180) % 360 - 180, degrees(lat)))
    box = bounds(line)
    west, east = box.southwest.lng, box.northeast.lng
    width = east - west if west <= east else east - west + 360
    assert width == pytest.approx(min(max(seen) - min(seen), 360), abs=1e-9)
    for lng, lat in line:
        assert box.southwest.lat <= lat <= box.northeast.lat
        assert (lng - west) % 360 <= width + 1e-9 or (west - lng) % 360 <= 1e-9


def test_bounds_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        bounds([])
