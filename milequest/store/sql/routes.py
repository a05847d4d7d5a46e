"""Routes in PostgreSQL: stored once, never changed, read leg by leg in wire units. Lengths are spheroid lengths.

Access to a route follows from its goal: these statements don't check it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from uuid import UUID

import asyncpg

from milequest.rules.enums import LegQuality, RouteSource, WaypointKind
from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.geo import Bounds, LatLng, bounds
from milequest.rules.routes import Leg, Waypoint, waypoint_kind
from milequest.store.sql.lines import MEASURED_LEGS, encoded, joined
from milequest.store.sql.transaction import Reader, Tx

STRETCH_SEGMENTS = 63  # so that 64 points and their measures fit into a row without being stored out of line


@dataclass(frozen=True, slots=True)
class NewRoute:
    """A route to be stored: one waypoint more than legs, each leg's line from its waypoint to the next."""

    id: UUID
    waypoints: Sequence[Waypoint]
    legs: Sequence[Leg]
    source: RouteSource
    elevation_gain_meters: float | None = None
    attribution: str | None = None


@dataclass(frozen=True, slots=True)
class RouteRow:
    """A stored route. `overview` is its polyline6 of at most 500 points."""

    id: UUID
    source: RouteSource
    length_mm: int
    length_meters: float
    bounds: Bounds
    overview: str
    elevation_gain_meters: float | None
    attribution: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WaypointRow:
    """A waypoint and its position along the route."""

    index: int
    name: str | None
    position: LatLng
    kind: WaypointKind
    at_meters: float
    is_locked: bool


@dataclass(frozen=True, slots=True)
class LegRow:
    """Leg i, from waypoint i to i + 1. `overview` is its part of the route's overview."""

    index: int
    starts_at_meters: float
    distance_meters: float
    duration_seconds: int | None
    quality: LegQuality
    overview: str


@dataclass(frozen=True, slots=True)
class MeasuredRoute:
    """A route that is not stored, for a preview or a template. `lines` are the legs it was measured from."""

    length_meters: float
    bounds: Bounds
    overview: str
    waypoints: tuple[WaypointRow, ...]
    legs: tuple[LegRow, ...]
    lines: tuple[Leg, ...]


_MEASURE = f"""
WITH {MEASURED_LEGS}
SELECT index, starts_at_mm, length_mm, {encoded("overview.line")} AS overview,
    (SELECT {encoded(joined("line", "index"))} FROM overview) AS route_overview
FROM leg JOIN overview USING (index) ORDER BY index"""

_CREATE = f"""
WITH {MEASURED_LEGS}, new_route AS (
    INSERT INTO route
        (id, source, length_mm, south, west, north, east, overview, elevation_gain_m, attribution, created_at)
    SELECT $4, $5, (SELECT sum(length_mm) FROM leg), $6, $7, $8, $9,
        (SELECT {encoded(joined("line", "index"))} FROM overview), $10, $11, $12
    RETURNING *
), new_leg AS (
    INSERT INTO route_leg
        (route_id, index, starts_at_mm, length_mm, duration_s, quality, line, crosses_antimeridian, overview)
    SELECT $4, index, starts_at_mm, length_mm, ($13::int[])[index + 1], ($14::text[])[index + 1],
        leg.line::geography, crosses_antimeridian, {encoded("overview.line")}
    FROM leg JOIN overview USING (index)
), new_stretch AS (
    INSERT INTO route_stretch (route_id, leg_index, index, starts_at_m, line, measures)
    SELECT $4, leg, stretch, min(measure), ST_MakeLine(point ORDER BY n)::geography, array_agg(measure ORDER BY n)
    FROM measured, generate_series(greatest(n - 1, 0) / {STRETCH_SEGMENTS}, n / {STRETCH_SEGMENTS}) AS stretch
    GROUP BY leg, stretch HAVING count(*) > 1
), new_waypoint AS (
    INSERT INTO route_waypoint (route_id, index, name, position, kind, at_mm, is_locked)
    SELECT $4, index, name, ST_SetSRID(ST_MakePoint(lng, lat), 4326)::geography, kind,
        coalesce((SELECT starts_at_mm FROM leg WHERE leg.index = given.index), (SELECT sum(length_mm) FROM leg)),
        is_locked
    FROM (
        SELECT (n - 1)::int AS index, name, lng, lat, kind, is_locked
        FROM unnest($15::text[], $16::float8[], $17::float8[], $18::text[], $19::bool[])
            WITH ORDINALITY AS waypoint (name, lng, lat, kind, is_locked, n)
    ) AS given
)
SELECT * FROM new_route"""


async def create_route(tx: Tx, route: NewRoute, now: datetime) -> RouteRow:
    """Measure and store a route with its legs and waypoints, in one statement.

    Raises ROUTE_ERROR for a route without length, ValueError where legs and waypoints don't fit together.
    """
    _check(route.waypoints, route.legs)
    box = bounds(list(chain.from_iterable(leg.line for leg in route.legs)))
    positions = [waypoint.position for waypoint in route.waypoints]
    kinds = [waypoint_kind(index, len(positions)) for index in range(len(positions))]
    record = await tx.fetchrow(
        _CREATE,
        *leg_arrays(route.legs),
        route.id,
        route.source,
        *(box.southwest.lat, box.southwest.lng, box.northeast.lat, box.northeast.lng),
        route.elevation_gain_meters,
        route.attribution,
        now,
        [leg.duration_s for leg in route.legs],
        [leg.quality for leg in route.legs],
        [waypoint.name for waypoint in route.waypoints],
        [position.lng for position in positions],
        [position.lat for position in positions],
        kinds,
        [waypoint.is_locked for waypoint in route.waypoints],
    )
    assert record is not None, "INSERT … RETURNING gives the row"
    return _route(record)


async def measure_route(reader: Reader, waypoints: Sequence[Waypoint], legs: Sequence[Leg]) -> MeasuredRoute:
    """Measure a route as `create_route` would, and store nothing. Raises what it raises."""
    _check(waypoints, legs)
    records = await reader.fetch(_MEASURE, *leg_arrays(legs))
    length_mm = records[-1]["starts_at_mm"] + records[-1]["length_mm"]
    starts = [*(record["starts_at_mm"] for record in records), length_mm]
    return MeasuredRoute(
        length_meters=length_mm / 1000,
        bounds=bounds(list(chain.from_iterable(leg.line for leg in legs))),
        overview=records[0]["route_overview"],
        waypoints=tuple(
            WaypointRow(
                index,
                each.name,
                each.position,
                waypoint_kind(index, len(waypoints)),
                starts[index] / 1000,
                each.is_locked,
            )
            for index, each in enumerate(waypoints)
        ),
        legs=tuple(
            LegRow(
                record["index"],
                record["starts_at_mm"] / 1000,
                record["length_mm"] / 1000,
                leg.duration_s,
                leg.quality,
                record["overview"],
            )
            for record, leg in zip(records, legs, strict=True)
        ),
        lines=tuple(legs),
    )


def _check(waypoints: Sequence[Waypoint], legs: Sequence[Leg]) -> None:
    if len(legs) != len(waypoints) - 1 or not legs:
        raise ValueError(f"{len(waypoints)} waypoints can't have {len(legs)} legs")
    if any(len(leg.line) < 2 for leg in legs):
        raise ValueError("a leg's line has two points or more")
    if all(point == leg.line[0] for leg in legs for point in leg.line):
        raise Refused(ErrorCode.ROUTE_ERROR, "The route has no length.")


def leg_arrays(legs: Sequence[Leg]) -> tuple[list[int], list[float], list[float]]:
    """Return the legs' points as the parameters of `lines.MEASURED_LEGS`: leg indexes, longitudes, latitudes."""
    points = [(index, lng, lat) for index, leg in enumerate(legs) for lng, lat in leg.line]
    return [index for index, _, _ in points], [lng for _, lng, _ in points], [lat for _, _, lat in points]


async def routes_by_ids(reader: Reader, ids: Iterable[UUID]) -> dict[UUID, RouteRow]:
    """Return the existing routes among `ids`."""
    records = await reader.fetch("SELECT * FROM route WHERE id = ANY($1::uuid[])", list(ids))
    return {record["id"]: _route(record) for record in records}


async def waypoints_of(reader: Reader, route_ids: Iterable[UUID]) -> dict[UUID, list[WaypointRow]]:
    """Return the waypoints of each route, in order; an empty list for a missing route."""
    found: dict[UUID, list[WaypointRow]] = {route_id: [] for route_id in route_ids}
    for record in await reader.fetch(
        """SELECT route_id, index, name, ST_Y(position::geometry) AS lat, ST_X(position::geometry) AS lng, kind, at_mm,
            is_locked
        FROM route_waypoint WHERE route_id = ANY($1::uuid[]) ORDER BY route_id, index""",
        list(found),
    ):
        found[record["route_id"]].append(waypoint_row(record))
    return found


async def legs_of(reader: Reader, route_ids: Iterable[UUID]) -> dict[UUID, list[LegRow]]:
    """Return the legs of each route, in order; an empty list for a missing route."""
    found: dict[UUID, list[LegRow]] = {route_id: [] for route_id in route_ids}
    for record in await reader.fetch(
        """SELECT route_id, index, starts_at_mm, length_mm, duration_s, quality, overview
        FROM route_leg WHERE route_id = ANY($1::uuid[]) ORDER BY route_id, index""",
        list(found),
    ):
        found[record["route_id"]].append(
            LegRow(
                record["index"],
                record["starts_at_mm"] / 1000,
                record["length_mm"] / 1000,
                record["duration_s"],
                LegQuality(record["quality"]),
                record["overview"],
            )
        )
    return found


def _route(record: asyncpg.Record) -> RouteRow:
    return RouteRow(
        id=record["id"],
        source=RouteSource(record["source"]),
        length_mm=record["length_mm"],
        length_meters=record["length_mm"] / 1000,
        bounds=Bounds(LatLng(record["south"], record["west"]), LatLng(record["north"], record["east"])),
        overview=record["overview"],
        elevation_gain_meters=record["elevation_gain_m"],
        attribution=record["attribution"],
        created_at=record["created_at"],
    )


def waypoint_row(record: asyncpg.Record, prefix: str = "") -> WaypointRow:
    """Return the waypoint in columns `index, name, lat, lng, kind, at_mm, is_locked`, each prefixed by `prefix`."""
    return WaypointRow(
        index=record[f"{prefix}index"],
        name=record[f"{prefix}name"],
        position=LatLng(record[f"{prefix}lat"], record[f"{prefix}lng"]),
        kind=WaypointKind(record[f"{prefix}kind"]),
        at_meters=record[f"{prefix}at_mm"] / 1000,
        is_locked=record[f"{prefix}is_locked"],
    )
