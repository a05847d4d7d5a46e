"""GraphiQL in a real browser, on the real service: all of it works from our own address, under its strict policy."""

import asyncio
import os
import re
import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

from app.accounts import ensure_account, token_for
from app.asgi import create_app
from app.bundle import ensure_bundle
from app.http.graphiql import DemoAccount
from app.serve import configured
from milequest.runtime import open_runtime
from milequest.settings import Settings
from tests.tiers import needs

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no network
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ADA = DemoAccount('Ada "<b>" O\'Neill', "ada@example.org", "Walk2gether")
BEN = DemoAccount("Ben", "ben@example.org", "Walk2gether")
WHO = "{ viewer { user { name } } }"
expect.set_options(timeout=30_000)  # milliseconds: a busy machine is slow, not wrong


@dataclass(frozen=True, slots=True)
class Service:
    """The service under test: its address, and a token of Ben's."""

    origin: str
    token: str


@pytest.fixture
def service(database_url: str, redis_url: str) -> Iterator[Service]:
    """Yield the service on an empty database with two accounts, and a bundle."""
    ensure_bundle()
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as thread:
        settings = Settings(
            database_url=database_url, redis_url=redis_url, embedded=True, port=listener.getsockname()[1]
        )
        token = thread.submit(asyncio.run, prepare(settings)).result()
        app = create_app(settings, [ADA, BEN])
        config = configured(app)
        config.timeout_graceful_shutdown = 1
        server = uvicorn.Server(config)
        serving = thread.submit(server.run, [listener])
        yield Service(settings.origin, token)
        server.should_exit = True
        serving.result()


def daytime(now: datetime) -> str:
    """Return a zone for the people of these tests: one where a walk of this hour is a walk of today."""
    return "UTC" if 2 <= now.hour <= 22 else "Asia/Tokyo"


async def prepare(settings: Settings) -> str:
    """Make the accounts; return a token of Ben's."""
    now = datetime.now(UTC)
    async with open_runtime(settings) as runtime:
        for account in (ADA, BEN):
            home = daytime(now)
            await ensure_account(runtime, account.email, account.password, account.name, now, timezone=home)
        return await token_for(runtime, BEN.email, now)


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    """Yield the machine's Chromium with a new profile. Without it these tests are skipped; in CI they fail."""
    needs("browser")
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium on PATH (apt-get install chromium)")
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=path, args=ARGUMENTS) as chromium:
        context = chromium.new_context(viewport={"width": 1400, "height": 900}, timezone_id=daytime(datetime.now(UTC)))
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        yield context


@dataclass(slots=True)
class Visit:
    """GraphiQL opened by a new visitor; records everything that should not happen."""

    page: Page
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)

    @property
    def operation(self) -> Locator:
        """The editor of the operation."""
        return self.page.get_by_label("Operation Editor")

    @property
    def result(self) -> Locator:
        """The element with the result."""
        return self.page.get_by_label("Result Window")

    def sign_in(self, account: DemoAccount) -> None:
        """Choose a demo account and wait until it is signed in."""
        self.page.get_by_role("combobox", name="Sign in as").select_option(label=account.name)
        expect(self.page.get_by_role("status")).to_have_text("Signed in as")

    def replace(self, editor: Locator, text: str) -> None:
        """Paste over an editor's content: typed brackets would be closed by the editor too."""
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        editor.locator(".monaco-editor:visible").first.click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.press("Control+V")
        expect(editor).to_contain_text(text)

    def run(self, text: str) -> None:
        """Replace the operation, and run it."""
        self.replace(self.operation, text)
        self.page.keyboard.press("Control+Enter")

    def run_example(self, name: str, team_id: str | None = None) -> None:
        """Open an example's tab, put a team's id into its variables, and run it."""
        self.page.get_by_role("tab", name=name).click()
        expect(self.operation).to_contain_text(name)
        if team_id:
            self.page.evaluate("text => navigator.clipboard.writeText(text)", team_id)
            self.page.get_by_label("Variables").get_by_text("PASTE_A_TEAM_ID").dblclick()
            self.page.keyboard.press("Control+V")
            expect(self.page.get_by_label("Variables").last).to_contain_text(team_id)
        self.page.get_by_label("Execute query").click()


@contextmanager
def visiting(browser: BrowserContext, origin: str) -> Iterator[Visit]:
    """Yield an open GraphiQL. At the end it must have called no other host, broken no policy and logged no error."""
    visit = Visit(browser.new_page())

    def notice(request: Request) -> None:
        if not request.url.startswith((f"{origin}/", "data:")):
            visit.foreign.append(request.url)

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            visit.complaints.append(message.text)

    visit.page.on("request", notice)
    visit.page.on("console", listen)
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on("websocket", lambda opened: visit.sockets.append(opened.url))
    visit.page.goto(f"{origin}/graphql")
    expect(visit.operation).to_contain_text("{")
    yield visit
    visit.page.close()
    assert visit.foreign == []
    assert visit.complaints == []


@pytest.fixture
def visit(browser: BrowserContext, service: Service) -> Iterator[Visit]:
    """Yield a first visit to the service."""
    with visiting(browser, service.origin) as visit:
        yield visit


def test_examples_lead_from_a_new_team_to_a_marker_that_moves(
    browser: BrowserContext, service: Service, visit: Visit
) -> None:
    tabs = ["MyTeams", "TeamPage", "LogWalk", "MarkerLive", "CreateTeam", "CreateGoal"]
    assert visit.page.get_by_label("Select active operation").get_by_role("tab").all_inner_texts() == tabs
    visit.sign_in(ADA)
    visit.run_example("CreateTeam")
    expect(visit.result).to_contain_text("ADMIN")
    found = re.search("team_[0-9a-f]{32}", visit.result.inner_text())
    assert found
    visit.run_example("CreateGoal", found[0])
    expect(visit.result).to_contain_text('"status": "ACTIVE"')
    with visiting(browser, service.origin) as window:
        window.sign_in(ADA)
        window.run_example("MarkerLive", found[0])
        expect(window.result).to_contain_text('"totalMeters": 0')
        visit.run_example("LogWalk")
        expect(visit.result).to_contain_text('"totalMeters": 349.966')
        expect(window.result).to_contain_text('"totalMeters": 349.966')
        assert window.sockets == [f"ws{service.origin.removeprefix('http')}/graphql"]
    visit.run_example("TeamPage", found[0])
    expect(visit.result).to_contain_text('"nextWaypoint": { "name": "Brussels" }')
    visit.run_example("MyTeams")
    expect(visit.result).to_contain_text(found[0])


def test_account_signs_in_and_out_and_a_typed_header_wins_over_it(visit: Visit, service: Service) -> None:
    visit.run(WHO)
    expect(visit.result).to_contain_text('"viewer": null')
    visit.sign_in(ADA)
    visit.run(WHO)
    expect(visit.result).to_contain_text("O'Neill")
    visit.page.get_by_role("button", name="Headers").click()
    visit.replace(visit.page.get_by_label("Headers").last, f'{{"authorization": "Bearer {service.token}"}}')
    visit.run(WHO)
    expect(visit.result).to_contain_text('"Ben"')
    visit.page.reload()
    expect(visit.page.get_by_role("status")).to_have_text("Signed in as")
    visit.page.get_by_role("combobox", name="Signed in as").select_option(label="Sign out")
    expect(visit.page.get_by_role("status")).to_have_text("Sign in as")
    visit.run(WHO)
    expect(visit.result).to_contain_text('"viewer": null')


def test_explorer_writes_the_operation(visit: Visit) -> None:
    visit.run("query Explored { __typename }")
    visit.page.get_by_label("Show GraphiQL Explorer").click()
    visit.page.locator(".graphiql-plugin").get_by_text("routeTemplates", exact=True).click()
    expect(visit.operation).to_contain_text("routeTemplates")


def test_second_visit_loads_the_bundle_from_the_cache(visit: Visit) -> None:
    entries = "performance.getEntriesByType('resource').filter(entry => entry.name.includes('/assets/'))"
    sizes = f"Object.fromEntries({entries}.map(entry => [entry.name, [entry.encodedBodySize, entry.transferSize]]))"
    visit.page.wait_for_load_state("networkidle")  # responses still under way are in no cache
    first = visit.page.evaluate(sizes)
    visit.page.goto(visit.page.url)
    expect(visit.operation).to_contain_text("query MyTeams")
    second = {name: size for name, size in visit.page.evaluate(sizes).items() if name in first}
    assert sum(body for body, _ in second.values()) > 1_000_000
    assert sum(transferred for _, transferred in second.values()) == 0
