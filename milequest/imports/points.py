"""Recorded points of a track: drop outliers of the receiver, and measure the climb."""

from collections.abc import Sequence
from dataclasses import dataclass

from milequest.rules.geo import LatLng, distance_m

JUMP_M = 100_000.0  # from one point of a track to the next; a jump with a return was not walked
LONGEST_JUMP = 5  # outliers in a row that a receiver may report before it recovers
CLIMB_STEP_M = 5.0  # smaller rises and falls count as noise of the instrument
LOWEST_M, HIGHEST_M = -500.0, 9_000.0  # highest and lowest land, rounded


@dataclass(slots=True)
class Point:
    """A place, and its height in metres if known."""

    lng: float
    lat: float
    elevation: float | None = None


def height(text: str) -> float | None:
    """Return an elevation in metres; None for text that is not a number, and for a height that does not exist on earth.

    Programs write -19999, -32768, 65535, 9999, `nan`, `-nan(ind)` or `1.#QNAN` for an unknown one.
    """
    try:
        metres = float(text) if "_" not in text else HIGHEST_M + 1
    except ValueError:
        return None
    return metres if LOWEST_M <= metres <= HIGHEST_M else None


def without_jumps(points: Sequence[Point]) -> list[Point]:
    """Return the points without the receiver's outliers.

    Outliers are points at 0°, 0° with no neighbour near, which stand for "no fix", and up to five in a row after which
    the track returns. A track that continues elsewhere, as by ferry, keeps its line.
    """
    fixed = _without_zeros(points)
    kept: list[Point] = []
    index = 0
    while index < len(fixed):
        point = fixed[index]
        if kept and _apart(kept[-1], point):
            index = _return(kept[-1], fixed, index) or index
            point = fixed[index]
        kept.append(point)
        index += 1
    return kept


def _without_zeros(points: Sequence[Point]) -> list[Point]:
    """Return the points except runs at 0°, 0° that are far from the points before and after them."""
    placed = [index for index, point in enumerate(points) if point.lat or point.lng]
    kept: list[Point] = []
    start = 0
    for here in (*placed, len(points)):
        zeros = points[start:here]
        neighbours = [points[index] for index in (start - 1, here) if 0 <= index < len(points)]
        if zeros and not (neighbours and all(_apart(zeros[0], each) for each in neighbours)):
            kept += zeros
        kept += points[here : here + 1]
        start = here + 1
    return kept


def _return(before: Point, points: Sequence[Point], index: int) -> int | None:
    """Return the index at which the track is near `before` again, soon after `index`; None if it stays away."""
    for later in range(index + 1, min(index + LONGEST_JUMP + 1, len(points))):
        if not _apart(before, points[later]):
            return later
    return None


def _apart(one: Point, other: Point) -> bool:
    return distance_m(LatLng(one.lat, one.lng), LatLng(other.lat, other.lng)) > JUMP_M


def climb(points: Sequence[Point]) -> float | None:
    """Return the metres climbed; None if one point in ten or more has no elevation."""
    elevations = [point.elevation for point in points if point.elevation is not None]
    if len(elevations) <= 0.9 * len(points):
        return None
    total, level = 0.0, elevations[0]
    for elevation in elevations:
        if abs(elevation - level) >= CLIMB_STEP_M:
            total += max(0.0, elevation - level)
            level = elevation
    return total
