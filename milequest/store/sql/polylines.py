"""Routes for clients to draw: polyline6 (latitude first) simplified for a zoom level, and GeoJSON.

Longitudes of a polyline continue past ±180 where the line crosses the antimeridian, so that it is drawn in one piece.
Overviews, the polylines without a zoom, are stored in the rows of routes and legs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from milequest.rules.routes import Leg
from milequest.store.sql.lines import MEASURED_LEGS, cut, encoded, joined, outlined, simplified, unwrapped
from milequest.store.sql.positions import PLACE
from milequest.store.sql.routes import leg_arrays
from milequest.store.sql.transaction import Reader


@dataclass(frozen=True, slots=True)
class Polylines:
    """A route's line at one zoom level: whole, and leg by leg."""

    route: str
    legs: tuple[str, ...]


_DRAWN = f"""
drawn AS MATERIALIZED (
    SELECT route_id, index, crosses_antimeridian,
        CASE WHEN crosses_antimeridian THEN {unwrapped("line::geometry")} ELSE line::geometry END AS line
    FROM route_leg WHERE route_id = ANY($1::uuid[])
)"""
_WHOLE = f"""CASE
    WHEN bool_or(crosses_antimeridian) THEN {joined("line", "index")}
    ELSE ST_MakeLine(line ORDER BY index)
END"""

_OF_ROUTES = f"""
WITH {_DRAWN}, simple AS MATERIALIZED (
    SELECT route_id, index, crosses_antimeridian, {simplified("line", "$2::float8")} AS line FROM drawn
)
SELECT route_id, {encoded(_WHOLE)} AS route, array_agg({encoded("line")} ORDER BY index) AS legs
FROM simple GROUP BY route_id"""

_OF_LINES = f"""
WITH {MEASURED_LEGS}, simple AS MATERIALIZED (
    SELECT index, crosses_antimeridian, {simplified("drawn", "$4::float8")} AS line FROM leg
)
SELECT {encoded(_WHOLE)} AS route, array_agg({encoded("line")} ORDER BY index) AS legs FROM simple"""

_WALKED = f"""
SELECT (WITH here AS MATERIALIZED (
    SELECT route.id, leg.index AS leg, stretch.index AS stretch, stretch.line, stretch.n, marker.place
    {PLACE.format(total_mm="asked.total_mm")}
    WHERE route.id = asked.route_id
), part AS (
    SELECT index AS leg, 0 AS stretch, line::geometry
    FROM route_leg WHERE route_id = asked.route_id AND index < (SELECT leg FROM here)
    UNION ALL
    SELECT leg_index, index, line::geometry
    FROM route_stretch
    WHERE route_id = asked.route_id AND leg_index = (SELECT leg FROM here) AND index < (SELECT stretch FROM here)
    UNION ALL
    SELECT leg, stretch,
        ST_MakeLine(ARRAY(SELECT ST_PointN(line, k) FROM generate_series(1, n) AS k ORDER BY k) || place)
    FROM here
), walked AS MATERIALIZED (
    SELECT CASE
        WHEN (SELECT bool_or(crosses_antimeridian) FROM route_leg WHERE route_id = asked.route_id)
        THEN {joined("line", "leg, stretch")}
        ELSE ST_MakeLine(line ORDER BY leg, stretch)
    END AS line FROM part
)
SELECT %s FROM walked WHERE line IS NOT NULL)
FROM (SELECT $1::uuid[] AS ids, $2::bigint[] AS totals OFFSET 0) AS given
CROSS JOIN unnest(given.ids, given.totals) WITH ORDINALITY AS asked (route_id, total_mm, n)
ORDER BY n"""
_WALKED_AT_ZOOM = _WALKED % encoded(simplified("line", "$3::float8"))
_WALKED_OVERVIEW = _WALKED % encoded(outlined("line"))

_GEOJSON = f"""
WITH {_DRAWN}, feature AS (
    SELECT 0 AS layer, index,
        ST_AsGeoJSON(CASE WHEN crosses_antimeridian THEN {cut("drawn.line")} ELSE drawn.line END, 6) AS geometry,
        json_build_object('leg', index, 'startsAtMeters', starts_at_mm / 1000.0, 'distanceMeters', length_mm / 1000.0,
            'durationSeconds', duration_s, 'quality', quality) AS properties
    FROM drawn JOIN route_leg USING (route_id, index, crosses_antimeridian)
    UNION ALL
    SELECT 1, index, ST_AsGeoJSON(position, 6),
        json_build_object('waypoint', index, 'name', name, 'kind', kind, 'atMeters', at_mm / 1000.0)
    FROM route_waypoint WHERE route_id = ANY($1::uuid[])
)
SELECT json_build_object('type', 'FeatureCollection', 'features', json_agg(
    json_build_object('type', 'Feature', 'geometry', geometry::json, 'properties', properties) ORDER BY layer, index
))::text FROM feature HAVING count(*) > 0"""


async def polylines_of(reader: Reader, route_ids: Iterable[UUID], zoom: int) -> dict[UUID, Polylines]:
    """Return the polylines of the existing routes among `route_ids`, at a checked zoom."""
    records = await reader.fetch(_OF_ROUTES, list(route_ids), zoom)
    return {record["route_id"]: Polylines(record["route"], tuple(record["legs"])) for record in records}


async def measured_polylines(reader: Reader, lines: Sequence[Leg], zoom: int) -> Polylines:
    """Return the polylines of a measured route's legs, at a checked zoom."""
    record = await reader.fetchrow(_OF_LINES, *leg_arrays(lines), zoom)
    assert record is not None, "an aggregate without GROUP BY gives one row"
    return Polylines(record["route"], tuple(record["legs"]))


async def walked_polylines(reader: Reader, places: Sequence[tuple[UUID, int]], zoom: int | None) -> list[str | None]:
    """Return, for each (route id, distance in millimetres), the route from its start to there, in the order asked.

    Without a zoom an overview of at most 500 points; None where there is no such route.
    """
    arguments = [route_id for route_id, _ in places], [total_mm for _, total_mm in places]
    if zoom is None:
        records = await reader.fetch(_WALKED_OVERVIEW, *arguments)
    else:
        records = await reader.fetch(_WALKED_AT_ZOOM, *arguments, zoom)
    return [record[0] for record in records]


async def route_geojson(reader: Reader, route_id: UUID) -> str | None:
    """Return the route as GeoJSON (RFC 7946): a feature per leg, then per waypoint; None if there is no route."""
    found: str | None = await reader.fetchval(_GEOJSON, [route_id])
    return found
