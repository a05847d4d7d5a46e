"""A track out of a GPX 1.0 or 1.1 file (topografix.com/gpx.asp), read as a stream: one line, with its climb."""

import math
from dataclasses import dataclass
from itertools import chain, groupby, pairwise
from typing import BinaryIO
from xml.parsers import expat

from milequest.rules.enums import LegQuality
from milequest.rules.errors import ValidationError, invalid
from milequest.rules.geo import LatLng, distance_m, line_length_m
from milequest.rules.routes import MAX_NAME, MAX_ROUTE_M, MIN_APART_M, Leg, Waypoint

MAX_BYTES = 50_000_000
MAX_POINTS = 200_000
MAX_DEPTH = 50
MAX_GAP_M = 10_000.0  # between the pieces of a track; more is another walk
CLIMB_STEP_M = 5.0  # smaller rises and falls are taken for noise of the instrument
CHUNK = 1 << 16

_NAMESPACES = ("http://www.topografix.com/GPX/1/0", "http://www.topografix.com/GPX/1/1", "")


@dataclass(frozen=True, slots=True)
class GpxTrack:
    """All pieces of the file's tracks joined in order: `(lng, lat)`, without repeated points.

    `elevation_gain_meters` is None where one point in ten or more has no elevation.
    """

    name: str | None
    line: tuple[tuple[float, float], ...]
    elevation_gain_meters: float | None

    @property
    def waypoints(self) -> tuple[Waypoint, Waypoint]:
        """Start and end."""
        (west, south), (east, north) = self.line[0], self.line[-1]
        return Waypoint(LatLng(south, west)), Waypoint(LatLng(north, east))

    @property
    def legs(self) -> tuple[Leg]:
        """The one leg: somebody walked it, so it is ROUTED."""
        return (Leg(self.line, LegQuality.ROUTED),)


def read_gpx(source: BinaryIO) -> GpxTrack:
    """The track in a file of at most 50 MB and 200,000 points; a planned route (`rte`) where there is no track.

    Raises ValidationError at `file`, with the line where something is wrong. Document types, and with them entities
    that expand without end, are refused.
    """
    reader = _Reader()
    size = 0
    try:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > MAX_BYTES:
                raise invalid("file", "TOO_LARGE", f"must have at most {MAX_BYTES // 1_000_000} MB")
            reader.parser.Parse(chunk, False)
        reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise invalid("file", "MALFORMED", f"line {error.lineno}: {expat.ErrorString(error.code)}") from None
    except (LookupError, ValueError) as error:  # how pyexpat speaks of encodings it doesn't know
        raise invalid("file", "MALFORMED", f"the file's encoding can't be read: {error}") from None
    return _joined(reader)


@dataclass(slots=True)
class _Point:
    lng: float
    lat: float
    elevation: float | None = None


class _Reader:
    """Gathers the points of `trk/trkseg` and `rte` while expat reads."""

    def __init__(self) -> None:
        self.tracks: list[list[_Point]] = []
        self.routes: list[list[_Point]] = []
        self.names: dict[str, str] = {}  # of the first trk and the first rte
        self._path: list[str] = []
        self._text: list[str] = []
        self._points = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append

    def _doctype(self, *_: object) -> None:
        raise self._wrong("a GPX file has no document type")

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        namespace, _, name = element.rpartition(" ")
        if not self._path and (name != "gpx" or namespace not in _NAMESPACES):
            raise self._wrong("this is not a GPX 1.0 or 1.1 file")
        if len(self._path) == MAX_DEPTH:
            raise self._wrong(f"elements {MAX_DEPTH} deep")
        self._path.append(name if namespace in _NAMESPACES else element)
        self._text.clear()
        match self._path[1:]:
            case ["trk", "trkseg"]:
                self.tracks.append([])
            case ["rte"]:
                self.routes.append([])
            case ["trk", "trkseg", "trkpt"]:
                self.tracks[-1].append(self._point(attributes))
            case ["rte", "rtept"]:
                self.routes[-1].append(self._point(attributes))

    def _end(self, _: str) -> None:
        match self._path[1:]:
            case ["trk", "trkseg", "trkpt", "ele"]:
                self.tracks[-1][-1].elevation = self._elevation()
            case ["rte", "rtept", "ele"]:
                self.routes[-1][-1].elevation = self._elevation()
            case [("trk" | "rte") as kind, "name"]:
                self.names.setdefault(kind, " ".join("".join(self._text).split())[:MAX_NAME])
        self._path.pop()
        self._text.clear()

    def _point(self, attributes: dict[str, str]) -> _Point:
        self._points += 1
        if self._points > MAX_POINTS:
            raise self._wrong(f"more than {MAX_POINTS:,} points")
        lat = self._number("lat", attributes.get("lat", ""), 90)
        return _Point(self._number("lon", attributes.get("lon", ""), 180), lat)

    def _elevation(self) -> float | None:
        text = "".join(self._text).strip()
        return None if text.lower() in ("", "nan") else self._number("ele", text, 100_000)

    def _number(self, name: str, text: str, limit: float) -> float:
        try:
            value = float(text) if "_" not in text else math.nan
        except ValueError:
            value = math.nan
        if not -limit <= value <= limit:
            raise self._wrong(f"{name} must be a number from -{limit} to {limit}, not {text[:40]!r}")
        return value

    def _wrong(self, message: str) -> ValidationError:
        return invalid("file", "MALFORMED", f"line {self.parser.CurrentLineNumber}: {message}")


def _joined(reader: _Reader) -> GpxTrack:
    kind, pieces = "trk", [piece for piece in reader.tracks if piece]
    if not pieces:
        kind, pieces = "rte", [piece for piece in reader.routes if piece]
    if not pieces:
        raise invalid("file", "EMPTY", "there is no track in the file")
    for before, after in pairwise(pieces):
        gap_m = distance_m(LatLng(before[-1].lat, before[-1].lng), LatLng(after[0].lat, after[0].lng))
        if gap_m > MAX_GAP_M:
            raise invalid("file", "GAP", f"the tracks don't join: there are {gap_m / 1000:,.1f} km between two of them")
    points = list(chain.from_iterable(pieces))
    line = tuple(position for position, _ in groupby((point.lng, point.lat) for point in points))
    length_m = line_length_m(line)
    if not MIN_APART_M < length_m <= MAX_ROUTE_M:
        high = MAX_ROUTE_M / 1000
        raise invalid(
            "file", "OUT_OF_RANGE", f"the track is {length_m / 1000:,.3f} km long, not 0.01 to {high:,.0f} km"
        )
    return GpxTrack(reader.names.get(kind) or None, line, _climb(points))


def _climb(points: list[_Point]) -> float | None:
    elevations = [point.elevation for point in points if point.elevation is not None]
    if len(elevations) <= 0.9 * len(points):
        return None
    climb, level = 0.0, elevations[0]
    for elevation in elevations:
        if abs(elevation - level) >= CLIMB_STEP_M:
            climb += max(0.0, elevation - level)
            level = elevation
    return climb
