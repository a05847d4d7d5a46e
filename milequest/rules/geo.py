"""Geometry on the mean sphere: distances, bearings, great circles and bounds, valid across the antimeridian and poles.

Lines are sequences of `(lng, lat)` in degrees, the order of GeoJSON. Lengths that count are PostGIS's spheroid lengths;
the sphere is for checks and for drawing, where a third of a percent doesn't matter.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

EARTH_RADIUS_M = 6_371_008.8
MAX_SEGMENT_M = 10_000.0
ANTIPODAL_M = 100.0  # points closer than this to opposite have no single shortest line

LEAST_DEGREES = 1e-12  # a tenth of a micrometre; products of far smaller numbers underflow, an error in PostgreSQL

Line: TypeAlias = Sequence[tuple[float, float]]
_Vector: TypeAlias = tuple[float, float, float]


def degrees(value: float) -> float:
    """Return the degrees, with values nearer to 0 than LEAST_DEGREES made 0."""
    return value if not abs(value) < LEAST_DEGREES else 0.0


@dataclass(frozen=True, slots=True)
class LatLng:
    """A place on WGS84, in degrees: `lat` -90 to 90, `lng` -180 to 180."""

    lat: float
    lng: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "lat", degrees(self.lat))
        object.__setattr__(self, "lng", degrees(self.lng))


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box; its west is greater than its east where it crosses the antimeridian."""

    southwest: LatLng
    northeast: LatLng


def _vector(point: LatLng) -> _Vector:
    lat, lng = math.radians(point.lat), math.radians(point.lng)
    return math.cos(lat) * math.cos(lng), math.cos(lat) * math.sin(lng), math.sin(lat)


def _angle(a: _Vector, b: _Vector) -> float:
    """Return the angle in radians, exact for near and for opposite points too (Kahan)."""
    return 2 * math.atan2(math.dist(a, b), math.hypot(a[0] + b[0], a[1] + b[1], a[2] + b[2]))


def distance_m(a: LatLng, b: LatLng) -> float:
    """Return the great-circle distance in metres."""
    return EARTH_RADIUS_M * _angle(_vector(a), _vector(b))


def line_length_m(line: Line) -> float:
    """Return the length of a line in metres, the sum of its great-circle segments."""
    vectors = [_vector(LatLng(lat, lng)) for lng, lat in line]
    return EARTH_RADIUS_M * math.fsum(map(_angle, vectors, vectors[1:]))


def are_antipodal(a: LatLng, b: LatLng) -> bool:
    """Return whether the two are so nearly opposite that no great circle between them is the shortest."""
    return distance_m(a, b) > math.pi * EARTH_RADIUS_M - ANTIPODAL_M


def great_circle(a: LatLng, b: LatLng, max_segment_m: float = MAX_SEGMENT_M) -> list[tuple[float, float]]:
    """Return the shortest line from `a` to `b`: equal steps of at most `max_segment_m`, both ends exactly as given.

    Raises ValueError for antipodal ends.
    """
    if are_antipodal(a, b):
        raise ValueError("no single shortest line joins opposite points of the globe")
    start, end = _vector(a), _vector(b)
    angle = _angle(start, end)
    steps = max(1, math.ceil(EARTH_RADIUS_M * angle / max_segment_m))
    inner = [_between(start, end, angle, step / steps) for step in range(1, steps)]
    return [(a.lng, a.lat), *inner, (b.lng, b.lat)]


def _between(start: _Vector, end: _Vector, angle: float, fraction: float) -> tuple[float, float]:
    from_start = math.sin((1 - fraction) * angle) / math.sin(angle)
    from_end = math.sin(fraction * angle) / math.sin(angle)
    x, y, z = (from_start * s + from_end * e for s, e in zip(start, end, strict=True))
    return math.degrees(math.atan2(y, x)), math.degrees(math.atan2(z, math.hypot(x, y)))


def bounds(line: Line) -> Bounds:
    """Return the smallest box that holds the line as it is walked: from 179° to -179° is two degrees, not 358.

    A line that goes round the world is bounded by -180 and 180. Raises ValueError for a line without points.
    """
    lats = [lat for _, lat in line]
    lngs = list(_unwrapped(lng for lng, _ in line))
    west, east = min(lngs), max(lngs)
    if east - west >= 360:
        west, east = -180.0, 180.0
    elif west < east:
        west, east = _wrapped(west), -_wrapped(-east)
    else:
        west = east = line[0][0]
    return Bounds(LatLng(min(lats), west), LatLng(max(lats), east))


def _unwrapped(lngs: Iterable[float]) -> Iterable[float]:
    """Yield longitudes that continue past ±180 instead of jumping there."""
    turns, last = 0, None
    for lng in lngs:
        if last is not None and abs(lng - last) > 180:
            turns += 1 if lng < last else -1
        last = lng
        yield lng + 360 * turns


def _wrapped(lng: float) -> float:
    """Return the same meridian, -180 <= lng < 180."""
    return lng - 360 * math.floor((lng + 180) / 360)
