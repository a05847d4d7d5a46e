"""The whole service over a real socket, in this process: uvicorn as in production, on a loop in a thread of its own."""

import asyncio
import fcntl
import json
import os
import ssl
import subprocess
import threading
from collections.abc import Coroutine, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn
import uvloop
from starlette.applications import Starlette

from app.accounts import ensure_account, token_for
from app.asgi import create_app
from app.bundle import find_node, install_packages
from app.serve import configured, listen
from milequest.runtime import Runtime
from milequest.settings import PROJECT, Settings
from subscriptions import gateway
from subscriptions.gateway import Gateway
from subscriptions.hub import Hub
from tests.tiers import needs

T = TypeVar("T")

CLIENTS = PROJECT / "tests" / "clients"
PASSWORD = "Correct-Horse-1"
JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Service:
    """A served application and access to its parts."""

    origin: str
    app: Starlette
    loop: asyncio.AbstractEventLoop
    client: httpx.Client
    requests: Set[asyncio.Task[None]]  # those that are being answered

    @property
    def url(self) -> str:
        """Address of GraphQL over HTTP."""
        return f"{self.origin}/graphql"

    @property
    def socket_url(self) -> str:
        """Address of GraphQL over WebSocket."""
        return f"ws{self.url.removeprefix('http')}"

    @property
    def runtime(self) -> Runtime:
        """The server's own runtime; use it on the server's loop, by `call`."""
        runtime: Runtime = self.app.state.runtime
        return runtime

    @property
    def hub(self) -> Hub:
        """All subscribers."""
        hub: Hub = self.app.state.hub
        return hub

    @property
    def gateway(self) -> Gateway:
        """The sockets."""
        gateway: Gateway = self.app.state.gateway
        return gateway

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the server's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=30)

    def sign_up(self, name: str) -> str:
        """Return an access token of the account NAME@example.org, which is made if need be."""
        return self.call(self._token(f"{name}@example.org", name))

    async def _token(self, address: str, name: str) -> str:
        now = datetime.now(UTC)
        await ensure_account(self.runtime, address, PASSWORD, name, now)
        return await token_for(self.runtime, address, now)

    def post(self, query: str, *, token: str | None = None, **parameters: Any) -> httpx.Response:
        """Send one operation by POST."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return self.client.post(self.url, json={"query": query, **parameters}, headers=headers)

    def data(self, query: str, *, token: str | None = None, **variables: Any) -> dict[str, Any]:
        """Return the data of an operation that must work."""
        body = self.post(query, token=token, variables=variables).json()
        assert "errors" not in body, body
        data: dict[str, Any] = body["data"]
        return data


@contextmanager
def serving(settings: Settings, certificate: Path | None = None) -> Iterator[Service]:
    """Serve the application on a free port of the loopback while the block runs; over TLS with a certificate.

    It sends no keep-alives by itself: every 20 s some test would receive one between its messages.
    """
    gateway.KEEP_ALIVE_SECONDS = 3_600.0
    with listen("127.0.0.1", 0) as listener:
        settings = replace(settings, port=listener.getsockname()[1])
        if certificate:
            settings = replace(settings, public_url=f"https://127.0.0.1:{settings.port}")
        app = create_app(settings)
        config = configured(app, process_quota=app.state.process_quota)
        config.ssl_certfile = certificate
        server, loop = uvicorn.Server(config), uvloop.new_event_loop()
        ended = threading.Thread(target=lambda: loop.run_until_complete(server.serve([listener])))
        ended.start()
        try:
            _wait_until_started(server, ended)
            with httpx.Client(verify=ssl.create_default_context(cafile=certificate)) as client:
                yield Service(settings.origin, app, loop, client, server.server_state.tasks)
        finally:
            server.should_exit = True
            ended.join()
            loop.close()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    while not server.started:
        assert thread.is_alive(), "the server ended while starting"
        thread.join(0.01)


def run_client(script: str, *arguments: str, certificate: Path | None = None) -> list[Any]:
    """Run tests/clients/SCRIPT by Node with its locked packages; return the JSON values it printed, one a line.

    It trusts the servers who have the certificate.
    """
    command: list[str | Path] = [installed_node(), CLIENTS / script, *arguments]
    environ = os.environ | ({"NODE_EXTRA_CA_CERTS": str(certificate)} if certificate else {})
    done = subprocess.run(command, env=environ, text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def installed_node() -> Path:
    """Return a Node with the locked packages of tests/clients beside the scripts there."""
    needs("node")
    folder = os.open(CLIENTS, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # of two workers the second waits
        node, npm = find_node()
        install_packages(npm, CLIENTS)
    finally:
        os.close(folder)
    return node
