"""Position on a route after a distance, found by the distance within the leg, not by the nearest point of the line.

The leg's stretch, and in it the vertex before the place, are looked up in stored measures; the rest is a step along the
geodesic to the next vertex, so neither the antimeridian nor the poles are special. Touches one small row of the line,
whatever its length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from milequest.rules.geo import LatLng
from milequest.store.sql.routes import WaypointRow, waypoint_row
from milequest.store.sql.transaction import Reader


@dataclass(frozen=True, slots=True)
class RoutePosition:
    """A place on a route. Before the start it is the start, past the end the end; at waypoint k leg k begins.

    `leg_fraction` and `line_fraction` are 0 to 1 along the leg and along the whole line; the heading is None where the
    leg has no length; at the end there is no next waypoint.
    """

    position: LatLng
    heading_degrees: float | None
    leg_index: int
    leg_fraction: float
    line_fraction: float
    last_waypoint: WaypointRow
    next_waypoint: WaypointRow | None
    meters_to_next_waypoint: float | None


def _waypoint_columns(alias: str) -> str:
    plain = "".join(f"{alias}.{name} AS {alias}_{name}, " for name in ("index", "name", "kind", "at_mm", "is_locked"))
    return plain + f"ST_Y({alias}.position::geometry) AS {alias}_lat, ST_X({alias}.position::geometry) AS {alias}_lng"


# OFFSET 0 keeps PostgreSQL from inlining an expression into every place that uses it and running it as often.
PLACE = """
FROM route
CROSS JOIN LATERAL (SELECT least(greatest({total_mm}, 0), route.length_mm) AS at_mm OFFSET 0) AS here
CROSS JOIN LATERAL (
    SELECT index, starts_at_mm, length_mm, (at_mm - starts_at_mm) / 1000.0::float8 AS metres
    FROM route_leg WHERE route_id = route.id AND starts_at_mm <= at_mm ORDER BY index DESC LIMIT 1
) AS leg
CROSS JOIN LATERAL (
    SELECT index, line::geometry AS line, measures,
        greatest(1, least(width_bucket(metres, measures), cardinality(measures) - 1)) AS n
    FROM route_stretch
    WHERE route_id = route.id AND leg_index = leg.index AND starts_at_m <= metres
    ORDER BY starts_at_m DESC, index DESC LIMIT 1
) AS stretch
CROSS JOIN LATERAL (
    SELECT ST_PointN(line, n)::geography AS vertex, ST_PointN(line, n + 1)::geography AS following OFFSET 0
) AS segment
CROSS JOIN LATERAL (SELECT ST_Azimuth(vertex, following) AS azimuth OFFSET 0) AS direction
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN metres >= measures[n + 1] OR azimuth IS NULL THEN following
        ELSE ST_Project(vertex, metres - measures[n], azimuth)
    END::geometry AS place OFFSET 0
) AS marker"""


def position_sql(route_id: str, total_mm: str) -> str:
    """Return a SELECT of one row, the place on route `route_id` after `total_mm` (SQL expressions), for `LATERAL (…)`.

    `position_of` reads its columns: lat, lng, heading_degrees, leg_index, leg_fraction, line_fraction, next_in_mm, and
    last_… and next_… with index, name, kind, at_mm, is_locked, lat, lng. No row without such a route.
    """
    return f"""
SELECT ST_Y(place) AS lat, ST_X(place) AS lng, degrees(azimuth) AS heading_degrees, leg.index AS leg_index,
    CASE WHEN leg.length_mm = 0 THEN 1 ELSE (here.at_mm - leg.starts_at_mm) / leg.length_mm::float8 END AS leg_fraction,
    here.at_mm / route.length_mm::float8 AS line_fraction, next.at_mm - here.at_mm AS next_in_mm,
    {_waypoint_columns("last")}, {_waypoint_columns("next")}
{PLACE.format(total_mm=total_mm)}
JOIN route_waypoint AS last
    ON last.route_id = route.id AND last.index = leg.index + CASE WHEN here.at_mm = route.length_mm THEN 1 ELSE 0 END
LEFT JOIN route_waypoint AS next ON next.route_id = route.id AND next.index = last.index + 1
WHERE route.id = {route_id}"""


def position_of(record: asyncpg.Record) -> RoutePosition:
    """Return the place in a record that has the columns of `position_sql`."""
    has_next = record["next_index"] is not None
    return RoutePosition(
        position=LatLng(record["lat"], record["lng"]),
        heading_degrees=record["heading_degrees"],
        leg_index=record["leg_index"],
        leg_fraction=record["leg_fraction"],
        line_fraction=record["line_fraction"],
        last_waypoint=waypoint_row(record, "last_"),
        next_waypoint=waypoint_row(record, "next_") if has_next else None,
        meters_to_next_waypoint=record["next_in_mm"] / 1000 if has_next else None,
    )


# The subquery hides the arrays' lengths: with them PostgreSQL would plan anew each time, for ten times the cost.
_POSITIONS = f"""
SELECT place.*
FROM (SELECT $1::uuid[] AS route_ids, $2::bigint[] AS totals OFFSET 0) AS given
CROSS JOIN unnest(given.route_ids, given.totals) WITH ORDINALITY AS asked (route_id, total_mm, n)
LEFT JOIN LATERAL ({position_sql("asked.route_id", "asked.total_mm")}) AS place ON true
ORDER BY n"""


async def positions(reader: Reader, places: Sequence[tuple[UUID, int]]) -> list[RoutePosition | None]:
    """Return the place of each (route id, distance in millimetres), in the order asked; None without such a route."""
    records = await reader.fetch(_POSITIONS, [route_id for route_id, _ in places], [total for _, total in places])
    return [None if record["lat"] is None else position_of(record) for record in records]
