"""`/.well-known/jwks.json`: the public keys of our own tokens, for others who check them."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse

from milequest.runtime import Runtime

MAX_AGE = 300  # seconds others may keep the keys; a key is published for a day after its last token


async def keys(request: Request) -> JSONResponse:
    """A JWKS (RFC 7517), empty where an outside issuer's tokens are used."""
    runtime: Runtime = request.app.state.runtime
    body = await runtime.identity.jwks(datetime.now(UTC))
    return JSONResponse(body, headers={"cache-control": f"public, max-age={MAX_AGE}"})
