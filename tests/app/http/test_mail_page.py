"""The local mail page: its content, its access, and that a mail cannot inject anything into it."""

import base64
import hashlib
import re
import socket
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from httpx import ASGITransport, AsyncClient
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import Route

from app.http import mail_page
from milequest.providers.mail.local import KEPT, LocalMailbox
from milequest.rules.mail import Mail
from milequest.settings import Settings
from milequest.store.away import Away
from tests.service import Service

EVIL = Mail('"<script>"@example.org', "<b>Code</b>", "</pre><script>alert(1)</script> 123456")


@pytest.fixture
async def mailbox(redis_url: str) -> AsyncIterator[LocalMailbox]:
    async with Redis.from_url(redis_url) as redis:
        yield LocalMailbox(redis)


def client(mailbox: LocalMailbox, address: str = "127.0.0.1", **settings: Any) -> AsyncClient:
    """Return a browser at `address`."""
    app = Starlette(routes=[Route("/dev/mail", mail_page.page)])
    app.state.runtime = SimpleNamespace(settings=Settings(**{"embedded": True, **settings}), mailbox=mailbox)
    return AsyncClient(transport=ASGITransport(app, client=(address, 1)), base_url="http://127.0.0.1:8000")


async def test_mails_are_shown_newest_first_as_text(mailbox: LocalMailbox) -> None:
    await mailbox.send(Mail("ada@example.org", "First", "111111"))
    await mailbox.send(EVIL)
    async with client(mailbox) as browser:
        page = await browser.get("/dev/mail")
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "<b>" not in page.text
    assert page.text.index("123456") < page.text.index("ada@example.org") < page.text.index("111111")


async def test_mail_page_runs_no_script_and_is_not_cached(mailbox: LocalMailbox) -> None:
    async with client(mailbox) as browser:
        page = await browser.get("/dev/mail")
    assert "None yet" in page.text
    style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("address", "host", "status"),
    [
        ("127.0.0.1", "localhost:8000", 200),
        ("::1", "[::1]:8000", 200),
        ("127.0.0.1", "LocalHost", 200),
        ("127.0.0.1", "evil.example", 404),  # a foreign name that resolves to this machine
        ("127.0.0.1", "evil@localhost", 404),
        ("127.0.0.1", "localhost#evil", 404),
        ("127.0.0.1", "localhost/evil", 404),
        ("127.0.0.1", "localhost.evil.example", 404),
        ("127.0.0.1", "localhost.", 404),
        ("127.0.0.1", "localhost:", 404),
        ("127.0.0.1", "localhost:80:80", 404),
        ("127.0.0.1", "127.0.0.1, evil.example", 404),
        ("127.0.0.1", "[::1]evil", 404),
        ("127.0.0.1", "127.1", 404),
        ("127.0.0.1", "[", 404),
        ("127.0.0.1", "", 404),
        ("192.0.2.7", "127.0.0.1:8000", 404),
        ("", "127.0.0.1:8000", 404),
    ],
)
async def test_mail_page_answers_local_addresses_and_hosts_alone(
    mailbox: LocalMailbox, address: str, host: str, status: int
) -> None:
    async with client(mailbox, address) as browser:
        assert (await browser.get("/dev/mail", headers={"host": host})).status_code == status


PROXIES = """
X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto Forwarded Via X-Real-IP X-Client-IP True-Client-IP CF-Connecting-IP
CF-Ray CDN-Loop X-Amzn-Trace-Id X-Amz-Cf-Id X-Azure-ClientIP Tailscale-User-Login Ngrok-Skip-Browser-Warning X-Made-Up
"""


@pytest.mark.parametrize("header", PROXIES.split())
async def test_mail_page_through_a_proxy_is_not_found(mailbox: LocalMailbox, header: str) -> None:
    async with client(mailbox) as browser:
        assert (await browser.get("/dev/mail")).status_code == 200
        assert (await browser.get("/dev/mail", headers={header: "203.0.113.9"})).status_code == 404
        assert (await browser.get("/dev/mail", headers={header: ""})).status_code == 404


async def test_mail_page_answers_a_request_with_ordinary_browser_headers(mailbox: LocalMailbox) -> None:
    chromium = {
        "cache-control": "max-age=0",
        "sec-ch-ua": '"Chromium";v="140"',
        "sec-ch-ua-mobile": "?0",
        "upgrade-insecure-requests": "1",
        "sec-fetch-site": "none",
        "accept-language": "en",
        "cookie": "theme=dark",
        "dnt": "1",
        "priority": "u=0, i",
        "referer": "http://127.0.0.1:8000/graphql",
        "if-none-match": '"x"',
    }
    async with client(mailbox) as browser:
        assert (await browser.get("/dev/mail", headers=chromium)).status_code == 200


@pytest.mark.parametrize(
    "settings",
    [
        {"public_url": "https://tunnel.example"},
        {"public_url": "http://192.168.1.5:8000", "demo_on_network": True},
        {"trusted_proxies": ("127.0.0.1",)},
        {"embedded": False},
    ],
)
async def test_mail_page_is_not_found_unless_the_service_is_local_and_embedded(
    mailbox: LocalMailbox, settings: dict[str, Any]
) -> None:
    async with client(mailbox, **settings) as browser:
        assert (await browser.get("/dev/mail")).status_code == 404


def head(*lines: str, target: str = "/dev/mail", version: str = "1.1") -> bytes:
    return "\r\n".join((f"GET {target} HTTP/{version}", *lines, "connection: close", "", "")).encode()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (head("host: 127.0.0.1"), 200),
        (head("host: evil.example", target="http://localhost/dev/mail"), 200),  # the target's host is the one requested
        (head("host: localhost", target="http://evil.example/dev/mail"), 404),
        (head("host: localhost", target="http://localhost@evil.example/dev/mail"), 404),
        (head("host: localhost", target="HTTP://evil.example:80/dev/mail?x=1"), 404),
        (head("host: localhost", "host: evil.example"), 400),
        (head("host: localhost", "host: localhost"), 400),
        (head(), 400),
        (head("host: 127.0.0.1", version="1.0"), 404),  # as older proxies call
    ],
)
def test_a_request_that_names_another_host_is_refused(service: Service, sent: bytes, status: int) -> None:
    address = urlsplit(service.origin)
    with socket.create_connection((address.hostname or "", address.port or 0), 10) as connection:
        connection.sendall(sent)
        assert connection.makefile("rb").readline().split()[1] == str(status).encode()


async def test_the_newest_mails_are_kept(mailbox: LocalMailbox) -> None:
    for number in range(KEPT + 5):
        await mailbox.send(Mail("ada@example.org", f"Mail {number}", ""))
    subjects = [received.mail.subject for received in await mailbox.newest()]
    assert subjects == [f"Mail {number}" for number in reversed(range(5, KEPT + 5))]


async def test_mailbox_without_redis_raises_oserror() -> None:
    async with Redis.from_url("unix:///nowhere/valkey.sock") as redis:
        with pytest.raises(Away):
            await LocalMailbox(redis).send(EVIL)


async def test_mail_page_without_valkey_is_503() -> None:
    async with Redis.from_url("redis://127.0.0.1:1") as nowhere, client(LocalMailbox(nowhere)) as browser:
        page = await browser.get("/dev/mail")
    assert page.status_code == 503
    assert "Valkey, which is out of reach" in page.text
    assert page.headers["content-type"].startswith("text/html")
