"""A router without any service: the shortest line over the globe between each two waypoints."""

from collections.abc import Sequence
from itertools import pairwise

from milequest.rules.enums import LegQuality
from milequest.rules.errors import ErrorCode, Problem
from milequest.rules.geo import great_circle
from milequest.rules.routes import Leg, RoutePlan, Waypoint

STRAIGHT = Problem(ErrorCode.ROUTE_ERROR, "No routing service is set up: the route is drawn as straight lines.")


class GreatCircleRouter:
    """The `Router` for when there is no service. All its legs are ESTIMATED.

    They have no walking time: over fields, mountains and seas a straight line's length says nothing about it, and a
    figure would be taken for a measured one.
    """

    async def route(self, waypoints: Sequence[Waypoint]) -> RoutePlan:
        """Return the legs between checked waypoints."""
        positions = [waypoint.position for waypoint in waypoints]
        legs = tuple(Leg(great_circle(here, there), LegQuality.ESTIMATED) for here, there in pairwise(positions))
        return RoutePlan(legs, warnings=(STRAIGHT,))
