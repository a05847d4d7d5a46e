"""Lines as clients draw them: half a pixel at the zoom, in one piece over the antimeridian, as far as was walked."""

import json
import math
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milequest.providers.great_circle import GreatCircleRouter
from milequest.rules.geo import LatLng, line_length_m
from milequest.rules.routes import Waypoint
from milequest.store.sql.polylines import measured_polylines, polylines_of, route_geojson, walked_polylines
from milequest.store.sql.routes import legs_of
from milequest.store.sql.transaction import Tx
from tests.milequest.store.sql.routes import Pairs, decoded, drawn, straight

NOWHERE = UUID(int=0)
# A wiggling line of 2,000 points, from Lisbon's latitude to Tromsø's.
WIGGLE = [(n / 100 + 0.3 * math.sin(n / 7), 38 + n * 0.015 + 0.2 * math.cos(n / 5)) for n in range(2000)]


def pixels(point: tuple[float, float], zoom: int) -> tuple[float, float]:
    """Return Web Mercator coordinates, 512 pixels round the world at zoom 0."""
    lng, lat = point
    size = 512 * 2**zoom
    return size * lng / 360, size * math.asinh(math.tan(math.radians(lat))) / math.tau


def furthest_off(line: Pairs, simple: Pairs, zoom: int) -> float:
    """Return how many pixels any point of the line lies from its simplified form."""
    corners = [pixels(point, zoom) for point in simple]

    def off(point: tuple[float, float]) -> float:
        return min(_off(point, start, end) for start, end in pairwise(corners))

    return max(off(pixels(point, zoom)) for point in line[::9])


def _off(point: tuple[float, float], start: tuple[float, float], end: tuple[float, float]) -> float:
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / ((dx * dx + dy * dy) or 1)
    along = min(1, max(0, along))
    return math.dist(point, (start[0] + along * dx, start[1] + along * dy))


async def walked(tx: Tx, route_id: UUID, total_mm: int, zoom: int | None) -> str | None:
    """Return the walked part of one route."""
    return (await walked_polylines(tx, [(route_id, total_mm)], zoom))[0]


@pytest.mark.parametrize(("zoom", "most"), [(0, 200), (3, 700), (6, 1600), (9, 2000)])
async def test_simplified_polyline_is_at_most_half_a_pixel_off(tx: Tx, zoom: int, most: int) -> None:
    route = await drawn(tx, WIGGLE)
    simple = decoded((await polylines_of(tx, [route.id], zoom))[route.id].route)
    assert furthest_off(WIGGLE, simple, zoom) <= 0.51
    assert len(simple) <= most


async def test_the_deepest_zoom_gives_every_point(tx: Tx) -> None:
    route = await drawn(tx, WIGGLE)
    found = decoded((await polylines_of(tx, [route.id], 24))[route.id].route)
    assert found == [(round(lng, 6), round(lat, 6)) for lng, lat in WIGGLE]


async def test_polyline_of_a_route_is_that_of_its_legs(tx: Tx) -> None:
    one, two = await drawn(tx, WIGGLE[:900], WIGGLE[899:]), await drawn(tx, [(0, 0), (1, 1)])
    found = await polylines_of(tx, [one.id, two.id, NOWHERE], 8)
    assert set(found) == {one.id, two.id}
    legs = [decoded(leg) for leg in found[one.id].legs]
    assert decoded(found[one.id].route) == [*legs[0], *legs[1][1:]]
    assert decoded(found[two.id].route) == [(0, 0), (1, 1)]


async def test_over_the_antimeridian_a_line_is_drawn_in_one_piece(tx: Tx) -> None:
    route = await straight(tx, (-17, 175), (-16, -178), (-14, -171))
    for polyline in (route.overview, (await polylines_of(tx, [route.id], 10))[route.id].route):
        lngs = [lng for lng, _ in decoded(polyline)]
        assert lngs == sorted(lngs)
        assert (lngs[0], lngs[-1]) == (175, 189)
    [first, second] = (await legs_of(tx, [route.id]))[route.id]
    assert [decoded(leg.overview)[at][0] for leg in (first, second) for at in (0, -1)] == [175, 182, -178, -171]


async def test_round_the_world_the_line_goes_on_and_on(tx: Tx) -> None:
    route = await straight(tx, (0, 0), (0, 120), (0, -120), (0, 0))
    lngs = [lng for lng, _ in decoded((await polylines_of(tx, [route.id], 5))[route.id].route)]
    assert lngs == sorted(lngs)
    assert (lngs[0], lngs[-1]) == (0, 360)
    assert (route.bounds.southwest.lng, route.bounds.northeast.lng) == (-180, 180)


async def test_a_measured_route_is_drawn_as_a_stored_one(tx: Tx) -> None:
    stops = [(-17.0, 175.0), (-16.0, -178.0), (40.0, -100.0)]
    plan = await GreatCircleRouter().route([Waypoint(LatLng(lat, lng)) for lat, lng in stops])
    route = await straight(tx, *stops)
    assert await measured_polylines(tx, plan.legs, 6) == (await polylines_of(tx, [route.id], 6))[route.id]


async def test_the_walked_part_begins_at_the_start_and_ends_at_the_marker(tx: Tx) -> None:
    route = await drawn(tx, [(0, 0), (1, 0), (2, 0)], [(2, 0), (3, 0)])
    for total, points in (
        (0, [(0, 0), (0, 0)]),
        (route.length_mm // 6, [(0, 0), (0.5, 0)]),
        (route.length_mm // 2, [(0, 0), (1, 0), (1.5, 0)]),
        (route.length_mm, [(0, 0), (1, 0), (2, 0), (3, 0)]),
        (route.length_mm * 2, [(0, 0), (1, 0), (2, 0), (3, 0)]),
    ):
        polyline = await walked(tx, route.id, total, None)
        assert polyline is not None
        assert decoded(polyline) == points
    assert await walked(tx, NOWHERE, 5, None) is None
    assert await walked(tx, NOWHERE, 5, 3) is None


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 1))
async def test_the_walked_part_is_as_long_as_was_walked(tx: Tx, fraction: float) -> None:
    route = await tx.fetchrow("SELECT id, length_mm FROM route")
    if route is None:
        await drawn(tx, WIGGLE[:700], WIGGLE[699:701], WIGGLE[700:])
        route = await tx.fetchrow("SELECT id, length_mm FROM route")
    assert route is not None
    total_mm = round(fraction * route["length_mm"])
    polyline = await walked(tx, route["id"], total_mm, 24)
    length = await tx.fetchval("SELECT ST_Length(ST_LineFromEncodedPolyline($1, 6)::geography)", polyline)
    assert length == pytest.approx(total_mm / 1000, rel=1e-5, abs=1)


async def test_a_long_walked_part_has_an_overview_too(tx: Tx) -> None:
    route = await drawn(tx, WIGGLE)
    polyline = await walked(tx, route.id, route.length_mm // 2, None)
    assert polyline is not None
    assert len(decoded(polyline)) == 500
    assert line_length_m(decoded(polyline)) < route.length_mm / 2000


@pytest.mark.parametrize("zoom", [None, 8])
async def test_many_walked_parts_come_in_the_order_asked(tx: Tx, zoom: int | None) -> None:
    here, there = await drawn(tx, [(0, 0), (1, 0)]), await drawn(tx, [(0, 0), (0, 1)])
    places = [(there.id, 9), (NOWHERE, 5), (here.id, here.length_mm), (there.id, there.length_mm)]
    found = await walked_polylines(tx, places, zoom)
    assert [line and decoded(line) for line in found] == [
        [(0, 0), (0, 0)],
        None,
        [(0, 0), (1, 0)],
        [(0, 0), (0, 1)],
    ]


async def test_geojson_has_legs_and_waypoints_and_is_cut_at_the_antimeridian(tx: Tx) -> None:
    route = await straight(tx, (-17, 175), (-16, -178), (-14, -171))
    text = await route_geojson(tx, route.id)
    assert text is not None
    collection = json.loads(text)
    assert collection["type"] == "FeatureCollection"
    kinds = [feature["geometry"]["type"] for feature in collection["features"]]
    assert kinds == ["MultiLineString", "LineString", "Point", "Point", "Point"]
    west, east = collection["features"][0]["geometry"]["coordinates"]
    assert (west[0], west[-1][0], east[0][0], east[-1]) == ([175, -17], 180, -180, [-178, -16])
    [first, second] = [feature["properties"] for feature in collection["features"][:2]]
    assert (first["leg"], first["quality"], first["startsAtMeters"]) == (0, "ESTIMATED", 0)
    assert second["startsAtMeters"] == first["distanceMeters"]
    end = collection["features"][-1]
    assert end["geometry"]["coordinates"] == [-171, -14]
    assert end["properties"] == {"waypoint": 2, "name": "Stop 2", "kind": "END", "atMeters": route.length_meters}
    assert await route_geojson(tx, NOWHERE) is None
