"""Geocoding: places by name, and by position."""

from collections.abc import Sequence

from milequest.rules.geo import LatLng
from milequest.rules.places import Place, checked_position, checked_search
from milequest.rules.rate_limits import PLACES_SEARCHED
from resolvers.arguments import ReverseGeocodeArgs, SearchPlacesArgs
from resolvers.context import Context
from resolvers.limiting import per_user
from resolvers.pipeline import pipeline


async def _search(ctx: "Context[SearchPlacesArgs, None]") -> Sequence[Place]:
    near = ctx.args.get("near")
    search = checked_search(
        ctx.args["query"], LatLng(**near) if near else None, ctx.args.get("country"), ctx.args.get("first")
    )
    return await ctx.request.runtime.providers.geocoder.search(search)


async def _reverse(ctx: "Context[ReverseGeocodeArgs, None]") -> Place | None:
    position = checked_position(LatLng(**ctx.args["position"]))
    return await ctx.request.runtime.providers.geocoder.reverse(position)


search_places = pipeline(_search, before=per_user(PLACES_SEARCHED))
"""Return places with names like the query, best first."""

reverse_geocode = pipeline(_reverse, before=per_user(PLACES_SEARCHED))
"""Return the nearest named place."""
