"""Routes that are not stored: previews, templates of famous walks, and the route of a new goal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID
from weakref import WeakKeyDictionary

from milequest.providers import Router
from milequest.rules.enums import RouteSource
from milequest.rules.errors import Problem, invalid, require
from milequest.rules.geo import Bounds, LatLng
from milequest.rules.ids import new_id
from milequest.rules.pages import Page, decode_cursor, encode_cursor, page_of, page_size
from milequest.rules.rate_limits import ROUTES_PLANNED
from milequest.rules.routes import RoutePlan, Waypoint, checked_waypoints
from milequest.rules.templates import ROUTE_TEMPLATES
from milequest.rules.templates import RouteTemplate as Template
from milequest.store.sql import routes
from milequest.store.sql.routes import MeasuredRoute, NewRoute
from resolvers.arguments import PreviewRouteArgs, RouteTemplatesArgs, WaypointInput
from resolvers.context import AnyContext, Context, Request

TEMPLATES_FIRST = 10


@dataclass(frozen=True, slots=True, eq=False)
class TransientRoute:
    """Route that is not stored. It is compared by identity, so that a batch can have it as a key."""

    plan: RoutePlan
    measured: MeasuredRoute

    @property
    def length_meters(self) -> float:
        """Length in metres."""
        return self.measured.length_meters

    @property
    def bounds(self) -> Bounds:
        """Bounding box."""
        return self.measured.bounds

    @property
    def overview(self) -> str:
        """Polyline of at most 500 points."""
        return self.measured.overview


@dataclass(frozen=True, slots=True, eq=False)
class RoutePreview(TransientRoute):
    """Preview of a goal's route."""

    @property
    def warnings(self) -> Sequence[Problem]:
        """Warnings about it."""
        return self.plan.warnings


@dataclass(frozen=True, slots=True, eq=False)
class RouteTemplate(TransientRoute):
    """Famous walk, with the router's route along it."""

    template: Template

    @property
    def id(self) -> UUID:
        """Id of the template."""
        return self.template.id

    @property
    def name(self) -> str:
        """Name of the walk."""
        return self.template.name

    @property
    def description(self) -> str:
        """Description of the walk."""
        return self.template.description

    @property
    def country(self) -> str:
        """Country that most of it is in."""
        return self.template.country


async def load_templates(request: Request, template_ids: list[UUID]) -> Mapping[UUID, RouteTemplate]:
    """Return templates by id."""
    return {each.id: await _drawn(request, each) for each in ROUTE_TEMPLATES if each.id in template_ids}


async def preview_route(ctx: "Context[PreviewRouteArgs, None]") -> RoutePreview:
    """Return the route along waypoints, without storing it."""
    checked = checked_waypoints(given_waypoints(ctx.args["waypoints"]), "waypoints")
    plan = await _plan(ctx, checked)
    return RoutePreview(plan, await routes.measure_route(ctx.request.db, checked, plan.legs))


async def route_templates(ctx: "Context[RouteTemplatesArgs, None]") -> Page[RouteTemplate]:
    """Return a page of famous walks, by name."""
    size = page_size(ctx.args.get("first"), default=TEMPLATES_FIRST)
    after = decode_cursor(ctx.args.get("after"), str, UUID)
    rest = [each for each in ROUTE_TEMPLATES if after is None or (each.name, each.id) > after][: size + 1]
    drawn = [await _drawn(ctx.request, each) for each in rest]
    return page_of(drawn, size, after, lambda each: encode_cursor(each.name, each.id))


async def new_route(
    ctx: AnyContext, waypoints: Sequence[WaypointInput] | None, template_id: UUID | None = None
) -> tuple[NewRoute, Sequence[Problem]]:
    """Return a new goal's route, ready to be stored, and warnings about it.

    Raises VALIDATION_ERROR, NOT_FOUND for an unknown template, NO_ROUTE_FOUND and ROUTE_ERROR.
    """
    if (waypoints is None) == (template_id is None):
        raise invalid("input.waypoints", "EITHER_OR", "give either waypoints or routeTemplateId")
    if template_id is not None:
        template = require((await load_templates(ctx.request, [template_id])).get(template_id), "template")
        passed, plan, source = template.template.waypoints, template.plan, RouteSource.TEMPLATE
    else:
        passed = checked_waypoints(given_waypoints(waypoints or ()))
        plan, source = await _plan(ctx, passed), RouteSource.WAYPOINTS
    route = NewRoute(new_id(ctx.request.now), passed, plan.legs, source, attribution=plan.attribution)
    return route, plan.warnings


def given_waypoints(waypoints: Sequence[WaypointInput]) -> list[Waypoint]:
    """Return the waypoints of an input, unchecked."""
    return [
        Waypoint(LatLng(**given["position"]), given.get("name"), bool(given.get("is_locked"))) for given in waypoints
    ]


async def _plan(ctx: AnyContext, waypoints: Sequence[Waypoint]) -> RoutePlan:
    """Return the router's route along checked waypoints; each call counts against its limit."""
    await ctx.request.runtime.rate_limits.spend(ROUTES_PLANNED, ctx.user_id.hex)
    return await ctx.request.runtime.providers.router.route(waypoints)


# The templates are few and constant, so each is routed once per process.
_templates: WeakKeyDictionary[Router, dict[UUID, RouteTemplate]] = WeakKeyDictionary()


async def _drawn(request: Request, template: Template) -> RouteTemplate:
    """Return the template with the router's route along it."""
    router = request.runtime.providers.router
    known = _templates.setdefault(router, {})
    if template.id not in known:
        plan = await router.route(template.waypoints)
        measured = await routes.measure_route(request.db, template.waypoints, plan.legs)
        known[template.id] = RouteTemplate(plan, measured, template)
    return known[template.id]
