"""Cross-origin access: browsers let pages of the named origins read our answers, and no other."""

import httpx
import pytest
from starlette.applications import Starlette

from app.asgi import create_app
from milequest.settings import Settings

PREFLIGHT = {
    "origin": "https://app.example",
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, content-type",
}


def app_for(*origins: str) -> Starlette:
    """Return the application before it starts: enough for its middleware."""
    return create_app(Settings(allowed_origins=origins))


async def asked(app: Starlette, method: str, headers: dict[str, str]) -> httpx.Response:
    """Send one request straight to the application."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as client:
        return await client.request(method, "/livez" if method == "GET" else "/graphql", headers=headers)


async def test_answers_without_named_origins_have_no_cors_headers() -> None:
    for method in ("OPTIONS", "GET"):
        answer = await asked(app_for(), method, PREFLIGHT)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_named_origins_get_cors_headers() -> None:
    app = app_for("https://app.example", "http://localhost:3000")
    preflight = await asked(app, "OPTIONS", PREFLIGHT)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://app.example"
    assert preflight.headers["access-control-allow-headers"] == "authorization, content-type"
    assert "access-control-allow-credentials" not in preflight.headers
    answer = await asked(app, "GET", {"origin": "http://localhost:3000"})
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert answer.headers["access-control-expose-headers"] == "x-request-id"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://app.example", "https://app.example.evil.example", "null"]
)
async def test_unnamed_origins_get_no_cors_headers(origin: str) -> None:
    app = app_for("https://app.example")
    assert (await asked(app, "OPTIONS", PREFLIGHT | {"origin": origin})).status_code == 400
    assert "access-control-allow-origin" not in (await asked(app, "GET", {"origin": origin})).headers
