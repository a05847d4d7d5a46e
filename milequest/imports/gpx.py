"""A track from a GPX 1.0 or 1.1 file (topografix.com/gpx.asp), read as a stream: one line, with its climb."""

import math
import re
from dataclasses import dataclass
from itertools import chain, groupby, pairwise
from typing import BinaryIO
from xml.parsers import expat

from milequest.imports.points import Point, climb, height, without_jumps
from milequest.rules.enums import LegQuality
from milequest.rules.errors import ValidationError, invalid
from milequest.rules.geo import LatLng, degrees, distance_m, line_length_m
from milequest.rules.routes import MAX_NAME, MAX_ROUTE_M, MIN_APART_M, Leg, Waypoint
from milequest.rules.text import presentable

MAX_BYTES = 50_000_000
MAX_POINTS = 200_000
MAX_DEPTH = 50
MAX_GAP_M = 10_000.0  # largest gap between two segments of one walk
CHUNK = 1 << 16

# Spellings of the namespace in use: with https, a slash at the end, without the host, or none at all.
_NAMESPACE = re.compile(r"\s*(((https?://)?(www\.)?topografix\.com)?/gpx/1/[01]/?)?\s*", re.IGNORECASE)
_GARMIN = "http://www.garmin.com/xmlschemas/GpxExtensions/v3 "
_SHAPE = ["rte", "rtept", "extensions", f"{_GARMIN}RoutePointExtension", f"{_GARMIN}rpt"]
_BEFORE_XML = b" \t\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class GpxTrack:
    """All segments of the file's tracks joined in order: `(lng, lat)`, without repeated points.

    `elevation_gain_meters` is None if one point in ten or more has no elevation.
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
        """The one leg: it was walked, so it is ROUTED."""
        return (Leg(self.line, LegQuality.ROUTED),)


def read_gpx(source: BinaryIO) -> GpxTrack:
    """Return the track in a file of at most 50 MB and 200,000 points; if there is none, its planned route (`rte`).

    Raises ValidationError at `file`, with the line of the fault. Document types, and with them entities that expand
    without end, are refused.
    """
    reader = _Reader()
    size = 0
    try:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > MAX_BYTES:
                raise invalid("file", "TOO_LARGE", f"must have at most {MAX_BYTES // 1_000_000} MB")
            reader.feed(chunk)
        reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise reader.wrong(expat.ErrorString(error.code), error.lineno) from None
    except (LookupError, ValueError) as error:  # as pyexpat reports encodings it doesn't know
        raise invalid("file", "MALFORMED", f"the file's encoding can't be read: {error}") from None
    return _joined(reader)


class _Reader:
    """Collector of the points of `trk/trkseg` and `rte` while expat reads."""

    def __init__(self) -> None:
        self.tracks: list[list[Point]] = []
        self.routes: list[list[Point]] = []
        self.names: dict[str, str] = {}  # names of the first trk and the first rte, and the file's
        self._path: list[str] = []
        self._text: list[str] = []
        self._points = 0
        self._lines_before = 0  # lines in the white space before the document
        self._has_begun = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append

    def feed(self, chunk: bytes) -> None:
        """Read on. White space before the document, which XML does not allow, is skipped."""
        if not self._has_begun:
            rest = chunk.removeprefix(_BYTE_ORDER_MARK).lstrip(_BEFORE_XML)
            self._lines_before += chunk[: len(chunk) - len(rest)].count(b"\n")
            self._has_begun, chunk = bool(rest), rest
        if chunk:
            self.parser.Parse(chunk, False)

    def wrong(self, message: str, line: int) -> ValidationError:
        """Return the refusal of the file for a fault in a line of the document."""
        return invalid("file", "MALFORMED", f"line {line + self._lines_before}: {message}")

    def _doctype(self, *_: object) -> None:
        raise self._wrong("a GPX file has no document type")

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        namespace, _, name = element.rpartition(" ")
        is_ours = _NAMESPACE.fullmatch(namespace) is not None
        if not self._path and (name != "gpx" or not is_ours):
            raise self._wrong("this is not a GPX 1.0 or 1.1 file")
        if len(self._path) == MAX_DEPTH:
            raise self._wrong(f"elements {MAX_DEPTH} deep")
        self._path.append(name if is_ours else element)
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
            case path if path == _SHAPE:
                self.routes[-1].append(self._point(attributes))

    def _end(self, _: str) -> None:
        match self._path[1:]:
            case ["trk", "trkseg", "trkpt", "ele"]:
                self.tracks[-1][-1].elevation = height("".join(self._text).strip())
            case ["rte", "rtept", "ele"]:
                self.routes[-1][-1].elevation = height("".join(self._text).strip())
            case [("trk" | "rte" | "metadata") as kind, "name"]:
                self._name(kind)
            case ["name"]:  # GPX 1.0 has the name here, GPX 1.1 in `metadata`
                self._name("metadata")
        self._path.pop()
        self._text.clear()

    def _point(self, attributes: dict[str, str]) -> Point:
        self._points += 1
        if self._points > MAX_POINTS:
            raise self._wrong(f"more than {MAX_POINTS:,} points")
        lat = self._number("lat", attributes.get("lat", ""), 90)
        return Point(self._number("lon", attributes.get("lon", ""), 180), lat)

    def _name(self, kind: str) -> None:
        if name := presentable("".join(self._text), MAX_NAME):
            self.names.setdefault(kind, name)

    def _number(self, name: str, text: str, limit: float) -> float:
        try:
            value = float(text) if "_" not in text else math.nan
        except ValueError:
            value = math.nan
        if not -limit <= value <= limit:
            raise self._wrong(f"{name} must be a number from -{limit} to {limit}, not {text[:40]!r}")
        return degrees(value)

    def _wrong(self, message: str) -> ValidationError:
        return self.wrong(message, self.parser.CurrentLineNumber)


def _joined(reader: _Reader) -> GpxTrack:
    kind, pieces = "trk", [points for piece in reader.tracks if (points := without_jumps(piece))]
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
    return GpxTrack(reader.names.get(kind) or reader.names.get("metadata"), line, climb(points))
