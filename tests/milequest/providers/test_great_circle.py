"""Routes without a routing service, and the choice of services."""

from pathlib import Path

import pytest

from milequest.providers import Geocoder, Router, choose
from milequest.providers.gazetteer import Gazetteer
from milequest.providers.great_circle import GreatCircleRouter
from milequest.rules.enums import LegQuality
from milequest.rules.geo import LatLng, distance_m, line_length_m
from milequest.rules.routes import Waypoint
from milequest.rules.templates import ROUTE_TEMPLATES
from milequest.settings import Settings


async def test_legs_are_straight_estimated_and_without_a_time() -> None:
    stops = [LatLng(48.86, 2.35), LatLng(45.76, 4.84), LatLng(43.3, 5.37)]
    plan = await GreatCircleRouter().route([Waypoint(stop) for stop in stops])
    assert [(leg.line[0], leg.line[-1]) for leg in plan.legs] == [
        ((2.35, 48.86), (4.84, 45.76)),
        ((4.84, 45.76), (5.37, 43.3)),
    ]
    for leg, start, end in zip(plan.legs, stops, stops[1:], strict=False):
        assert line_length_m(leg.line) == pytest.approx(distance_m(start, end))
        assert (leg.quality, leg.duration_s) == (LegQuality.ESTIMATED, None)
    assert [warning.code for warning in plan.warnings] == ["ROUTE_ERROR"]


@pytest.mark.parametrize(
    ("index", "kilometres"), [(0, 656), (1, 2144), (2, 119)], ids=[template.name for template in ROUTE_TEMPLATES]
)
async def test_a_template_has_a_route(index: int, kilometres: float) -> None:
    plan = await GreatCircleRouter().route(ROUTE_TEMPLATES[index].waypoints)
    length_m = sum(line_length_m(leg.line) for leg in plan.legs)
    assert length_m / 1000 == pytest.approx(kilometres, abs=1)


def test_without_settings_everything_works_offline(tmp_path: Path) -> None:
    providers = choose(Settings(data_dir=tmp_path))
    geocoder: Geocoder = providers.geocoder
    router: Router = providers.router
    assert isinstance(geocoder, Gazetteer)
    assert isinstance(router, GreatCircleRouter)
