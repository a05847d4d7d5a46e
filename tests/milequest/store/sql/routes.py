"""Routes for the tests of the store."""

from collections.abc import Sequence
from datetime import UTC, datetime

from milequest.providers.great_circle import GreatCircleRouter
from milequest.rules.enums import LegQuality, RouteSource
from milequest.rules.geo import LatLng
from milequest.rules.ids import new_id
from milequest.rules.routes import Leg, Waypoint
from milequest.store.sql.routes import NewRoute, RouteRow, create_route
from milequest.store.sql.transaction import Tx

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
Pairs = Sequence[tuple[float, float]]


async def straight(tx: Tx, *positions: tuple[float, float]) -> RouteRow:
    """Store a route of great circles between (lat, lng) positions."""
    waypoints = [Waypoint(LatLng(lat, lng), f"Stop {index}") for index, (lat, lng) in enumerate(positions)]
    plan = await GreatCircleRouter().route(waypoints)
    return await create_route(tx, NewRoute(new_id(NOW), waypoints, plan.legs, RouteSource.WAYPOINTS), NOW)


async def drawn(tx: Tx, *lines: Pairs) -> RouteRow:
    """Store a route of legs along (lng, lat) lines, with a waypoint at each end of a leg."""
    ends = [lines[0][0], *(line[-1] for line in lines)]
    waypoints = [Waypoint(LatLng(lat, lng), f"Stop {index}") for index, (lng, lat) in enumerate(ends)]
    legs = [Leg(line, LegQuality.ROUTED, 60 * index) for index, line in enumerate(lines, start=1)]
    return await create_route(tx, NewRoute(new_id(NOW), waypoints, legs, RouteSource.WAYPOINTS), NOW)


def decoded(polyline: str) -> list[tuple[float, float]]:
    """Return the (lng, lat) points of a polyline6, by the format's own description."""
    numbers, shift, value = [], 0, 0
    for character in polyline:
        chunk = ord(character) - 63
        value |= (chunk & 0x1F) << shift
        shift += 5
        if chunk < 0x20:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            shift, value = 0, 0
    points, lat, lng = [], 0, 0
    for lat_step, lng_step in zip(numbers[::2], numbers[1::2], strict=True):
        lat, lng = lat + lat_step, lng + lng_step
        points.append((lng / 1e6, lat / 1e6))
    return points
