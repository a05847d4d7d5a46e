"""Distances of steps, before a walk is logged."""

from collections.abc import Sequence
from dataclasses import dataclass

from milequest.rules.activities import DEFAULT_STRIDE_MM, STEPS_MAX, cut_steps, from_steps
from milequest.rules.errors import Problem, unauthenticated
from milequest.rules.profiles import stride_mm
from milequest.rules.text import whole
from milequest.store.sql import users
from resolvers.arguments import EstimateDistanceArgs
from resolvers.context import Context


@dataclass(frozen=True, slots=True)
class DistanceEstimate:
    """Distance of steps, and the stride it is of."""

    distance_meters: float
    stride_meters: float
    warnings: Sequence[Problem]


async def of_steps(ctx: "Context[EstimateDistanceArgs, None]") -> DistanceEstimate:
    """Return the distance of steps by a stride: the given one, else the viewer's, else the common one."""
    steps, meters = whole("steps", ctx.args["steps"], 1, STEPS_MAX), ctx.args.get("stride_meters")
    if meters is None:
        profile = await users.profile(ctx.request.db, ctx.user_id)
        if profile is None:
            raise unauthenticated()
        stride = profile.stride_mm or DEFAULT_STRIDE_MM
    else:
        stride = stride_mm("strideMeters", meters)
    distance_mm = from_steps(steps, stride)
    cut = [Problem(problem.code, problem.message, "steps") for problem in cut_steps(steps, stride, distance_mm)]
    return DistanceEstimate(distance_mm / 1000, stride / 1000, cut)
