"""A server whose log is read as an operator reads it, and a client of it."""

import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from app.accounts import ensure_account
from milequest.runtime import open_runtime
from milequest.settings import PROJECT, Settings
from tests.service import PASSWORD

SERVED = """
import os
from app import logs
from app.asgi import create_app
from app.serve import interruptible, listen, serve
from milequest.settings import load

settings = load(os.environ)
logs.configure(settings.log_level)
listener = listen("127.0.0.1", 0)
with interruptible():
    try:
        serve(create_app(settings), listener, lambda: print(listener.getsockname()[1], flush=True))
    except KeyboardInterrupt:
        pass
"""

SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { session { accessToken refreshToken } } }"
CREATE_TEAM = "mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }"
LOG_WALK = "mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { id } } }"
TEAM_PAGE = "query TeamPage($id: ID!) { team(id: $id) { name goals { nodes { name } } } }"
FOLLOW = "subscription Follow($id: ID!) { teamActivityChanged(teamId: $id) { cursor } }"


@contextmanager
def served(database_url: str, redis_url: str, script: str = SERVED, **settings: str) -> Iterator[tuple[str, list[Any]]]:
    """Run the service in a process of its own; yield its address, and the lines it logged, filled in at its end."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MILEQUEST_") and name != "PORT"}
    ours |= {"MILEQUEST_DATABASE_URL": database_url, "MILEQUEST_REDIS_URL": redis_url, "MILEQUEST_LOG_LEVEL": "DEBUG"}
    ours["MILEQUEST_KEY_SECRET"] = base64.b64encode(os.urandom(32)).decode()
    ours |= settings
    command = [sys.executable, "-c", script]
    process = subprocess.Popen(
        command, cwd=PROJECT, env=ours, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    lines: list[Any] = []
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/graphql", lines
    finally:
        process.terminate()
        _, logged = process.communicate(timeout=20)
    lines += [json.loads(line) for line in io.StringIO(logged)]


async def make_account(database_url: str, redis_url: str) -> None:
    """Make an account whose owner can sign in."""
    settings = Settings(database_url=database_url, redis_url=redis_url, embedded=True)
    async with open_runtime(settings) as runtime:
        await ensure_account(runtime, "owner@example.org", PASSWORD, "Owner", datetime.now(UTC))


class Operator:
    """A client of a server, signed in as the owner of a team, and the lines of its log once it has ended."""

    def __init__(self, url: str, client: httpx.Client, lines: list[Any]) -> None:
        self.url = url
        self.client = client
        self.lines = lines
        self.token = self.post(SIGN_IN, input={"email": "owner@example.org", "password": PASSWORD}).json()["data"][
            "signIn"
        ]["session"]["accessToken"]
        made = self.post(CREATE_TEAM, input={"name": "Zsecretteam"})
        self.team: str = made.json()["data"]["createTeam"]["team"]["id"]

    def post(self, query: str, *, name: str | None = None, token: str | None = None, **variables: Any) -> Any:
        """Send an operation, as the owner once they are signed in."""
        token = getattr(self, "token", None) if token is None else token
        headers = {"authorization": f"Bearer {token}"} if token else {}
        body = {"query": query, "variables": variables, "operationName": name}
        return self.client.post(self.url, json=body, headers=headers)

    def of(self, logger: str, **fields: Any) -> list[Any]:
        """Return a logger's lines with these fields."""
        return [
            line
            for line in self.lines
            if line["logger"] == f"milequest.{logger}" and all(line.get(key) == fields[key] for key in fields)
        ]


@pytest.fixture
async def account(database_url: str, redis_url: str) -> tuple[str, str]:
    """Make the owner's account; return the servers' addresses."""
    await make_account(database_url, redis_url)
    return database_url, redis_url


@contextmanager
def operator(account: tuple[str, str], **settings: str) -> Iterator[Operator]:
    """Run a server; its lines are there after the block."""
    with served(*account, **settings) as (url, lines), httpx.Client(timeout=20) as client:
        yield Operator(url, client, lines)


def walk() -> dict[str, Any]:
    """Return a walk that begins now."""
    return {
        "distanceMeters": 1000,
        "durationSeconds": 290,
        "startedAt": datetime.now(UTC).isoformat(),
        "notes": "Zsecretnotes",
    }


@contextmanager
def socket_of(one: Operator) -> Iterator[ClientConnection]:
    """Open a WebSocket as the owner and let it be acknowledged."""
    with connect(f"ws{one.url.removeprefix('http')}", subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        say(socket, type="connection_init", payload={"Authorization": f"Bearer {one.token}"})
        assert json.loads(socket.recv(10))["type"] == "connection_ack"
        yield socket


def say(socket: Any, **message: Any) -> None:
    """Send a message."""
    socket.send(json.dumps(message))


def subscribe(socket: Any, query: str, **variables: Any) -> Any:
    """Send an operation on a socket; return its first answer."""
    say(socket, type="subscribe", id="1", payload={"query": query, "variables": variables})
    return json.loads(socket.recv(10))
