"""The REST API's function: the same endpoints as the server's, called through Mangum. No sockets, streams or pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.aws.callers import signed
from app.aws.container import Container, Event
from app.aws.response_size import fitting
from app.http import graphql, health, jwks, route_geojson
from app.http.middleware import cross_origin, refused
from app.http.negotiation import GRAPHQL, BadRequest
from milequest.rules.edge_headers import caller_address
from milequest.runtime import Runtime, open_runtime
from milequest.settings import Settings
from resolvers.identity import identifying
from schema.build import runner

TEXT = [*DEFAULT_TEXT_MIME_TYPES, GRAPHQL, "application/geo+json"]  # other media types would be sent as base64


SIGNED = "/graphql/iam"  # for whose method API Gateway requires an IAM signature and nothing else


class NoStreams:
    """Stand-in for a server's event streams: Lambda's response ends before any event has happened."""

    async def begin(self, *_: object) -> NoReturn:
        """Refuse."""
        raise BadRequest(400, "Here subscriptions run over WebSocket, or as event streams at /graphql/stream.")


async def by_role(http: Request) -> Response:
    """Answer GraphQL for roles of AWS.

    API Gateway reports the signer, for this resource alone; no header is believed.
    """
    event = http.scope["aws.event"]
    told = event["requestContext"]["identity"] if event["resource"] == SIGNED else {}
    issuer = http.app.state.runtime.settings.jwt_issuer
    return await graphql.endpoint(http, lambda: signed(http.app.state.identify, told, issuer))


def application(runtime: Runtime) -> Starlette:
    """Return the endpoints over an open runtime."""
    app = Starlette(
        routes=[
            Route("/graphql", graphql.endpoint, methods=["GET", "POST"]),
            Route(SIGNED, by_role, methods=["POST"]),
            Route("/routes/{id}.geojson", route_geojson.geo_json),
            Route("/.well-known/jwks.json", jwks.keys),
            Route("/livez", health.live),
            Route("/readyz", health.ready),
            Route("/standbyz", health.standby),
        ],
        middleware=cross_origin(runtime.settings),
        exception_handlers={HTTPException: refused},
    )
    app.state.runtime = runtime
    app.state.identify = identifying(runtime)
    app.state.hub, app.state.streams = None, NoStreams()
    return app


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Mangum]:
    async with open_runtime(settings, serves=False) as runtime:
        yield Mangum(application(runtime), lifespan="off", text_mime_types=TEXT)


runner()  # the schema is built while the container starts
container = Container(_opened)


def handler(event: Event, context: Any) -> Any:
    """Answer one request, as its viewer's: Mangum takes the address of whoever calls API Gateway."""
    told = event["requestContext"]
    identity = {**told["identity"], "sourceIp": caller_address(told)}
    with container.call() as answer:
        return fitting(answer({**event, "requestContext": {**told, "identity": identity}}, context))
