"""`/.well-known/jwks.json`: the public keys of our own tokens, for others who check them."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.http.short_cache import cached
from milequest.runtime import Runtime
from milequest.store.away import Away
from milequest.store.deadlines import in_time

MAX_AGE = 300  # seconds others may keep the keys; a key is published for a day after its last token


@in_time
async def keys(request: Request) -> Response:
    """Return a JWKS (RFC 7517), empty where an outside issuer's tokens are used; 503 while the database is away."""
    runtime: Runtime = request.app.state.runtime
    try:
        body = await cached(request, "published_keys", lambda: runtime.identity.jwks(datetime.now(UTC)))
    except Away:
        return Response(status_code=503, headers={"retry-after": "1", "cache-control": "no-store"})
    return JSONResponse(body, headers={"cache-control": f"public, max-age={MAX_AGE}"})
