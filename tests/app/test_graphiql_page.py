"""The page of GraphiQL and its files over HTTP, without a browser: headers, waiting page, files never served."""

import html
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response as Answer
from starlette.routing import Mount, Route

from app import bundle
from app.asgi import create_app
from app.http import graphiql
from milequest.settings import Settings

ACCOUNT = graphiql.DemoAccount('A "quoted" <name>', "ada@example.org", "it's & so on")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data:; connect-src 'self'{socket}; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


async def endpoint(request: Request) -> Answer:
    return await graphiql.page(request, [ACCOUNT])


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    routes = [Route("/graphql", endpoint), Mount("/graphql/assets", graphiql.assets)]
    transport = ASGITransport(Starlette(routes=routes))
    async with AsyncClient(transport=transport, base_url="http://miles.test:8000") as client:
        yield client


@pytest.fixture
def unbuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no bundle, and no attempt at one."""
    monkeypatch.setattr(bundle, "DIST", tmp_path / "dist")
    monkeypatch.setattr(bundle, "FAILURE", tmp_path / "failure")


@pytest.fixture
def failed(unbuilt: None) -> None:
    """Have no bundle, as its making failed."""
    bundle.FAILURE.write_text("npm <broke>; retry with: make graphiql")


@pytest.fixture
def folder() -> Path:
    """Return the bundle's folder, the bundle being there."""
    return bundle.ensure_bundle()


def assert_guarded(answer: Response, socket: str) -> None:
    assert answer.headers["content-security-policy"] == POLICY.format(socket=socket)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"  # it contains the demo passwords
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_page_names_its_files_and_holds_the_accounts(client: AsyncClient, folder: Path) -> None:
    answer = await client.get("/graphql")
    assert answer.status_code == 200
    assert_guarded(answer, " ws://miles.test:8000")
    for address in re.findall(r'(?:src|href)="(?!data:)([^"]+)"', answer.text):
        assert (await client.get(f"/{address}")).status_code == 200
    assert re.findall(r"<script(?![^>]* src=)", answer.text) == []
    config = re.search(r'data-config="([^"]*)"', answer.text)
    assert config
    account = {"name": ACCOUNT.name, "email": ACCOUNT.email, "password": ACCOUNT.password}
    assert json.loads(html.unescape(config[1])) == {"accounts": [account]}


async def test_secure_page_names_the_secure_socket(client: AsyncClient) -> None:
    answer = await client.get("https://miles.test/graphql")
    assert_guarded(answer, " wss://miles.test")


async def test_strange_host_is_not_let_into_the_policy(client: AsyncClient) -> None:
    answer = await client.get("/graphql", headers={"Host": "a;script-src"})
    assert_guarded(answer, "")


async def test_page_waits_for_the_bundle_and_says_so(client: AsyncClient, unbuilt: None) -> None:
    answer = await client.get("/graphql")
    assert answer.status_code == 200
    assert_guarded(answer, " ws://miles.test:8000")
    assert '<meta http-equiv="refresh" content="2">' in answer.text
    assert "make graphiql" in answer.text
    assert ACCOUNT.email not in answer.text


async def test_page_says_why_the_bundle_failed(client: AsyncClient, failed: None) -> None:
    assert "npm &lt;broke&gt;; retry with: make graphiql" in (await client.get("/graphql")).text


@pytest.mark.parametrize(("name", "type"), [("main.js", "text/javascript"), ("main.css", "text/css")])
async def test_file_is_typed_and_kept_for_ever(client: AsyncClient, folder: Path, name: str, type: str) -> None:
    answer = await client.get(f"/graphql/assets/{folder.name}/{name}")
    assert answer.content == (folder / name).read_bytes()
    assert answer.headers["content-type"] == f"{type}; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    head = await client.head(f"/graphql/assets/{folder.name}/{name}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))
    again = await client.get(f"/graphql/assets/{folder.name}/{name}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "nothing.js",
        "../package.json",
        "..%2fpackage.json",
        "%2e%2e/package.json",
        "/etc/passwd",
        "%00",
        "a" * 999,
    ],
)
async def test_asset_path_outside_the_bundle_is_not_found(client: AsyncClient, folder: Path, path: str) -> None:
    assert (await client.get(f"/graphql/assets/{path}")).status_code == 404
    assert (await client.get(f"/graphql/assets/{folder.name}/../{path}")).status_code == 404


async def test_files_are_read_only_and_missing_before_the_first_bundle(client: AsyncClient, unbuilt: None) -> None:
    assert (await client.post("/graphql/assets/main.js")).status_code == 405
    assert (await client.get("/graphql/assets/0123456789abcdef/main.js")).status_code == 404


@pytest.mark.parametrize(
    ("settings", "host", "headers", "is_offered"),
    [
        ({}, "127.0.0.1:8000", {}, True),
        ({}, "quest.example", {}, False),
        ({}, "127.0.0.1:8000", {"x-forwarded-for": "203.0.113.9"}, False),
        ({"public_url": "https://tunnel.example"}, "127.0.0.1:8000", {}, False),
        ({"demo_on_network": True}, "192.168.1.5:8000", {}, True),
    ],
)
async def test_accounts_are_offered_on_this_machine_unless_the_settings_say_more(
    folder: Path, settings: dict[str, Any], host: str, headers: dict[str, str], is_offered: bool
) -> None:
    app = create_app(Settings(embedded=True, **settings), [ACCOUNT])
    async with AsyncClient(transport=ASGITransport(app), base_url=f"http://{host}") as client:
        page = await client.get("/graphql", headers={"accept": "text/html", **headers})
    assert page.status_code == 200
    assert (ACCOUNT.email in page.text) is is_offered
