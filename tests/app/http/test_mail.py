"""The local mail page: what it shows, to whom, and that a mail cannot become part of it."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
from httpx import ASGITransport, AsyncClient
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import Route

from app.http import mail
from milequest.providers.mail import KEPT, LocalMailbox
from milequest.rules.mail import Mail
from milequest.settings import Settings

EVIL = Mail('"<script>"@example.org', "<b>Code</b>", "</pre><script>alert(1)</script> 123456")


@pytest.fixture
async def mailbox(redis_url: str) -> AsyncIterator[LocalMailbox]:
    async with Redis.from_url(redis_url) as redis:
        yield LocalMailbox(redis)


def client(mailbox: LocalMailbox, address: str = "127.0.0.1", *, embedded: bool = True) -> AsyncClient:
    """A browser at `address`."""
    app = Starlette(routes=[Route("/dev/mail", mail.page)])
    app.state.runtime = SimpleNamespace(settings=replace(Settings(), embedded=embedded), mailbox=mailbox)
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


async def test_the_page_runs_nothing_and_stays_nowhere(mailbox: LocalMailbox) -> None:
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
        ("127.0.0.1", "evil.example", 404),  # a foreign name that resolves to this machine
        ("127.0.0.1", "[", 404),
        ("127.0.0.1", "", 404),
        ("192.0.2.7", "127.0.0.1:8000", 404),
        ("", "127.0.0.1:8000", 404),
    ],
)
async def test_it_opens_to_this_machine_alone(mailbox: LocalMailbox, address: str, host: str, status: int) -> None:
    async with client(mailbox, address) as browser:
        assert (await browser.get("/dev/mail", headers={"host": host})).status_code == status


async def test_it_is_not_there_without_the_embedded_servers(mailbox: LocalMailbox) -> None:
    async with client(mailbox, embedded=False) as browser:
        assert (await browser.get("/dev/mail")).status_code == 404


async def test_the_newest_mails_are_kept(mailbox: LocalMailbox) -> None:
    for number in range(KEPT + 5):
        await mailbox.send(Mail("ada@example.org", f"Mail {number}", ""))
    subjects = [received.mail.subject for received in await mailbox.newest()]
    assert subjects == [f"Mail {number}" for number in reversed(range(5, KEPT + 5))]


async def test_a_mailbox_without_redis_says_so_as_a_mailer_does() -> None:
    async with Redis.from_url("unix:///nowhere/valkey.sock") as redis:
        with pytest.raises(OSError, match="Redis"):
            await LocalMailbox(redis).send(EVIL)


async def test_without_valkey_the_page_says_so() -> None:
    async with Redis.from_url("redis://127.0.0.1:1") as nowhere, client(LocalMailbox(nowhere)) as browser:
        page = await browser.get("/dev/mail")
    assert page.status_code == 503
    assert "Valkey, which is out of reach" in page.text
    assert page.headers["content-type"].startswith("text/html")
