"""Places found by name and by position, in an index of the world's larger towns."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milequest.providers import gazetteer
from milequest.providers.gazetteer import Gazetteer
from milequest.providers.gazetteer.index import index_path
from milequest.providers.gazetteer.index_build import build
from milequest.providers.gazetteer.lookup import find
from milequest.providers.gazetteer.lookup import nearest as nearest_place
from milequest.providers.gazetteer.place_names import folded
from milequest.rules.errors import Refused
from milequest.rules.geo import LatLng, distance_m
from milequest.rules.places import Place, checked_search
from milequest.settings import PROJECT

LARGE = 15_000  # people: makes the smallest index


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gazetteer")
    build(index_path(path, LARGE), LARGE)
    return path


@pytest.fixture
def places(folder: Path) -> Gazetteer:
    return Gazetteer(folder, LARGE, LARGE)


async def addresses(
    places: Gazetteer, query: str, near: LatLng | None = None, country: str | None = None, first: int = 5
) -> list[str | None]:
    return [place.address for place in await places.search(checked_search(query, near, country, first))]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Zürich", "zurich"),
        ("L'Aquila", "laquila"),
        ("Saint-Jean-Pied-de-Port", "saint jean pied de port"),
        ("Ærøskøbing", "aeroskobing"),
        ("Łódź", "lodz"),
        ("İstanbul", "istanbul"),
        ("Weißenburg", "weissenburg"),
        ("МОСКВА", "москва"),
        ("St. Louis", "st louis"),
        ("!?", ""),
        ("\x00", ""),
    ],
)
def test_place_name_is_folded_to_its_search_key(name: str, key: str) -> None:
    assert folded(name) == key


@given(st.text())
def test_folding_twice_is_folding_once(name: str) -> None:
    assert folded(folded(name)) == folded(name)
    assert folded(name.upper().lower()) == folded(name.lower())


@pytest.mark.parametrize("query", ["zurich", "ZÜRICH", "  Zürich ", "Züri", "zurigo", "Цюрих", "チューリッヒ"])
async def test_a_name_is_found_as_people_type_it(places: Gazetteer, query: str) -> None:
    assert (await addresses(places, query))[0] == "Zürich, Switzerland"


async def test_a_place_has_name_address_position_and_country(places: Gazetteer) -> None:
    [place] = await places.search(checked_search("Boston", None, "US", 1))
    assert (place.name, place.address, place.country) == ("Boston", "Boston, Massachusetts, United States", "US")
    assert distance_m(place.position, LatLng(42.36, -71.06)) < 5_000


async def test_the_most_populous_comes_first_and_the_name_in_full_before_its_beginning(places: Gazetteer) -> None:
    assert (await addresses(places, "paris"))[:2] == ["Paris, France", "Paris, Texas, United States"]
    assert (await addresses(places, "york", country="GB"))[0] == "York, United Kingdom"
    assert (await addresses(places, "san", country="US"))[0] == "San Diego, California, United States"


async def test_search_near_a_position_ranks_nearer_places_higher(places: Gazetteer) -> None:
    assert (await addresses(places, "London"))[0] == "London, United Kingdom"
    assert (await addresses(places, "London", near=LatLng(43, -81)))[0] == "London, Canada"
    assert (await addresses(places, "sp", near=LatLng(42.1, -72.6)))[0] == "Springfield, Massachusetts, United States"


async def test_search_with_a_country_finds_places_of_that_country_alone(places: Gazetteer) -> None:
    assert await addresses(places, "London", country="ca") == ["London, Canada"]
    assert await addresses(places, "London", country="ZZ") == []
    found = await places.search(checked_search("s", None, "AD", 10))
    assert {place.country for place in found} <= {"AD"}


@pytest.mark.parametrize("query", ["Springfield, Illinois", "springfield il", "Springfield IL", "springfield illinois"])
async def test_a_region_may_follow_the_name(places: Gazetteer, query: str) -> None:
    assert await addresses(places, query) == ["Springfield, Illinois, United States"]


async def test_a_country_may_follow_the_name(places: Gazetteer) -> None:
    assert (await addresses(places, "Birmingham, United Kingdom"))[0] == "Birmingham, United Kingdom"
    assert (await addresses(places, "Birmingham USA"))[0] == "Birmingham, Alabama, United States"
    assert await addresses(places, "Birmingham USA", country="GB") == []


@pytest.mark.parametrize("query", ["xyzzyplugh", "!!!", "a\x00b\x00c", "'", "%", "United States", "x y z"])
async def test_search_for_nonsense_finds_little_and_raises_nothing(places: Gazetteer, query: str) -> None:
    assert len(await addresses(places, query)) <= 5


@pytest.mark.parametrize("first", [1, 3, 10])
async def test_search_returns_as_many_places_as_first_asks(places: Gazetteer, first: int) -> None:
    for query in ("s", "sa", "san"):
        found = await addresses(places, query, first=first)
        assert len(found) == first
        assert len(set(found)) == first


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=40).filter(str.strip))
def test_search_of_any_text_stays_within_its_bound(index: sqlite3.Connection, query: str) -> None:
    assert len(find(index, checked_search(query.strip()[:256], LatLng(0, 180), None, 3))) <= 3


@pytest.fixture(scope="module")
def index(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(index_path(folder, LARGE))


@pytest.mark.parametrize(
    ("position", "name"),
    [
        (LatLng(42.36, -71.06), "Boston"),
        (LatLng(-18.14, 178.44), "Suva"),
        (LatLng(47.37, 8.55), "Zürich"),
        (LatLng(0, -140), None),  # the Pacific
        (LatLng(90, 0), None),
        (LatLng(-90, 180), None),
    ],
)
async def test_reverse_geocoding_finds_the_town_or_none(places: Gazetteer, position: LatLng, name: str | None) -> None:
    found = await places.reverse(position)
    assert (found and found.name) == name


somewhere = st.builds(LatLng, st.floats(-90, 90), st.floats(-180, 180))
# Where cells end: at the antimeridian, in the far north, around a town.
corners = st.builds(LatLng, st.floats(-20, -15), st.sampled_from([-180.0, -179.9, 179.9, 180.0]))
north = st.builds(LatLng, st.floats(66, 72), st.floats(-180, 180))
europe = st.builds(LatLng, st.floats(45, 52), st.floats(0, 15))


@settings(max_examples=150)
@given(somewhere | corners | north | europe)
def test_reverse_finds_the_nearest_within_100_km(index: sqlite3.Connection, position: LatLng) -> None:
    every = index.execute("SELECT lat, lng FROM place WHERE abs(lat - ?) < 1", (position.lat,))
    nearest = min((distance_m(position, LatLng(*place)) for place in every), default=1e9)
    found: Place | None = nearest_place(index, position)
    if nearest > 100_000:
        assert found is None
    else:
        assert found is not None
        assert distance_m(position, found.position) == pytest.approx(nearest)


async def test_search_without_an_index_is_unavailable_and_retryable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = Gazetteer(tmp_path / "new", LARGE, LARGE)
    monkeypatch.setattr(gazetteer, "PATIENCE_S", 0.01)
    with pytest.raises(Refused) as caught:
        await places.search(checked_search("Paris", None, None, 1))
    assert caught.value.extensions() == {"code": "UNAVAILABLE", "retryable": True, "retryAfterSeconds": 5}
    await places.prepare()
    assert await addresses(places, "Paris", first=1) == ["Paris, France"]
    assert [path.name for path in (tmp_path / "new").iterdir()] == [index_path(tmp_path, LARGE).name]


async def test_towns_answer_while_the_villages_are_being_made(folder: Path, tmp_path: Path) -> None:
    shutil.copy(index_path(folder, LARGE), tmp_path)
    places = Gazetteer(tmp_path, LARGE, 5_000)
    assert await addresses(places, "Milngavie") == []
    assert await addresses(places, "Paris", first=1) == ["Paris, France"]
    await places.prepare()
    assert await addresses(places, "Milngavie") == ["Milngavie, United Kingdom"]


async def test_an_index_that_cant_be_made_is_an_error_not_an_empty_answer(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RuntimeError, match="could not be made"):
        await Gazetteer(tmp_path / "file", LARGE, LARGE).search(checked_search("Paris", None, None, 1))


def test_a_stopping_server_stops_the_making_and_leaves_nothing(tmp_path: Path) -> None:
    def begun() -> None:
        while not any(tmp_path.iterdir()):
            time.sleep(0.02)

    async def serve() -> None:
        making = asyncio.create_task(Gazetteer(tmp_path, LARGE, LARGE).prepare())
        await asyncio.to_thread(begun)
        assert not making.done()

    asyncio.run(serve())
    assert not any(tmp_path.iterdir())


INTERRUPTED = """
import asyncio, signal, sys
from pathlib import Path
from milequest.providers.gazetteer import Gazetteer
signal.signal(signal.SIGINT, lambda *_: None)  # as a server that ends in its own time
asyncio.run(Gazetteer(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[2])).prepare())
"""


def test_ctrl_c_is_for_the_server_and_does_not_fail_the_making(tmp_path: Path) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path), str(LARGE)]
    with subprocess.Popen(command, cwd=PROJECT, start_new_session=True, stderr=subprocess.PIPE, text=True) as process:
        while not any(tmp_path.iterdir()):
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
