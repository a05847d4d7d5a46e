"""Validation of waypoints, zooms and searches, and the paths of their faults."""

import math

import pytest

from milequest.rules.enums import WaypointKind
from milequest.rules.errors import ValidationError
from milequest.rules.geo import LatLng
from milequest.rules.places import PlaceSearch, checked_position, checked_search
from milequest.rules.routes import MAX_WAYPOINTS, Waypoint, checked_waypoints, checked_zoom, waypoint_kind
from milequest.rules.templates import ROUTE_TEMPLATES

PARIS, LYON = LatLng(48.8566, 2.3522), LatLng(45.764, 4.8357)


def points(*positions: tuple[float, float]) -> list[Waypoint]:
    return [Waypoint(LatLng(lat, lng)) for lat, lng in positions]


def faults(waypoints: list[Waypoint]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        checked_waypoints(waypoints)
    return [(fault.path, fault.code) for fault in caught.value.fields]


def test_names_are_trimmed_and_empty_ones_are_none() -> None:
    checked = checked_waypoints([Waypoint(PARIS, " Paris ", True), Waypoint(LYON, "  ")])
    assert checked == (Waypoint(PARIS, "Paris", True), Waypoint(LYON, None))


@pytest.mark.parametrize("count", [0, 1, MAX_WAYPOINTS + 1])
def test_the_number_of_waypoints_has_limits(count: int) -> None:
    with pytest.raises(ValidationError) as caught:
        checked_waypoints(points(*((0, n) for n in range(count))), "waypoints")
    [fault] = caught.value.fields
    assert (fault.path, fault.min, fault.max) == ("waypoints", 2, 25)


def test_two_and_twenty_five_waypoints_are_enough() -> None:
    assert len(checked_waypoints(points((0, 0), (0, 1)))) == 2
    assert len(checked_waypoints(points(*((0, n) for n in range(MAX_WAYPOINTS))))) == MAX_WAYPOINTS


@pytest.mark.parametrize("lat", [90.001, -91, math.nan, math.inf, -math.inf])
def test_a_latitude_out_of_range_is_named(lat: float) -> None:
    assert faults(points((0, 0), (lat, 1))) == [("input.waypoints[1].position.lat", "OUT_OF_RANGE")]


def test_every_fault_is_reported_at_once() -> None:
    bad = [*points((0, 181), (95, 0)), Waypoint(PARIS, "x" * 101), Waypoint(LYON, "a\x00b")]
    assert faults(bad) == [
        ("input.waypoints[0].position.lng", "OUT_OF_RANGE"),
        ("input.waypoints[1].position.lat", "OUT_OF_RANGE"),
        ("input.waypoints[2].name", "TOO_LONG"),
        ("input.waypoints[3].name", "MALFORMED"),
    ]


def test_neighbours_are_more_than_ten_metres_apart() -> None:
    nine, eleven = 9 / 111_195, 11 / 111_195
    assert faults(points((0, 0), (nine, 0))) == [("input.waypoints[1].position", "DUPLICATE")]
    assert faults(points((10, 180), (10, -180))) == [("input.waypoints[1].position", "DUPLICATE")]
    assert checked_waypoints(points((0, 0), (eleven, 0)))


def test_a_circuit_may_end_where_it_starts() -> None:
    assert checked_waypoints(points((39.7, -105), (40, -105), (39.7, -105)))


def test_opposite_neighbours_are_refused() -> None:
    assert faults(points((10, 20), (-10, -160))) == [("input.waypoints[1].position", "ANTIPODAL")]


def test_a_route_is_at_most_50_000_km_long() -> None:
    around = [(0, lng) for lng in (0, 120, -120, 0, 120)]  # four thirds of the equator: 53,373 km
    assert checked_waypoints(points(*around[:4]))
    assert faults(points(*around)) == [("input.waypoints", "TOO_LONG")]


def test_waypoint_kinds_are_start_stop_and_end() -> None:
    assert [waypoint_kind(index, 3) for index in range(3)] == [WaypointKind.START, WaypointKind.STOP, WaypointKind.END]


def test_zoom_beyond_0_to_24_is_refused() -> None:
    assert [checked_zoom(zoom) for zoom in (None, 0, 24)] == [None, 0, 24]
    for zoom in (-1, 25):
        with pytest.raises(ValidationError):
            checked_zoom(zoom)


def test_templates_are_routes_with_stable_ids() -> None:
    assert [str(template.id)[:8] for template in ROUTE_TEMPLATES] == ["bedf572e", "19f9eb6e", "fd2b01ac"]
    assert [template.name for template in ROUTE_TEMPLATES] == sorted(template.name for template in ROUTE_TEMPLATES)
    for template in ROUTE_TEMPLATES:
        assert checked_waypoints(template.waypoints) == template.waypoints


def test_a_search_is_brought_into_its_normal_form() -> None:
    assert checked_search("  New   York ", None, "us", None) == PlaceSearch("New York", None, "US", 5)


@pytest.mark.parametrize(
    ("query", "near", "country", "first", "path"),
    [
        ("", None, None, 5, "query"),
        (" \t", None, None, 5, "query"),
        ("x" * 257, None, None, 5, "query"),
        ("a " * 21, None, None, 5, "query"),
        ("Paris", LatLng(91, 0), None, 5, "near.lat"),
        ("Paris", LatLng(0, math.nan), None, 5, "near.lng"),
        ("Paris", None, "FRA", 5, "country"),
        ("Paris", None, "", 5, "country"),
        ("Paris", None, "é1", 5, "country"),
        ("Paris", None, None, 0, "first"),
        ("Paris", None, None, 11, "first"),
    ],
)
def test_a_bad_search_names_the_field(
    query: str, near: LatLng | None, country: str | None, first: int, path: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        checked_search(query, near, country, first)
    assert [fault.path for fault in caught.value.fields] == [path]


def test_the_longest_queries_pass() -> None:
    assert len(checked_search("x" * 256, None, None, 10).query) == 256
    assert len(checked_search("a " * 20, None, None, 1).query.split()) == 20


def test_a_bad_position_is_refused() -> None:
    assert checked_position(LatLng(90, -180)) == LatLng(90, -180)
    with pytest.raises(ValidationError):
        checked_position(LatLng(-90.1, 0))
