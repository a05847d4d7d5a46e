"""Routes in the API: a goal's, a preview, and templates of famous walks. All are RouteShapes."""

import strawberry

from milequest.rules.routes import MAX_WAYPOINTS
from resolvers import routes
from schema.connections import Connection
from schema.enums import LegQuality, WaypointKind
from schema.fields import Zoom, attribute, field, optional
from schema.interfaces import Node
from schema.places import LatLng, LatLngInput
from schema.problems import Problem
from schema.scalars import AWSURL

MAX_LEGS = MAX_WAYPOINTS - 1


@strawberry.type(description="A box around a line.")
class Bounds:
    southwest: LatLng = attribute("Its corner in the south and west. West > east where it crosses the antimeridian.")
    northeast: LatLng = attribute("Its corner in the north and east.")


@strawberry.type(description="A waypoint of a route.")
class Waypoint:
    index: int = attribute("Its place in the route, from 0.")
    name: str | None = attribute("Its name.")
    position: LatLng = attribute("Its position.")
    kind: WaypointKind = attribute("Whether it is the start, a stop or the end.")
    at_meters: float = attribute("Metres along the route from its start.")


@strawberry.type(description="A part of a route: leg i runs from waypoint i to i + 1.")
class RouteLeg:
    index: int = attribute("Its place in the route, from 0.")
    starts_at_meters: float = attribute("Metres along the route at which it begins.")
    distance_meters: float = attribute("Metres along it.")
    duration_seconds: int | None = attribute("Walking time, where a routing service knows it.")
    quality: LegQuality = attribute("Whether it follows ways or is a straight line.")

    @field(routes.leg_polyline)
    def polyline(self, zoom: Zoom = strawberry.UNSET) -> str:
        """polyline6, latitude first; the leg's part of the route's polyline at this zoom."""


@strawberry.interface(description="A line to draw on a map: a route, a preview or a template.")
class RouteShape:
    length_meters: float = attribute("Metres from start to end.")
    bounds: Bounds = attribute("The box around it.")

    @field(routes.waypoints, bound=MAX_WAYPOINTS)
    def waypoints(self) -> list[Waypoint]:
        """The waypoints, 2 to 25."""

    @field(routes.legs, bound=MAX_LEGS)
    def legs(self) -> list[RouteLeg]:
        """The legs between the waypoints, one fewer than those."""

    @field(routes.polyline)
    def polyline(self, zoom: Zoom = strawberry.UNSET) -> str:
        """polyline6, latitude first, simplified to half a pixel at `zoom`; without it at most 500 points."""


@strawberry.type(description="The route of a goal. It never changes: a new line is a new route.")
class Route(Node, RouteShape):
    id: strawberry.ID = attribute("The route's id.")
    elevation_gain_meters: float | None = attribute("Metres climbed along it, where known.")
    attribution: str | None = attribute("Attribution to show on a map of it.")

    @field(routes.geo_json_url)
    def geo_json_url(self) -> AWSURL:
        """Address of the whole route as GeoJSON, for callers who may see it; its content never changes."""


@strawberry.type(description="Preview of a goal's route, which is not stored.")
class RoutePreview(RouteShape):
    warnings: list[Problem] = attribute("Doubts about the route, at most 25.", bound=MAX_WAYPOINTS)


@strawberry.type(description="A famous walk, for `CreateGoalInput.routeTemplateId`.")
class RouteTemplate(Node, RouteShape):
    id: strawberry.ID = attribute("The template's id.")
    name: str = attribute("The template's name.")
    description: str | None = attribute("Description of the way.")
    country: str = attribute("ISO 3166-1 alpha-2 code of the country with most of it.")


@strawberry.type(description="A page of templates.")
class RouteTemplateConnection(Connection[RouteTemplate]):
    pass


@strawberry.input(description="A waypoint of a new route.")
class WaypointInput:
    position: LatLngInput = attribute("Its position, more than 10 m from the one before.")
    name: str | None = optional("Its name, at most 100 characters.")
    is_locked: bool | None = optional("Whether it keeps its place when the others are rearranged.")
