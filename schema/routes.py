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


@strawberry.type(description="A place a route passes.")
class Waypoint:
    index: int = attribute("Its place in the route, from 0.")
    name: str | None = attribute("What it is called.")
    position: LatLng = attribute("Where it is.")
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


@strawberry.interface(description="What a map draws: a route, a preview or a template.")
class RouteShape:
    length_meters: float = attribute("Metres from start to end.")
    bounds: Bounds = attribute("The box around it.")

    @field(routes.waypoints, bound=MAX_WAYPOINTS)
    def waypoints(self) -> list[Waypoint]:
        """The places it passes, 2 to 25."""

    @field(routes.legs, bound=MAX_LEGS)
    def legs(self) -> list[RouteLeg]:
        """The ways between them, one fewer."""

    @field(routes.polyline)
    def polyline(self, zoom: Zoom = strawberry.UNSET) -> str:
        """polyline6, latitude first, simplified to half a pixel at `zoom`; without it at most 500 points."""


@strawberry.type(description="The route of a goal. It never changes: a new line is a new route.")
class Route(Node, RouteShape):
    id: strawberry.ID = attribute("The route's id.")
    elevation_gain_meters: float | None = attribute("Metres climbed along it, where known.")
    attribution: str | None = attribute("Whom to name on a map that shows it.")

    @field(routes.geo_json_url)
    def geo_json_url(self) -> AWSURL:
        """The whole route as GeoJSON, fetched with the token of someone who may see it, and kept for ever."""


@strawberry.type(description="What a goal's route would be. Nothing of it is stored.")
class RoutePreview(RouteShape):
    warnings: list[Problem] = attribute("What is doubtful about it, at most 25.", bound=MAX_WAYPOINTS)


@strawberry.type(description="A famous walk, for `CreateGoalInput.routeTemplateId`.")
class RouteTemplate(Node, RouteShape):
    id: strawberry.ID = attribute("The template's id.")
    name: str = attribute("What the walk is called.")
    description: str | None = attribute("Where it goes.")
    country: str = attribute("ISO 3166-1 alpha-2, of where most of it lies.")


@strawberry.type(description="A page of templates.")
class RouteTemplateConnection(Connection[RouteTemplate]):
    pass


@strawberry.input(description="A place a route is to pass.")
class WaypointInput:
    position: LatLngInput = attribute("Where it is, more than 10 m from the one before.")
    name: str | None = optional("What it is called, at most 100 characters.")
    is_locked: bool | None = optional("Whether it keeps its place when the others are rearranged.")
