"""Progress of goals: the marker, milestones, and contributions."""

from collections.abc import Awaitable, Mapping
from uuid import UUID

from milequest.rules.geo import LatLng
from milequest.rules.routes import checked_zoom
from milequest.rules.text import whole
from milequest.store.sql import milestones, polylines, positions, progress
from milequest.store.sql.goals import Goal
from milequest.store.sql.milestones import Milestone
from milequest.store.sql.positions import RoutePosition
from milequest.store.sql.progress import Contribution, GoalProgress
from resolvers.arguments import GoalProgressTopContributorsArgs, GoalProgressTravelledPolylineArgs
from resolvers.batch import Batch, existing, grouped
from resolvers.context import Context, NoArgs, Request

CONTRIBUTORS_DEFAULT, CONTRIBUTORS_MAX = 5, 20


async def load(request: Request, goal_ids: list[UUID]) -> Mapping[UUID, GoalProgress]:
    """Return progress by the goal's id."""
    return await progress.of_goals(request.db, request.viewer, goal_ids, request.now)


async def load_milestones(request: Request, milestone_ids: list[UUID]) -> Mapping[UUID, Milestone]:
    """Return milestones by id."""
    return await milestones.by_ids(request.db, request.viewer, milestone_ids)


_of_goal: Batch[UUID, GoalProgress] = Batch(load)
_milestones: Batch[UUID, list[Milestone]] = Batch(
    lambda request, goal_ids: milestones.of_goals(request.db, request.viewer, goal_ids)
)
_own: Batch[UUID, Contribution] = Batch(
    lambda request, goal_ids: progress.own_contributions(request.db, request.viewer, goal_ids)
)


def of_goal(ctx: "Context[NoArgs, Goal]") -> Awaitable[GoalProgress]:
    """Return the progress of a goal."""
    return existing(_of_goal(ctx.request, ctx.source.id))


def milestones_of(ctx: "Context[NoArgs, GoalProgress]") -> Awaitable[list[Milestone]]:
    """Return the milestones of a goal, in the order of its route."""
    return existing(_milestones(ctx.request, ctx.source.id))


def viewer_contribution(ctx: "Context[NoArgs, GoalProgress]") -> "Awaitable[Contribution | None]":
    """Return the viewer's contribution to it, private walks included."""
    return _own(ctx.request, ctx.source.id)


_top: Batch[tuple[UUID, int], list[Contribution]] = grouped(
    lambda request, goal_ids, first: progress.top_contributors(request.db, request.viewer, goal_ids, first)
)


async def top_contributors(ctx: "Context[GoalProgressTopContributorsArgs, GoalProgress]") -> list[Contribution]:
    """Return the largest contributions to it, for members of its team."""
    first = ctx.args.get("first")
    size = CONTRIBUTORS_DEFAULT if first is None else whole("first", first, 1, CONTRIBUTORS_MAX)
    return await _top(ctx.request, (ctx.source.id, size)) or []


async def _load_travelled(
    request: Request, places: list[tuple[UUID, int]], zoom: int | None
) -> Mapping[tuple[UUID, int], str | None]:
    return dict(zip(places, await polylines.walked_polylines(request.db, places, zoom), strict=True))


_travelled = grouped(_load_travelled)


async def travelled_polyline(ctx: "Context[GoalProgressTravelledPolylineArgs, GoalProgress]") -> str:
    """Return the polyline of the route from its start to the marker."""
    here = ctx.source
    zoom = checked_zoom(ctx.args.get("zoom"))
    return await existing(_travelled(ctx.request, ((here.route_id, here.total_mm), zoom)))


async def _load_positions(
    request: Request, places: list[tuple[UUID, int]]
) -> Mapping[tuple[UUID, int], RoutePosition | None]:
    return dict(zip(places, await positions.positions(request.db, places), strict=True))


_positions: Batch[tuple[UUID, int], RoutePosition | None] = Batch(_load_positions)


async def milestone_position(ctx: "Context[NoArgs, Milestone]") -> LatLng:
    """Return the position of a milestone on the map."""
    milestone = ctx.source
    return (await existing(_positions(ctx.request, (milestone.route_id, milestone.at_mm)))).position
