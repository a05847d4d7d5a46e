"""The page of an invite: what it shows, to whom, and that nothing in it runs, loads or leads elsewhere by itself."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.routing import Route

from app.asgi import create_app
from app.http import invite_page
from milequest.runtime import Runtime
from milequest.settings import Settings
from milequest.store.away import Away
from tests.quest import Caller, Quest

CREATE = """mutation ($input: CreateInviteInput!) { createInvite(input: $input) {
  code url qrSvg inviteEdge { node { id } } } }"""
EVIL = "</blockquote><script>alert(1)</script><img src=https://evil.example/x>"
LEADING = {"src", "href", "action", "srcset", "data", "poster", "background", "xlink:href"}


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@asynccontextmanager
async def browsing(runtime: Runtime, address: str = "192.0.2.7", **settings: Any) -> AsyncIterator[AsyncClient]:
    """Yield a browser at `address`."""
    app = Starlette(routes=[Route("/invite/{code}", invite_page.page)])
    app.state.runtime = replace(runtime, settings=replace(runtime.settings, **settings))
    async with AsyncClient(transport=ASGITransport(app, client=(address, 1)), base_url="http://127.0.0.1:8000") as one:
        yield one


async def _invite(quest: Quest, **given: Any) -> tuple[Caller, dict[str, Any]]:
    ann = await quest.user("Ann")
    await quest.runtime.writer.execute("UPDATE app_user SET name = $1", "Ann & Co <b>")
    ann.now = datetime.now(UTC)  # the page knows no other time
    team = await ann.found("Wal<i>kers")
    made: dict[str, Any] = (await ann.run(CREATE, input={"teamId": team} | given))["createInvite"]
    return ann, made


async def test_invite_page_shows_team_inviter_message_code_and_qr_code(quest: Quest) -> None:
    _, made = await _invite(quest, message="Come walk\nwith us!")
    async with browsing(quest.runtime) as browser:
        page = await browser.get(f"/invite/{made['code']}")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    text = Elements(page.text).text
    for part in ("Ann & Co <b> invites you to Wal<i>kers", "1 member", "Come walk\nwith us!", made["code"], "GraphiQL"):
        assert part in text
    assert made["qrSvg"] in page.text


async def test_invite_page_runs_nothing_and_asks_no_other_host(quest: Quest) -> None:
    _, made = await _invite(quest, message=EVIL)
    async with browsing(quest.runtime, app_links=("https://apps.apple.com/app/id1",)) as browser:
        page = await browser.get(f"/invite/{made['code']}")
    read = Elements(page.text)
    assert EVIL in read.text
    assert not {"script", "img", "iframe", "form", "object", "i", "b"} & {tag for tag, _ in read.found}
    assert not [name for _, attributes in read.found for name in attributes if name.startswith("on") or name == "style"]
    loaded = [value for tag, given in read.found if tag != "a" for name, value in given.items() if name in LEADING]
    assert loaded == ["data:,"]
    style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:" in policy
    assert "form-action 'none'; frame-ancestors 'none'" in policy
    kept = {name: page.headers[name] for name in ("cache-control", "referrer-policy", "x-robots-tag")}
    assert kept == {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-robots-tag": "noindex, nofollow"}


async def test_codes_that_admit_nobody_get_one_page_whatever_the_reason(quest: Quest) -> None:
    ann, revoked = await _invite(quest, message="Come!")
    team = "query { viewer { memberships { team { id } } } }"
    team_id = (await ann.run(team))["viewer"]["memberships"][0]["team"]["id"]
    revoke = "mutation ($id: ID!) { revokeInvite(input: {inviteId: $id}) { invite { id } } }"
    await ann.run(revoke, id=revoked["inviteEdge"]["node"]["id"])
    used, expired = await ann.invite(team_id, maxUses=1), await ann.invite(team_id)
    await (await quest.user("Ben")).accept(used)
    await quest.runtime.writer.execute(
        "UPDATE team_invite SET expires_at = now() - interval '1 s' WHERE max_uses = 50 AND state = 'PENDING'"
    )
    async with browsing(quest.runtime) as browser:
        pages = [await browser.get(f"/invite/{code}") for code in (revoked["code"], used, expired, "AAAAAAAAAA")]
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1
    assert "Wal" not in pages[0].text


async def test_invite_page_counts_wrong_codes_with_those_of_the_api(quest: Quest) -> None:
    _, made = await _invite(quest)
    preview = "query ($code: String!) { invitePreview(code: $code) { state } }"
    async with browsing(quest.runtime) as browser:
        for number in range(10):
            assert (await browser.get(f"/invite/WRONG{number}")).status_code == 404
        page = await browser.get(f"/invite/{made['code']}")
    assert page.status_code == 429
    assert 0 < int(page.headers["retry-after"]) <= 3600
    guesser = replace(quest.anonymous, address="192.0.2.7")
    assert (await guesser.refused(preview, code=made["code"]))["code"] == "RATE_LIMITED"
    async with browsing(quest.runtime, "198.51.100.1") as elsewhere:
        assert (await elsewhere.get(f"/invite/{made['code']}")).status_code == 200


async def test_invite_page_leads_to_the_client_and_the_apps_that_the_settings_name(quest: Quest) -> None:
    _, made = await _invite(quest)
    apps = ("https://apps.apple.com/app/id1", "https://apps.example/x?a=1&b=2")
    async with browsing(quest.runtime, client_url="https://walk.example", app_links=apps) as browser:
        page = await browser.get(f"/invite/{made['code'].lower()}")
    links = [given["href"] for tag, given in Elements(page.text).found if tag == "a"]
    assert links == [f"https://walk.example/invite/{made['code']}", *apps]
    assert "GraphiQL" not in page.text
    assert "the App Store" in page.text


@pytest.mark.parametrize("code", ["%00", "%3Cscript%3E", "x" * 5_000, "%F0%9F%9A%B6", "%ED%A0%80", "%22%7D"])
async def test_any_text_as_code_of_an_invite_page_is_not_found(quest: Quest, code: str) -> None:
    async with browsing(quest.runtime) as browser:
        page = await browser.get(f"/invite/{code}")
    assert page.status_code == 404
    assert "script" not in page.text


async def test_invite_page_without_a_database_is_unavailable(quest: Quest) -> None:
    class Broken:
        async def fetchrow(self, *_: object) -> None:
            raise Away("gone")

    async with browsing(replace(quest.runtime, writer=Broken())) as browser:  # type: ignore[arg-type]  # all it is asked
        page = await browser.get("/invite/AAAAAAAAAA")
    assert (page.status_code, page.headers["retry-after"]) == (503, "1")


def test_server_has_the_page_that_invite_links_name() -> None:
    app = create_app(Settings(database_url="postgresql://none", redis_url="redis://none"))
    assert app.url_path_for("page", code="AAAAAAAAAA") == "/invite/AAAAAAAAAA"
