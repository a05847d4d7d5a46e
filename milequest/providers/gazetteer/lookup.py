"""Look-up of places in the gazetteer's index, by name and by position."""

import math
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from milequest.providers.gazetteer.index import CELLS_AROUND, CELLS_PER_DEGREE, SHORT
from milequest.providers.gazetteer.place_names import folded
from milequest.rules.geo import LatLng, distance_m
from milequest.rules.places import Place, PlaceSearch

CANDIDATES = 100
NEARBY_M = 50_000.0  # radius of the preference for places near `near`
REVERSE_RADII_M = (15_000.0, 100_000.0)
METRES_PER_DEGREE = 111_195.0
LAST = "\U0010ffff"  # sorts after every character: with it a prefix is a range of keys


class _Found(NamedTuple):
    """A place; `exact` if its name is the whole query, `own` if that is its main name."""

    id: int
    exact: bool
    own: bool


class _Row(NamedTuple):
    id: int
    name: str
    lat: float
    lng: float
    country: str
    region: str | None
    population: int
    country_name: str

    def public(self) -> Place:
        address = ", ".join(part for part in (self.name, self.region, self.country_name) if part)
        return Place(self.name, address, LatLng(self.lat, self.lng), self.country)


class _Area(NamedTuple):
    """Area to search: a country (None: any), and a region of it ('': all)."""

    country: str | None
    region: str


_ROWS = """
SELECT id, place.name, lat, lng, country, region, population, coalesce(country.name, place.country)
FROM place LEFT JOIN country ON country.code = place.country"""


def find(connection: sqlite3.Connection, search: PlaceSearch) -> list[Place]:
    """Return the best places for a search, best first. Words after a name may name its area: `springfield illinois`."""
    words = folded(search.query).split()
    found = _named(connection, " ".join(words), _Area(search.country, ""), search.near) if words else []
    for name_words in range(len(words) - 1, max(0, len(words) - 4), -1) if len(found) < search.first else ():
        for area in _areas(connection, " ".join(words[name_words:])):
            if search.country in (None, area.country):
                found += _named(connection, " ".join(words[:name_words]), area, search.near)
    ranked = sorted({row.id: (-rank, row) for rank, row in reversed(found)}.values())
    return [row.public() for _, row in ranked[: search.first]]


def _areas(connection: sqlite3.Connection, key: str) -> list[_Area]:
    rows = connection.execute("SELECT country, region FROM area WHERE key = ?", (key,))
    return list(map(_Area._make, rows))


def _named(connection: sqlite3.Connection, key: str, area: _Area, near: LatLng | None) -> list[tuple[float, _Row]]:
    found = {each.id: each for each in (*_nearby(connection, key, near), *_by_name(connection, key, area.country))}
    places = connection.execute(f"{_ROWS} WHERE id IN ({','.join(map(str, found))})")
    return [
        (_rank(found[row.id], row, near), row)
        for row in map(_Row._make, places)
        if area.country in (None, row.country) and area.region in ("", row.region)
    ]


def _rank(found: _Found, place: _Row, near: LatLng | None) -> float:
    """Return how likely the place is meant: an exact name, population and nearness each have their weight."""
    rank = math.log10(place.population + 10) + 2.0 * found.exact + 0.5 * found.own
    if near is not None:
        rank += 4.0 / (1 + distance_m(near, LatLng(place.lat, place.lng)) / NEARBY_M)
    return rank


def _by_name(connection: sqlite3.Connection, key: str, country: str | None) -> Iterator[_Found]:
    within, values = ("AND country = ?", [country]) if country else ("", [])
    if len(key) <= SHORT:
        for (id,) in connection.execute(
            "SELECT place FROM short WHERE prefix = ? AND country = ? ORDER BY place", (key, country or "")
        ):
            yield _Found(id, False, False)
    else:
        for id, own in connection.execute(
            f"SELECT place, own FROM name WHERE key >= ? AND key < ? {within} ORDER BY place, own LIMIT ?",
            (key, key + LAST, *values, 3 * CANDIDATES),  # a place has several names
        ):
            yield _Found(id, False, bool(own))
    for id, own in connection.execute(
        f"SELECT place, own FROM name WHERE key = ? {within} ORDER BY place LIMIT ?", (key, *values, CANDIDATES)
    ):
        yield _Found(id, True, bool(own))


def _nearby(connection: sqlite3.Connection, key: str, near: LatLng | None) -> Iterator[_Found]:
    if near is not None:
        for low, high in _cells(near, NEARBY_M):
            for (id,) in connection.execute(
                "SELECT id FROM place WHERE cell BETWEEN ? AND ? AND key >= ? AND key < ?",
                (low, high, key, key + LAST),
            ):
                yield _Found(id, False, True)


def nearest(connection: sqlite3.Connection, position: LatLng) -> Place | None:
    """Return the nearest place, if one is within 100 km."""
    for radius_m in REVERSE_RADII_M:
        rows = (
            _Row._make(row)
            for cells in _cells(position, radius_m)
            for row in connection.execute(f"{_ROWS} WHERE cell BETWEEN ? AND ?", cells)
        )
        distance, best = min(
            ((distance_m(position, LatLng(row.lat, row.lng)), row) for row in rows), default=(0.0, None)
        )
        if best is not None and distance <= radius_m:
            return best.public()
    return None


def _cells(position: LatLng, radius_m: float) -> Iterator[tuple[int, int]]:
    """Yield ranges of cells that together hold all positions within the radius, past the antimeridian and poles too."""
    reach = radius_m / METRES_PER_DEGREE
    narrowest = math.cos(math.radians(min(90.0, abs(position.lat) + reach)))
    width = reach / max(narrowest, 1e-9)
    for row in range(
        math.floor((max(-90.0, position.lat - reach) + 90) * CELLS_PER_DEGREE),
        math.floor((min(90.0, position.lat + reach) + 90) * CELLS_PER_DEGREE) + 1,
    ):
        first = row * CELLS_AROUND
        if width >= 179:
            yield first, first + CELLS_AROUND - 1
            continue
        west = math.floor((position.lng - width + 180) * CELLS_PER_DEGREE)
        east = math.floor((position.lng + width + 180) * CELLS_PER_DEGREE)
        yield first + max(west, 0), first + min(east, CELLS_AROUND - 1)
        if west < 0:
            yield first + west + CELLS_AROUND, first + CELLS_AROUND - 1
        if east >= CELLS_AROUND:
            yield first, first + east - CELLS_AROUND
