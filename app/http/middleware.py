"""Middleware around all endpoints: cross-origin access, and refusals of requests without an endpoint."""

from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.answers import Answer
from milequest.rules.errors import ErrorCode
from milequest.rules.rate_limits import network
from milequest.settings import Settings
from subscriptions.quotas import ConnectionQuota, ProcessQuota


async def refused(_: Request, refusal: Exception) -> Response:
    """Return a refusal of Starlette's own, for an unknown path or method, in the form of every other refusal."""
    assert isinstance(refusal, HTTPException), "registered for these"
    code = ErrorCode.NOT_FOUND if refusal.status_code == 404 else ErrorCode.VALIDATION_ERROR
    error = {"message": f"{refusal.detail}.", "extensions": {"code": code.value}}
    return Answer(uuid4().hex).errors(refusal.status_code, [error], refusal.headers)


class RequestQuota:
    """Quota of concurrent requests per network, for requests that arrive through trusted proxies."""

    def __init__(self, most: int, process_quota: ProcessQuota | None = None) -> None:
        self._quota = ConnectionQuota(most, process_quota)

    async def admit(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit a request, unless its network has too many already."""
        client = scope.get("client")
        place = network(client[0] if client else "")
        if not self._quota.acquire(place):
            error = {"message": "Too many requests at a time.", "extensions": {"code": ErrorCode.RATE_LIMITED.value}}
            await Answer(uuid4().hex).errors(429, [error], {"retry-after": "10"})(scope, receive, send)
            return
        try:
            await app(scope, receive, send)
        finally:
            self._quota.release(place)


class CrossOrigin(CORSMiddleware):
    """Starlette's, with `Vary` also on answers to requests without an origin: a cache must not serve them to others."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def varying(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).add_vary_header("Origin")
            await send(message)

        has_origin = any(name == b"origin" for name, _ in scope.get("headers", ()))
        await super().__call__(scope, receive, send if has_origin else varying)


def cross_origin(settings: Settings) -> list[Middleware]:
    """Return the middleware that lets pages of the origins in the settings read our answers."""
    if not settings.allowed_origins:
        return []
    return [
        Middleware(
            CrossOrigin,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],  # none of them is a credential a browser adds by itself
            expose_headers=["x-request-id"],
            max_age=600,
        )
    ]
