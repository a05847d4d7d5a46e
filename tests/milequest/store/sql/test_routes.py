"""Storing routes and reading them back: lengths, legs, waypoints, and the real trail."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from milequest.imports.gpx import read_gpx
from milequest.providers.great_circle import GreatCircleRouter
from milequest.rules.enums import LegQuality, RouteSource, WaypointKind
from milequest.rules.errors import Refused
from milequest.rules.geo import Bounds, LatLng, line_length_m
from milequest.rules.ids import new_id
from milequest.rules.routes import Leg, Waypoint
from milequest.settings import PROJECT
from milequest.store.sql.routes import (
    NewRoute,
    create_route,
    legs_of,
    measure_route,
    routes_by_ids,
    waypoints_of,
)
from milequest.store.sql.transaction import Tx
from tests.milequest.store.sql.routes import NOW, decoded, drawn, straight

TRAIL = PROJECT.parent / "shared/data/appalachian-trail.gpx"
NOWHERE = UUID(int=0)


async def test_stored_route_is_read_unchanged(tx: Tx) -> None:
    waypoints = [Waypoint(LatLng(48.85, 2.35), "Paris", True), Waypoint(LatLng(47, 3)), Waypoint(LatLng(45.76, 4.84))]
    legs = [Leg([(2.35, 48.85), (3, 47)], LegQuality.ROUTED, 3600), Leg([(3, 47), (4.84, 45.76)], LegQuality.ESTIMATED)]
    new = NewRoute(new_id(NOW), waypoints, legs, RouteSource.TEMPLATE, 123.5, "Somebody")
    row = await create_route(tx, new, NOW)
    assert (row.id, row.source, row.elevation_gain_meters, row.attribution) == (new.id, new.source, 123.5, "Somebody")
    assert row.created_at == NOW
    assert row.bounds == Bounds(LatLng(45.76, 2.35), LatLng(48.85, 4.84))
    assert await routes_by_ids(tx, [new.id, NOWHERE]) == {new.id: row}

    [first, second] = (await legs_of(tx, [new.id]))[new.id]
    assert (first.index, first.starts_at_meters, first.duration_seconds, first.quality) == (0, 0, 3600, "ROUTED")
    assert (second.index, second.duration_seconds, second.quality) == (1, None, LegQuality.ESTIMATED)
    assert second.starts_at_meters == first.distance_meters
    assert row.length_meters == round(first.distance_meters + second.distance_meters, 3) == row.length_mm / 1000

    found = (await waypoints_of(tx, [new.id, NOWHERE]))[new.id]
    assert [(each.index, each.name, each.position, each.is_locked) for each in found] == [
        (index, each.name, each.position, each.is_locked) for index, each in enumerate(waypoints)
    ]
    assert [each.kind for each in found] == [WaypointKind.START, WaypointKind.STOP, WaypointKind.END]
    assert [each.at_meters for each in found] == [0, second.starts_at_meters, row.length_meters]


async def test_unknown_route_has_no_legs_or_waypoints(tx: Tx) -> None:
    assert await routes_by_ids(tx, [NOWHERE]) == {}
    assert await legs_of(tx, [NOWHERE]) == {NOWHERE: []}
    assert await waypoints_of(tx, [NOWHERE]) == {NOWHERE: []}


async def test_a_degree_on_the_equator_is_as_long_as_wgs84_says(tx: Tx) -> None:
    row = await drawn(tx, [(0, 0), (0.25, 0), (1, 0)])
    assert row.length_mm == 111_319_491  # 6,378,137 m * pi / 180


async def test_legs_add_up_to_postgis_own_length(tx: Tx) -> None:
    row = await straight(tx, (60, -170), (10, 175), (-40, 100))
    legs = (await legs_of(tx, [row.id]))[row.id]
    lengths = await tx.fetch("SELECT ST_Length(line) AS m FROM route_leg WHERE route_id = $1 ORDER BY index", row.id)
    for leg, length in zip(legs, lengths, strict=True):
        assert leg.distance_meters == pytest.approx(length["m"], abs=0.000_6)
    assert round(sum(leg.distance_meters * 1000 for leg in legs)) == row.length_mm


async def test_measuring_gives_what_storing_gives_and_stores_nothing(tx: Tx) -> None:
    row = await straight(tx, (-17, 175), (-16, -178), (-14, -171))
    waypoints = [Waypoint(LatLng(-17, 175), "Stop 0"), Waypoint(LatLng(-16, -178), "Stop 1")]
    waypoints.append(Waypoint(LatLng(-14, -171), "Stop 2"))
    legs = (await GreatCircleRouter().route(waypoints)).legs
    count = await tx.fetchval("SELECT count(*) FROM route")
    measured = await measure_route(tx, waypoints, legs)
    assert (measured.length_meters, measured.bounds, measured.overview) == (row.length_meters, row.bounds, row.overview)
    assert list(measured.legs) == (await legs_of(tx, [row.id]))[row.id]
    assert list(measured.waypoints) == (await waypoints_of(tx, [row.id]))[row.id]
    assert await tx.fetchval("SELECT count(*) FROM route") == count


async def test_a_leg_without_length_is_kept_and_a_route_without_is_refused(tx: Tx) -> None:
    row = await drawn(tx, [(0, 0), (1, 0)], [(1, 0), (1, 0)], [(1, 0), (2, 0)])
    assert [leg.distance_meters for leg in (await legs_of(tx, [row.id]))[row.id]] == [111319.491, 0, 111319.491]
    with pytest.raises(Refused) as caught:
        await drawn(tx, [(1, 1), (1, 1)], [(1, 1), (1, 1)])
    assert caught.value.code == "ROUTE_ERROR"


async def test_legs_that_dont_fit_the_waypoints_are_a_fault_of_ours(tx: Tx) -> None:
    waypoints = [Waypoint(LatLng(0, 0)), Waypoint(LatLng(0, 1))]
    with pytest.raises(ValueError, match="2 waypoints can't have 0 legs"):
        await measure_route(tx, waypoints, [])
    with pytest.raises(ValueError, match="two points"):
        await measure_route(tx, waypoints, [Leg([(0, 0)], LegQuality.ROUTED)])


async def test_an_overview_has_at_most_500_points_and_all_waypoints(tx: Tx) -> None:
    row = await straight(tx, (0, 0), (10, 170), (-30, 20), (60, -30))
    overview = decoded(row.overview)
    assert 400 < len(overview) <= 500
    legs = (await legs_of(tx, [row.id]))[row.id]
    assert sum(len(decoded(leg.overview)) for leg in legs) <= 500
    ends = [(decoded(leg.overview)[0], decoded(leg.overview)[-1]) for leg in legs]
    assert ends == [((0, 0), (170, 10)), ((170, 10), (20, -30)), ((20, -30), (-30, 60))]


@pytest.mark.skipif(not TRAIL.exists(), reason=f"the Appalachian Trail's GPX file is not at {TRAIL}")
async def test_appalachian_trail_has_its_known_length_and_climb(tx: Tx) -> None:
    with TRAIL.open("rb") as file:
        track = read_gpx(file)
    assert len(track.line) == 9928
    assert line_length_m(track.line) == pytest.approx(3_119_500, abs=50)
    now = datetime.now(UTC)
    new = NewRoute(new_id(now), track.waypoints, track.legs, RouteSource.GPX, track.elevation_gain_meters)
    row = await create_route(tx, new, now)
    assert row.length_meters == pytest.approx(3_121_300, abs=50)
    assert row.length_meters == pytest.approx(
        await tx.fetchval("SELECT ST_Length(line) FROM route_leg WHERE route_id = $1", row.id), abs=0.001
    )
    assert row.bounds == Bounds(LatLng(34.626652, -84.199737), LatLng(45.904333, -68.921271))
    assert row.elevation_gain_meters == pytest.approx(117_400, rel=0.01)
    assert len(decoded(row.overview)) == 500
