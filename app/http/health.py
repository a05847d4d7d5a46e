"""`/livez`: 200 while the process runs. `/readyz`: 200 if every server that it needs answers, else the failing ones.

A read-only database is not ready, so a standby region with a replica gets no traffic until the replica is promoted.
`/standbyz`: 200 if that is all which is missing, so that a standby is known to work before it is needed.
"""

import asyncio
from collections.abc import Awaitable, Collection
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse

from app.http.short_cache import cached
from milequest.runtime import Runtime
from milequest.store.sql.transaction import Pool, is_writable, reason

TIMEOUT = 2.0  # seconds a part may take to answer
READ_ONLY = "it can only be read"
FRESH = {"cache-control": "no-store"}


async def live(_: Request) -> JSONResponse:
    """Return 200, always."""
    return JSONResponse({"status": "ok"}, headers=FRESH)


async def ready(request: Request) -> JSONResponse:
    """Return 200 when every part answers, else 503 with the others' reasons; checked once a second at most."""
    return await _answer(request, frozenset(("",)))


async def standby(request: Request) -> JSONResponse:
    """Return 200 when every part answers, be the database read-only or not, else 503 with the others' reasons."""
    return await _answer(request, frozenset(("", READ_ONLY)))


async def _answer(request: Request, accepted: Collection[str]) -> JSONResponse:
    reasons = await cached(request, "readiness", partial(_reasons, request.app.state.runtime))
    good = all(why in accepted for why in reasons.values())
    body = {"status": "ok" if good else "unavailable", "parts": {name: why or "ok" for name, why in reasons.items()}}
    return JSONResponse(body, 200 if good else 503, headers=FRESH)


async def _reasons(runtime: Runtime) -> dict[str, str]:
    """Return why each part doesn't answer; empty for those that do."""
    parts: dict[str, Awaitable[object]] = {
        "database": _writable(runtime.writer),
        "redis": runtime.redis.ping(),
    }
    if runtime.reader is not runtime.writer:
        parts["replica"] = runtime.reader.fetchval("SELECT 1")
    return dict(zip(parts, await asyncio.gather(*map(_reason, parts.values())), strict=True))


async def why_unwritable(db: Pool) -> str:
    """Return why a database takes no writes; empty if it does."""
    return await _reason(_writable(db))


class ReadOnlyError(Exception):
    """The database follows another one, or was set to be read-only."""


async def _writable(db: Pool) -> None:
    if not await is_writable(db):
        raise ReadOnlyError


async def _reason(answer: Awaitable[object]) -> str:
    """Return why a part doesn't answer; empty when it does."""
    try:
        await asyncio.wait_for(answer, TIMEOUT)
    except TimeoutError:
        return f"no answer within {TIMEOUT:g} s"
    except ReadOnlyError:
        return READ_ONLY
    except Exception as error:  # any error is the reason
        return reason(error)
    return ""
