"""The limit on a network's concurrent requests behind a proxy."""

import asyncio

import httpx
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.asgi import create_app
from app.http.middleware import RequestQuota
from milequest.settings import Settings


async def test_requests_under_way_of_one_network_are_bounded() -> None:
    gate, begun = asyncio.Event(), asyncio.Event()

    async def gated(_: object) -> Response:
        begun.set()
        await gate.wait()
        return Response("done")

    quota, inner = RequestQuota(1), Starlette(routes=[Route("/", gated)])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await quota.admit(inner, scope, receive, send)

    async def asked(address: str) -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get("/")

    first = asyncio.create_task(asked("203.0.113.1"))
    await begun.wait()
    second = await asked("203.0.113.1")
    assert (second.status_code, second.headers["retry-after"]) == (429, "10")
    assert second.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    other = asyncio.create_task(asked("203.0.113.2"))
    gate.set()
    assert [(await one).status_code for one in (first, other)] == [200, 200]
    assert (await asked("203.0.113.1")).status_code == 200


def test_only_a_server_behind_proxies_counts_requests() -> None:
    assert create_app(Settings()).state.request_quota is None
    assert create_app(Settings(trusted_proxies=("10.0.0.0/8",))).state.request_quota is not None
