"""The outside services, one per module, each behind a protocol and chosen here by the settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from milequest.rules.geo import LatLng
from milequest.rules.places import Place, PlaceSearch
from milequest.rules.routes import RoutePlan, Waypoint
from milequest.settings import Settings


class Geocoder(Protocol):
    """Search of places by name, and of names for positions. Raises UNAVAILABLE, or PROVIDER_ERROR of a service."""

    async def prepare(self) -> None:
        """Do in advance what would slow down the first search. A server calls it in the background at its start."""

    async def search(self, search: PlaceSearch) -> list[Place]:
        """Return the best places for a checked search, best first."""

    async def reverse(self, position: LatLng) -> Place | None:
        """Return the nearest place to a checked position, None if there is none near."""


class Router(Protocol):
    """Planner of a walkable way from waypoint to waypoint."""

    async def route(self, waypoints: Sequence[Waypoint]) -> RoutePlan:
        """Return the way along checked waypoints.

        Raises NO_ROUTE_FOUND with `legIndex` where there is none, ROUTE_ERROR where a service fails.
        """


@dataclass(frozen=True, slots=True)
class Providers:
    """The services this process uses."""

    geocoder: Geocoder
    router: Router


def choose(settings: Settings) -> Providers:
    """Return the services the settings name; without any, those that work offline."""
    from milequest.providers.gazetteer import Gazetteer
    from milequest.providers.great_circle import GreatCircleRouter

    return Providers(Gazetteer(settings.data_dir, village=settings.places_from), GreatCircleRouter())
