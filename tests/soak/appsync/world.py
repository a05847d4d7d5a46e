"""Amplify's AppSync simulator before the deployed function, and the service itself on the same database."""

import base64
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from app.bundle import find_node, install_packages
from milequest.settings import PROJECT, Settings
from schema.appsync.printed import printed, publisher, resolved
from schema.build import build
from tests.fakes import issuer
from tests.fakes.issuer import CLIENT_ID, Issuer
from tests.service import Service, serving
from tests.sockets import Socket

HERE = Path(__file__).parent
SCRIPTS = PROJECT / "schema" / "appsync"
POOL = (
    "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf"  # by which the simulator knows a user pool's tokens
)
API_KEY = "da2-key"
ROLE = "AWS4-HMAC-SHA256 Credential=ASIAVJKIAM-AuthRole/20261129/eu-west-1/appsync/aws4_request"


@dataclass
class World:
    """The running parts, and their addresses."""

    issuer: Issuer
    service: Service
    client: httpx.AsyncClient
    port: int
    functions: str

    def sign_up(self, name: str) -> str:
        """Sign up a new user; return the id token."""
        mark = uuid4().hex
        person: dict[str, Any] = {
            "sub": mark,
            "email": f"{name}-{mark}@example.org",
            "name": name,
            "cognito:username": name,
        }
        return self.issuer.token(self.issuer.id_claims(iss=POOL, **person))

    async def sent(self, text: str, headers: dict[str, str], variables: dict[str, Any]) -> Any:
        """Return the simulator's answer."""
        body = {"query": text, "variables": variables}
        return (await self.client.post(f"http://127.0.0.1:{self.port}/graphql", json=body, headers=headers)).json()

    async def run(self, text: str, token: str | None = None, **variables: Any) -> Any:
        """Return the data of an operation that must work there; without a token by the API key."""
        answer = await self.sent(text, credentials(token), variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def refused(self, text: str, token: str | None = None, **variables: Any) -> tuple[str, str]:
        """Return the type and message of the one error there."""
        (error,) = (await self.sent(text, credentials(token), variables))["errors"]
        return error["errorType"], error["message"]

    async def ours(self, text: str, token: str, **variables: Any) -> Any:
        """Return the data of the service's own answer."""
        body = {"query": text, "variables": variables}
        answer = (await self.client.post(self.service.url, json=body, headers={"authorization": token})).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def asked(self) -> list[tuple[str, int]]:
        """Return the fields that our function was called for since the last time, and for how many parents at once."""
        return [(field, many) for field, many in (await self.client.get(self.functions)).json()]

    @asynccontextmanager
    async def socket(self, token: str) -> AsyncIterator[Socket]:
        """Open a socket of AppSync's protocol, acknowledged."""
        header = base64.b64encode(json.dumps(credentials(token)).encode()).decode()
        url = f"ws://127.0.0.1:{self.port}/graphql/realtime?header={header}&payload=e30="
        async with connect(url, subprotocols=[Subprotocol("graphql-ws")]) as connection:
            socket = Socket(connection)
            await socket.send(type="connection_init")
            assert (await socket.receive())["type"] == "connection_ack"
            yield socket


def credentials(token: str | None) -> dict[str, str]:
    """Return the headers of a caller with a token, or of an anonymous one."""
    return {"authorization": token} if token else {"x-api-key": API_KEY}


@asynccontextmanager
async def standing(database_url: str, redis_url: str) -> AsyncIterator[World]:
    """Run all of it, while the block runs."""
    async with issuer.running() as keys, httpx.AsyncClient(timeout=30) as client:
        of_tokens: dict[str, Any] = {"jwks_url": keys.jwks_url, "jwt_issuer": POOL, "jwt_client_id": (CLIENT_ID,)}
        settings = Settings(database_url=database_url, redis_url=redis_url, **of_tokens)
        given = {"database_url": database_url, "redis_url": redis_url, **of_tokens}
        environ = os.environ | {f"MILEQUEST_{name.upper()}": value for name, value in given.items()}
        bridge = [sys.executable, "-m", "tests.soak.appsync.bridge"]
        with serving(settings) as service, _process(bridge, environ) as at:
            functions = f"http://127.0.0.1:{at}/"
            with _simulator(functions) as port:
                yield World(keys, service, client, port, functions)


def _simulator(functions: str) -> contextlib.AbstractContextManager[int]:
    node, npm = find_node()
    install_packages(npm, HERE)
    schema = build()._schema
    assert schema.subscription_type is not None
    feeds = schema.subscription_type.fields
    fields = [field for field in resolved(schema) if not field.startswith("Subscription.")]
    given = {
        "schema": printed(schema),
        "direct": [field for field in fields if field.startswith(("Query.", "Mutation."))],
        "batched": [field for field in fields if not field.startswith(("Query.", "Mutation."))],
        "resolvers": {f"Subscription.{name}": str(SCRIPTS / "subscribe.js") for name in feeds}
        | {f"Mutation.{publisher(name)}": str(SCRIPTS / "publish.js") for name in feeds},
        "functions": functions,
        "apiKey": API_KEY,
    }
    return _process([node, HERE / "server.mjs", json.dumps(given)], dict(os.environ))


@contextmanager
def _process(command: list[Any], environ: dict[str, str]) -> Iterator[int]:
    """Run a process that prints its port and ends with its input."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=PROJECT, env=environ, text=True, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(timeout=20)
