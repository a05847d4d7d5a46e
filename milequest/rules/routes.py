"""Input of a route: waypoints in order, and one leg between each pair of neighbours.

The limits are those of the domain: 2 to 25 waypoints (the ceiling of the routing service), neighbours more than 10 m
apart, circuits allowed, at most 50,000 km in all.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from milequest.rules.enums import LegQuality, WaypointKind
from milequest.rules.errors import FieldFault, Problem, ValidationError
from milequest.rules.geo import LatLng, Line, are_antipodal, distance_m
from milequest.rules.text import clean_optional

MIN_WAYPOINTS, MAX_WAYPOINTS = 2, 25
MIN_APART_M = 10.0
MAX_ROUTE_M = 50_000_000.0
MAX_NAME = 100
MAX_ZOOM = 24
OVERVIEW_POINTS = 500


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A place the route passes. `is_locked`: keeps its place in the order when the others are rearranged."""

    position: LatLng
    name: str | None = None
    is_locked: bool = False


@dataclass(frozen=True, slots=True)
class Leg:
    """The way from one waypoint to the next: its line, and the walking time in seconds where a router knows it."""

    line: Line
    quality: LegQuality
    duration_s: int | None = None


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """Answer of a router: a leg between each two neighbours, the attribution for the map, and doubts."""

    legs: tuple[Leg, ...]
    attribution: str | None = None
    warnings: tuple[Problem, ...] = ()


def waypoint_kind(index: int, count: int) -> WaypointKind:
    """Return the kind of the waypoint at `index` of `count`."""
    if index == 0:
        return WaypointKind.START
    return WaypointKind.END if index == count - 1 else WaypointKind.STOP


def checked_waypoints(waypoints: Sequence[Waypoint], path: str = "input.waypoints") -> tuple[Waypoint, ...]:
    """Return the waypoints with trimmed names, empty names None.

    Raises ValidationError with every fault found, each at its path (`input.waypoints[3].position.lat`).
    """
    if not MIN_WAYPOINTS <= len(waypoints) <= MAX_WAYPOINTS:
        message = f"must be {MIN_WAYPOINTS} to {MAX_WAYPOINTS} waypoints, not {len(waypoints)}"
        raise ValidationError(FieldFault(path, "OUT_OF_RANGE", message, MIN_WAYPOINTS, MAX_WAYPOINTS))
    faults: list[FieldFault] = []
    checked = []
    for index, each in enumerate(waypoints):
        faults.extend(position_faults(each.position, f"{path}[{index}].position"))
        try:
            checked.append(replace(each, name=clean_optional(f"{path}[{index}].name", each.name, MAX_NAME)))
        except ValidationError as error:
            faults.extend(error.fields)
    if faults := faults or list(_neighbour_faults(checked, path)):
        raise ValidationError(*faults)
    return tuple(checked)


def position_faults(position: LatLng, path: str) -> Iterator[FieldFault]:
    """Yield the faults of a position at `path`."""
    for field, value, limit in (("lat", position.lat, 90.0), ("lng", position.lng, 180.0)):
        if not (math.isfinite(value) and -limit <= value <= limit):
            yield FieldFault(f"{path}.{field}", "OUT_OF_RANGE", f"must be -{limit:g} to {limit:g}", -limit, limit)


def _neighbour_faults(waypoints: Sequence[Waypoint], path: str) -> Iterator[FieldFault]:
    total_m = 0.0
    for index, (here, there) in enumerate(pairwise(each.position for each in waypoints), start=1):
        apart_m = distance_m(here, there)
        total_m += apart_m
        if apart_m <= MIN_APART_M:
            message = f"must be more than {MIN_APART_M:g} m from the waypoint before"
            yield FieldFault(f"{path}[{index}].position", "DUPLICATE", message)
        if are_antipodal(here, there):
            message = "is opposite the waypoint before on the globe: put one between them"
            yield FieldFault(f"{path}[{index}].position", "ANTIPODAL", message)
    if total_m > MAX_ROUTE_M:
        message = f"the route is {total_m / 1000:,.0f} km long, at most {MAX_ROUTE_M / 1000:,.0f} km are allowed"
        yield FieldFault(path, "TOO_LONG", message, 0, MAX_ROUTE_M)


def checked_zoom(zoom: int | None, path: str = "zoom") -> int | None:
    """Return the zoom level of a polyline, 0 to 24, or None for an overview. Raises ValidationError."""
    if zoom is not None and not 0 <= zoom <= MAX_ZOOM:
        raise ValidationError(FieldFault(path, "OUT_OF_RANGE", f"must be 0 to {MAX_ZOOM}", 0, MAX_ZOOM))
    return zoom
