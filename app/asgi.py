"""The server: an ASGI application over one runtime."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from app import telemetry
from app.connection_metrics import count
from app.edge_guard import EdgeGuard, open_edge
from app.http import graphiql, graphql, health, invite_page, jwks, mail_page, route_geojson, uploads
from app.http.charging import charged_to_network
from app.http.local_requests import is_local
from app.http.middleware import RequestQuota, cross_origin, refused
from app.http.request_context import request_of
from app.worker import work
from milequest.rules.avatars import SHOWN
from milequest.runtime import open_runtime
from milequest.settings import Settings
from milequest.store.pictures.picture_folder import PATH
from milequest.telemetry.objective_counts import counting
from resolvers.identity import identifying
from schema.build import runner
from subscriptions.gateway import Gateway
from subscriptions.hub import Hub
from subscriptions.quotas import ProcessQuota
from subscriptions.streams import Streams


class Application(Starlette):
    """Starlette for HTTP. WebSockets bypass it to their gateway: with thousands, each would keep every layer alive."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        edge: EdgeGuard | None = self.state.edge
        if edge is None or scope["type"] == "lifespan":
            await self._serve(scope, receive, send)
        else:
            await edge.admit(self._serve, scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            scope["app"] = self
            await self.state.gateway(scope, receive, send)
        elif scope["type"] == "http" and self.state.request_quota is not None:
            await self.state.request_quota.admit(super().__call__, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings, accounts: Sequence[graphiql.DemoAccount] = ()) -> Application:
    """Create the application for `settings`, with pools open from its start to its stop. GraphiQL offers `accounts`."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        runner()  # raises for a schema that breaks our rules, before anything is served
        async with AsyncExitStack() as stack:
            stack.enter_context(telemetry.traced(settings))
            runtime = await stack.enter_async_context(open_runtime(settings))
            app.state.runtime = runtime
            app.state.identify = identifying(runtime)
            app.state.edge = await stack.enter_async_context(open_edge(settings))
            gc.freeze()  # all objects so far are permanent: the garbage collector need not scan them
            gc.set_threshold(50_000, 50, 50)  # most live as long as a request or socket
            app.state.hub = Hub(runtime)
            runtime.revocations.receivers.append(partial(gateway.end_sessions, runtime.revocations.has_ended))
            gauges = telemetry.gauges(runtime, gateway, streams, app.state.hub)
            stack.enter_context(telemetry.measured(settings, gauges))
            stack.enter_context(counting(settings.metrics_namespace))
            beside = [
                asyncio.create_task(one)
                for one in (
                    work(runtime),
                    app.state.hub.run(),
                    app.state.gateway.run(),
                    count(settings.metrics_namespace, gateway, streams),
                )
            ]
            yield
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)

    process_quota = ProcessQuota()
    gateway, streams = Gateway(settings, request_of, process_quota), Streams(settings, process_quota)

    async def drain() -> None:
        """Close all subscribers' connections, so that they reconnect to other servers."""
        await asyncio.gather(gateway.drain(), streams.drain())

    app = Application(
        routes=_routes(settings, accounts),
        middleware=cross_origin(settings),
        exception_handlers={HTTPException: refused},
        lifespan=lifespan,
    )
    app.state.edge = None  # until it is open, and where there is none
    app.state.gateway = gateway
    app.state.request_quota = (
        RequestQuota(settings.sockets_per_network, process_quota) if settings.trusted_proxies else None
    )
    app.state.streams = streams
    app.state.process_quota = process_quota
    app.state.drain = drain
    return app


def _routes(settings: Settings, accounts: Sequence[graphiql.DemoAccount]) -> list[BaseRoute]:
    return [
        Mount("/graphql/assets", graphiql.assets),
        Route("/graphql", _graphql(settings, accounts), methods=["GET", "POST"]),
        Route("/routes/{id}.geojson", route_geojson.geo_json),
        Route("/invite/{code}", charged_to_network(invite_page.page)),
        Route("/.well-known/jwks.json", charged_to_network(jwks.keys)),
        Route("/livez", health.live),
        Route("/readyz", health.ready),
        Route("/standbyz", health.standby),
        *([] if settings.uploads_bucket else _pictures()),
        *([Route("/dev/mail", mail_page.page)] if mail_page.is_served(settings) else []),
    ]


def _pictures() -> list[BaseRoute]:
    """Return the routes of uploads and pictures, if they are in a folder of this machine and not in S3."""
    return [Route(PATH, uploads.take, methods=["POST"]), Route(f"/{SHOWN}/{{name}}", charged_to_network(uploads.show))]


def _graphql(settings: Settings, accounts: Sequence[graphiql.DemoAccount]) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of one address for people and programs: a browser that requests a page gets GraphiQL.

    The page offers `accounts` on this machine, and elsewhere where the settings say so.
    """

    async def endpoint(request: Request) -> Response:
        wants_page = "text/html" in request.headers.get("accept", "")
        if request.method == "GET" and wants_page and "query" not in request.query_params:
            is_offered = settings.demo_on_network or is_local(request, settings)
            return await graphiql.page(request, accounts if is_offered else ())
        return await graphql.endpoint(request)

    return endpoint
