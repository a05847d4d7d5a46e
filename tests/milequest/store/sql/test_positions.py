"""The marker: the position after a distance, at the corners of the domain and anywhere on random routes."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from milequest.rules.errors import ValidationError
from milequest.rules.geo import LatLng, distance_m
from milequest.rules.routes import Waypoint, checked_waypoints
from milequest.store.sql.positions import RoutePosition, position_of, position_sql, positions
from milequest.store.sql.routes import RouteRow, legs_of, waypoints_of
from milequest.store.sql.transaction import Tx
from tests.milequest.store.sql.routes import drawn, straight

DEGREE_MM = 111_319_491  # of longitude, on the equator


async def at(tx: Tx, route: RouteRow, total_mm: int) -> RoutePosition:
    [place] = await positions(tx, [(route.id, total_mm)])
    assert place is not None
    return place


def near(place: RoutePosition, lat: float, lng: float, metres: float = 0.01) -> bool:
    return distance_m(place.position, LatLng(lat, lng)) <= metres


async def test_position_along_the_equator_has_its_leg_fractions_and_waypoints(tx: Tx) -> None:
    route = await drawn(tx, [(0, 0), (1, 0), (4, 0)], [(4, 0), (5, 0)])
    place = await at(tx, route, 2 * DEGREE_MM)
    assert near(place, 0, 2)
    assert place.heading_degrees == pytest.approx(90)
    assert place.leg_index == 0
    assert place.leg_fraction == pytest.approx(0.5)
    assert place.line_fraction == pytest.approx(0.4)
    assert (place.last_waypoint.index, place.last_waypoint.name) == (0, "Stop 0")
    assert place.next_waypoint is not None
    assert (place.next_waypoint.index, place.next_waypoint.name) == (1, "Stop 1")
    assert place.meters_to_next_waypoint == pytest.approx(2 * DEGREE_MM / 1000, abs=0.002)


async def test_position_at_zero_or_less_is_the_start_of_a_circuit_too(tx: Tx) -> None:
    route = await drawn(tx, [(0, 0), (1, 0)], [(1, 0), (1, 1)], [(1, 1), (0, 0)])
    for total in (0, -5):
        place = await at(tx, route, total)
        assert near(place, 0, 0)
        assert (place.leg_index, place.leg_fraction, place.line_fraction) == (0, 0, 0)
        assert place.last_waypoint.at_meters == 0
        assert place.meters_to_next_waypoint == DEGREE_MM / 1000


async def test_position_past_the_end_is_the_last_waypoint(tx: Tx) -> None:
    route = await drawn(tx, [(0, 0), (1, 0)], [(1, 0), (1, 1)], [(1, 1), (0, 0)])
    for total in (route.length_mm, route.length_mm + 1, 2**60):
        place = await at(tx, route, total)
        assert near(place, 0, 0)
        assert (place.leg_index, place.leg_fraction, place.line_fraction) == (2, 1, 1)
        assert (place.last_waypoint.index, place.last_waypoint.kind) == (3, "END")
        assert (place.next_waypoint, place.meters_to_next_waypoint) == (None, None)
        assert place.heading_degrees == pytest.approx(225, abs=0.5)


async def test_at_a_waypoint_the_next_leg_begins(tx: Tx) -> None:
    route = await straight(tx, (50, 10), (51, 11), (52, 10))
    [_, second] = (await legs_of(tx, [route.id]))[route.id]
    start_mm = round(second.starts_at_meters * 1000)
    before, here, after = [await at(tx, route, start_mm + step) for step in (-1, 0, 1)]
    assert (before.leg_index, here.leg_index, after.leg_index) == (0, 1, 1)
    assert before.leg_fraction == pytest.approx(1)
    assert before.meters_to_next_waypoint == 0.001
    assert here.leg_fraction == 0
    assert here.last_waypoint.index == 1
    assert here.meters_to_next_waypoint == second.distance_meters
    assert near(here, 51, 11, 0.001)


async def test_a_middle_leg_without_length_is_passed_at_once(tx: Tx) -> None:
    route = await drawn(tx, [(0, 0), (1, 0)], [(1, 0), (1, 0)], [(1, 0), (2, 0)])
    here = await at(tx, route, DEGREE_MM)
    assert (here.leg_index, here.leg_fraction, here.last_waypoint.index) == (2, 0, 2)
    assert (await at(tx, route, DEGREE_MM - 1)).leg_index == 0


async def test_a_last_leg_without_length_is_finished(tx: Tx) -> None:
    route = await drawn(tx, [(0, 0), (1, 0)], [(1, 0), (1, 0)])
    here = await at(tx, route, DEGREE_MM)
    assert near(here, 0, 1)
    assert (here.leg_index, here.leg_fraction, here.last_waypoint.index) == (1, 1, 2)
    assert (here.next_waypoint, here.heading_degrees) == (None, None)


async def test_repeated_points_of_a_line_do_no_harm(tx: Tx) -> None:
    route = await drawn(tx, [(0, 0)] * 200 + [(1, 0)] * 200 + [(2, 0)] * 200)
    assert route.length_mm == 2 * DEGREE_MM
    for total, lng in ((0, 0), (DEGREE_MM // 2, 0.5), (DEGREE_MM, 1), (DEGREE_MM * 3 // 2, 1.5), (2 * DEGREE_MM, 2)):
        assert near(await at(tx, route, total), 0, lng)


async def test_a_self_crossing_line_goes_by_distance_not_by_nearness(tx: Tx) -> None:
    route = await drawn(tx, [(0, 0), (2, 0), (2, 1), (1, 1), (1, -1)])
    [first, second] = [await at(tx, route, DEGREE_MM), await at(tx, route, route.length_mm - 110_574_389)]
    assert near(first, 0, 1)
    assert near(second, 0, 1, 1)
    assert first.heading_degrees == pytest.approx(90)
    assert second.heading_degrees == pytest.approx(180)


async def test_position_over_the_antimeridian_has_a_longitude_in_range(tx: Tx) -> None:
    route = await straight(tx, (0, 178), (0, -178))
    assert route.length_mm == pytest.approx(4 * DEGREE_MM, abs=60)
    assert (route.bounds.southwest.lng, route.bounds.northeast.lng) == (178, -178)
    for degrees, lng in ((1, 179), (1.9999, 179.9999), (2.0001, -179.9999), (3, -179)):
        place = await at(tx, route, round(degrees * DEGREE_MM))
        assert near(place, 0, lng, 0.1)
        assert place.heading_degrees == pytest.approx(90)


async def test_position_over_the_pole_goes_on_at_the_opposite_longitude(tx: Tx) -> None:
    route = await straight(tx, (89, 0), (89, 180))
    halfway = await at(tx, route, route.length_mm // 2)
    assert near(halfway, 90, 0, 1)
    assert near(await at(tx, route, route.length_mm * 3 // 4), 89.5, 180, 10)


async def test_positions_of_many_routes_come_in_order_with_none_for_no_route(tx: Tx) -> None:
    one, two = await drawn(tx, [(0, 0), (1, 0)]), await drawn(tx, [(10, 0), (11, 0)])
    found = await positions(tx, [(two.id, 0), (UUID(int=0), 5), (one.id, 0), (two.id, DEGREE_MM)])
    assert [place and round(place.position.lng) for place in found] == [10, None, 0, 11]
    assert await positions(tx, []) == []


async def test_the_expression_joins_into_other_statements(tx: Tx) -> None:
    route = await drawn(tx, [(0, 0), (1, 0)])
    record = await tx.fetchrow(
        f"SELECT mine.total_mm, place.* FROM (SELECT $1::uuid AS route_id, $2::bigint AS total_mm) AS mine"
        f" CROSS JOIN LATERAL ({position_sql('mine.route_id', 'mine.total_mm')}) AS place",
        route.id,
        DEGREE_MM // 4,
    )
    assert record is not None
    assert position_of(record) == await at(tx, route, DEGREE_MM // 4)


globe = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(globe, min_size=2, max_size=5), st.lists(st.floats(0, 1), min_size=2, max_size=12))
@example([(0.0, 0.0), (1.0, 5e-324)], [0.0, 1.0])
async def test_on_any_route_the_marker_moves_forward_as_far_as_was_walked(
    tx: Tx, stops: list[tuple[float, float]], fractions: list[float]
) -> None:
    try:
        checked_waypoints([Waypoint(LatLng(*stop)) for stop in stops])
    except ValidationError:
        assume(False)
    route = await straight(tx, *stops)
    legs, waypoints = (await legs_of(tx, [route.id]))[route.id], (await waypoints_of(tx, [route.id]))[route.id]
    totals = sorted(round(fraction * route.length_mm) for fraction in fractions)
    found = await positions(tx, [(route.id, total) for total in totals])
    places = [place for place in found if place is not None]
    assert len(places) == len(totals)
    for total, place in zip(totals, places, strict=True):
        leg = legs[place.leg_index]
        in_leg = place.leg_fraction * leg.distance_meters
        assert leg.starts_at_meters + in_leg == pytest.approx(total / 1000, abs=0.001)
        assert place.line_fraction == pytest.approx(total / route.length_mm)
        assert place.last_waypoint == waypoints[place.leg_index + (total == route.length_mm)]
        # The way is straight, so one is exactly as far from the leg's start as one has walked, but for the flattening.
        start = waypoints[place.leg_index].position
        assert distance_m(start, place.position) == pytest.approx(in_leg, rel=0.006, abs=0.01)
    for (one, before), (other, after) in zip(
        zip(totals, places, strict=True), list(zip(totals, places, strict=True))[1:], strict=False
    ):
        assert (before.leg_index, before.leg_fraction) <= (after.leg_index, after.leg_fraction)
        assert distance_m(before.position, after.position) <= (other - one) / 1000 * 1.006 + 0.01
