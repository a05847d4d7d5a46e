"""Places through the API, from the smallest gazetteer."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from milequest.providers.gazetteer import Gazetteer
from milequest.rules.errors import RateLimited
from milequest.rules.rate_limits import PLACES_SEARCHED
from tests.quest import Quest

TOWN = 15_000  # people


async def test_places_are_found_by_name_and_position_with_bounds_and_a_rate_limit(quest: Quest, tmp_path: Path) -> None:
    ann = await quest.user("Ann")
    gazetteer = Gazetteer(tmp_path, TOWN, TOWN)
    await gazetteer.prepare()
    ann.runtime = replace(ann.runtime, providers=replace(ann.runtime.providers, geocoder=gazetteer))
    search = """query ($q: String!, $n: LatLngInput, $c: String, $f: Int) {
        searchPlaces(query: $q, near: $n, country: $c, first: $f) { name address country position { lat lng } } }"""
    reverse = "query ($p: LatLngInput!) { reverseGeocode(position: $p) { name country } }"
    assert (await ann.run(search, q="Lond", f=1))["searchPlaces"][0]["name"] == "London"
    assert (await ann.run(search, q="London", c="ca"))["searchPlaces"][0]["country"] == "CA"
    assert (await ann.run(search, q="zzzzqqqq"))["searchPlaces"] == []
    paris = {"lat": 48.8567, "lng": 2.3508}
    nearest = (await ann.run(reverse, p=paris))["reverseGeocode"]
    assert (nearest["name"].split()[0], nearest["country"]) == ("Paris", "FR")
    assert (await ann.run(reverse, p={"lat": -48.9, "lng": -123.4}))["reverseGeocode"] is None  # far out in the Pacific
    for given, path in (
        ({"q": "  "}, "query"),
        ({"q": "x" * 257}, "query"),
        ({"q": "Pa", "f": 0}, "first"),
        ({"q": "Pa", "f": 11}, "first"),
        ({"q": "Pa", "c": "FRA"}, "country"),
        ({"q": "Pa", "n": {"lat": 91, "lng": 0}}, "near.lat"),
    ):
        refusal = await ann.refused(search, **given)
        assert (refusal["code"], refusal["fields"][0]["path"]) == ("VALIDATION_ERROR", path)
    assert (await ann.refused(reverse, p={"lat": 0, "lng": 181}))["fields"][0]["path"] == "position.lng"
    assert (await quest.anonymous.refused(search, q="Pa"))["code"] == "UNAUTHENTICATED"
    assert (await quest.anonymous.refused(reverse, p=paris))["code"] == "UNAUTHENTICATED"
    with suppress(RateLimited):
        for _ in range(PLACES_SEARCHED.most):
            await ann.runtime.rate_limits.spend(PLACES_SEARCHED, ann.user_id.hex)
    assert (
        (await ann.refused(search, q="Pa"))["code"] == (await ann.refused(reverse, p=paris))["code"] == "RATE_LIMITED"
    )
