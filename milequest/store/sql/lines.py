"""SQL over lines: measured vertex by vertex on the spheroid, drawn in one piece, simplified for a zoom level.

Each function takes SQL expressions of our own making and returns one; values are passed as statement parameters.
"""

from milequest.rules.routes import OVERVIEW_POINTS

TILE_PIXELS = 512  # the world's width at zoom 0 in vector maps; for a map with 256, the line is finer than asked
PRECISION = 6
MERCATOR_EDGE = 85.06  # the latitude where web maps end

# Legs of unsaved lines, from arrays with an element for each point: `leg(index, line, drawn, length_mm, starts_at_mm,
# crosses_antimeridian)`, `measured(leg, n, point, measure)` and `overview(index, line)`.
MEASURED_LEGS = f"""
vertex AS (
    SELECT leg, n, lng, lat, point, lag(point) OVER along AS before, lag(lng) OVER along AS lng_before
    FROM (
        SELECT leg, n, lng, lat, ST_SetSRID(ST_MakePoint(lng, lat), 4326) AS point
        FROM unnest($1::int[], $2::float8[], $3::float8[]) WITH ORDINALITY AS given (leg, lng, lat, n)
    ) AS points
    WINDOW along AS (PARTITION BY leg ORDER BY n)
), measured AS (
    SELECT leg, row_number() OVER along - 1 AS n, point, abs(lng - lng_before) > 180 AS jumps,
        coalesce(sum(ST_Length(ST_MakeLine(before, point)::geography)) OVER along, 0) AS measure,
        ST_SetSRID(ST_MakePoint(
            lng + 360 * coalesce(sum(round((lng_before - lng) / 360)) OVER along, 0), lat), 4326) AS drawn
    FROM vertex
    WINDOW along AS (PARTITION BY leg ORDER BY n)
), leg AS (
    SELECT index, line, drawn, crosses_antimeridian, length_mm,
        (sum(length_mm) OVER (ORDER BY index) - length_mm)::bigint AS starts_at_mm
    FROM (
        SELECT leg AS index, ST_MakeLine(point ORDER BY n) AS line, ST_MakeLine(drawn ORDER BY n) AS drawn,
            coalesce(bool_or(jumps), false) AS crosses_antimeridian, round(max(measure) * 1000)::bigint AS length_mm
        FROM measured GROUP BY leg
    ) AS lines
), overview AS (
    SELECT index, ST_MakeLine(ST_Force2D(point) ORDER BY n) AS line
    FROM (
        SELECT index, vertex.path[1] AS n, vertex.geom AS point
        FROM leg, ST_DumpPoints(ST_SetEffectiveArea(drawn, 0, 1)) AS vertex
        ORDER BY ST_M(vertex.geom) DESC
        LIMIT {OVERVIEW_POINTS}
    ) AS outstanding
    GROUP BY index
)"""


def unwrapped(line: str) -> str:
    """Return the line with longitudes that continue past ±180, so that a client draws it in one piece."""
    return f"""(
        SELECT ST_MakeLine(ST_SetSRID(ST_MakePoint(lng + 360 * turns, lat), 4326) ORDER BY n)
        FROM (
            SELECT n, lng, lat, coalesce(sum(round((lng_before - lng) / 360)) OVER (ORDER BY n), 0) AS turns
            FROM (
                SELECT path[1] AS n, ST_X(geom) AS lng, ST_Y(geom) AS lat,
                    lag(ST_X(geom)) OVER (ORDER BY path[1]) AS lng_before
                FROM ST_DumpPoints({line})
            ) AS vertices
        ) AS turned
    )"""


def simplified(line: str, zoom: str) -> str:
    """Return the line with no point further than half a pixel from its place, on a Mercator map at `zoom`.

    A pixel has the fewest degrees of latitude where the line is furthest from the equator: that gives the tolerance.
    """
    half_pixel = f"180.0 / ({TILE_PIXELS} * 2.0 ^ {zoom})"
    furthest = f"least({MERCATOR_EDGE}, greatest(abs(ST_YMin({line})), abs(ST_YMax({line}))))"
    return f"ST_Simplify({line}, {half_pixel} * cosd({furthest}), true)"


def outlined(line: str) -> str:
    """Return the line's most significant points, at most 500: those of the largest triangle with their neighbours."""
    return f"""(
        SELECT ST_MakeLine(ST_Force2D(point) ORDER BY n)
        FROM (
            SELECT vertex.path[1] AS n, vertex.geom AS point
            FROM ST_DumpPoints(ST_SetEffectiveArea({line}, 0, 1)) AS vertex
            ORDER BY ST_M(vertex.geom) DESC LIMIT {OVERVIEW_POINTS}
        ) AS outstanding
    )"""


def cut(line: str) -> str:
    """Return an unwrapped line as GeoJSON wants it: cut into two where it crosses the antimeridian."""
    return f"ST_WrapX(ST_WrapX({line}, 180, -360), -180, 360)"


def encoded(line: str) -> str:
    """Return the line as polyline6, latitude first."""
    return f"ST_AsEncodedPolyline({line}, {PRECISION})"


def joined(line: str, index: str) -> str:
    """Return an aggregate: the lines of neighbouring legs as one, drawn in one piece."""
    return unwrapped(f"ST_MakeLine({line} ORDER BY {index})")
