"""`/routes/{id}.geojson`: a goal's route for maps, for those who may see the goal.

Cached for ever: it never changes.
"""

from collections.abc import Mapping
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import Answer
from app.http.charging import charge
from app.http.request_context import request_of
from milequest.rules.budgets import BYTES_PER_POINT
from milequest.rules.errors import ErrorCode, QuestError, http_status, require, unauthenticated
from milequest.store.away import Away
from milequest.store.deadlines import in_time
from milequest.store.sql.transaction import unavailable_error
from resolvers import routes
from schema import wire_ids

HEADERS = {"cache-control": "private, max-age=31536000, immutable", "vary": "authorization"}
NO_ROUTE: Mapping[str, int] = {ErrorCode.VALIDATION_ERROR: 404}  # as for an unknown id


@in_time
async def geo_json(http: Request) -> Response:
    """RFC 7946; 401 without a good token, 404 for what the caller may not see or there isn't, 429 without points."""
    answer = Answer(uuid4().hex)
    try:
        request = await request_of(http, request_id=answer.request_id)
        charge(request.runtime, request.caller)
        if request.viewer.user_id is None:
            raise unauthenticated()
        route_id = wire_ids.decode("route", http.path_params["id"], "id")
        text = require(await routes.geo_json(request, route_id), "route")
        await request.charge(len(text) // BYTES_PER_POINT)
    except QuestError as refusal:
        return _refused(answer, refusal)
    except Away as error:
        away = unavailable_error(error)
        if away is None:
            raise
        return _refused(answer, away)
    return Response(text, media_type="application/geo+json", headers=HEADERS)


def _refused(answer: Answer, refusal: QuestError) -> Response:
    status = http_status(refusal.code, NO_ROUTE)
    headers = {"cache-control": "no-store"} | ({"www-authenticate": "Bearer"} if status == 401 else {})
    return answer.errors(status, [{"message": refusal.message, "extensions": refusal.extensions()}], headers)
