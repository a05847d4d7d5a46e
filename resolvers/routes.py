"""Routes of goals, which are immutable, and the fields common to all routes."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from milequest.rules.enums import LegQuality
from milequest.rules.routes import checked_zoom
from milequest.store.sql import goals, polylines, routes
from milequest.store.sql.goals import Goal
from milequest.store.sql.polylines import Polylines
from milequest.store.sql.routes import LegRow, RouteRow, WaypointRow
from resolvers.arguments import RouteLegPolylineArgs, RoutePolylineArgs
from resolvers.batch import Batch, existing, grouped
from resolvers.context import Context, NoArgs, Request
from resolvers.transient_routes import TransientRoute

Shape: TypeAlias = UUID | TransientRoute  # a stored route by its id


@dataclass(frozen=True, slots=True)
class RouteLeg:
    """Leg, and the route it is part of."""

    index: int
    starts_at_meters: float
    distance_meters: float
    duration_seconds: int | None
    quality: LegQuality
    overview: str
    shape: Shape


def _shape(source: RouteRow | TransientRoute) -> Shape:
    return source.id if isinstance(source, RouteRow) else source


def _leg_of(shape: Shape, leg: LegRow) -> RouteLeg:
    return RouteLeg(
        leg.index, leg.starts_at_meters, leg.distance_meters, leg.duration_seconds, leg.quality, leg.overview, shape
    )


async def load(request: Request, route_ids: list[UUID]) -> Mapping[UUID, RouteRow]:
    """Return the routes of goals the viewer may see, by id."""
    visible = await goals.visible_routes(request.db, request.viewer, route_ids)
    return await routes.routes_by_ids(request.db, visible) if visible else {}


_routes: Batch[UUID, RouteRow] = Batch(lambda request, ids: routes.routes_by_ids(request.db, ids))
_waypoints: Batch[UUID, list[WaypointRow]] = Batch(lambda request, ids: routes.waypoints_of(request.db, ids))
_legs: Batch[UUID, list[LegRow]] = Batch(lambda request, ids: routes.legs_of(request.db, ids))


def of_goal(ctx: "Context[NoArgs, Goal]") -> Awaitable[RouteRow]:
    """Return the route of a goal."""
    return existing(_routes(ctx.request, ctx.source.route_id))


def waypoints(
    ctx: "Context[NoArgs, RouteRow | TransientRoute]",
) -> Sequence[WaypointRow] | Awaitable[Sequence[WaypointRow]]:
    """Return the waypoints of a route."""
    if isinstance(ctx.source, RouteRow):
        return existing(_waypoints(ctx.request, ctx.source.id))
    return ctx.source.measured.waypoints


async def legs(ctx: "Context[NoArgs, RouteRow | TransientRoute]") -> list[RouteLeg]:
    """Return the legs between a route's waypoints."""
    shape = _shape(ctx.source)
    rows = await _legs(ctx.request, shape) if isinstance(shape, UUID) else shape.measured.legs
    return [_leg_of(shape, leg) for leg in rows or ()]


async def geo_json(request: Request, route_id: UUID) -> str | None:
    """Return a stored route as GeoJSON; None if there is none that the viewer may see."""
    visible = await goals.visible_routes(request.db, request.viewer, [route_id])
    return await polylines.route_geojson(request.db, route_id) if visible else None


def geo_json_url(ctx: "Context[NoArgs, RouteRow]") -> str:
    """Return the URL of a stored route as GeoJSON, which needs the token of a user who may see it."""
    return f"{ctx.request.runtime.settings.origin}/routes/route_{ctx.source.id.hex}.geojson"


async def _load_polylines(request: Request, shapes: list[Shape], zoom: int) -> Mapping[Shape, Polylines]:
    stored = [shape for shape in shapes if isinstance(shape, UUID)]
    loaded: dict[Shape, Polylines] = {}
    if stored:
        loaded.update((await polylines.polylines_of(request.db, stored, zoom)).items())
    for shape in shapes:
        if isinstance(shape, TransientRoute):
            loaded[shape] = await polylines.measured_polylines(request.db, shape.measured.lines, zoom)
    return loaded


_polylines = grouped(_load_polylines)


async def polyline(ctx: "Context[RoutePolylineArgs, RouteRow | TransientRoute]") -> str:
    """Return a route's polyline6, simplified for `zoom`; without it the overview."""
    zoom = checked_zoom(ctx.args.get("zoom"))
    if zoom is None:
        return ctx.source.overview
    return (await existing(_polylines(ctx.request, (_shape(ctx.source), zoom)))).route


async def leg_polyline(ctx: "Context[RouteLegPolylineArgs, RouteLeg]") -> str:
    """Return a leg's polyline6, read by the same statement as those of its route and its neighbours."""
    leg = ctx.source
    zoom = checked_zoom(ctx.args.get("zoom"))
    if zoom is None:
        return leg.overview
    return (await existing(_polylines(ctx.request, (leg.shape, zoom)))).legs[leg.index]
