"""A client of ours that does what people do, at the public address: signs in, logs a walk, hears of it, and deletes it.

Its team is private and kept from run to run, and a walk that an earlier run left behind is deleted first.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import randbelow
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import orjson

from milequest.rules.errors import ErrorCode

if TYPE_CHECKING:
    from aiohttp import ClientSession, ClientWebSocketResponse

PATIENCE: Final = 15.0  # seconds a step may take
TEAM: Final = "A client of the operator's"  # and a random number: a name that another user's team has is refused
METERS: Final = 1_234.5
SIGN_IN: Final = "mutation ($input: SignInInput!) { signIn(input: $input) { session { accessToken } } }"
TEAMS: Final = "{ viewer { memberships { team { id name } } } }"
FOUND: Final = "mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }"
LOG: Final = "mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { id } } }"
DELETE: Final = "mutation ($input: DeleteActivityInput!) { deleteActivity(input: $input) { deletedActivityId } }"
WALKS: Final = "query ($id: ID!) { team(id: $id) { activities(first: 20) { nodes { id distanceMeters } } } }"
NEWS: Final = """subscription ($team: ID!) { teamActivityChanged(teamId: $team) {
  delivery removedId edge { node { id distanceMeters } } } }"""


@dataclass(frozen=True, slots=True)
class Target:
    """Addresses of an environment, and who uses it: `sockets` are those of WebSockets, `url` that of all else."""

    url: str
    sockets: tuple[str, ...]
    email: str
    password: str = field(repr=False)


class StepFailed(Exception):
    """A step that failed; `code` is a GraphQL error's, an HTTP status, or the class of an error. Nothing is secret."""

    def __init__(self, step: str, code: str) -> None:
        super().__init__(f"{step}: {code}")
        self.step = step
        self.code = code

    @property
    def is_unknown(self) -> bool:
        """Whether the address and the password are nobody's."""
        return (self.step, self.code) == ("sign in", ErrorCode.UNAUTHENTICATED)


class _Unexpected(Exception):
    """An answer other than it should be, by its code."""


@dataclass(frozen=True, slots=True)
class Found:
    """How long it all took, and until the walk was heard on every socket, in milliseconds."""

    duration_ms: float
    heard_ms: float


async def probe(target: Target) -> Found:
    """Do it all. Raises StepFailed."""
    from aiohttp import ClientSession, ClientTimeout  # which functions must not load while they start

    began = perf_counter()
    async with ClientSession(timeout=ClientTimeout(PATIENCE), json_serialize=_text) as session:
        client = _Client(session, target)
        with _step("ready"):
            await client.ready()
        with _step("sign in"):
            await client.sign_in()
        with _step("team"):
            team = await client.own_team()
            for left in await client.walks(team):
                await client.delete(left)
        async with AsyncExitStack() as sockets:
            streams = [await sockets.enter_async_context(_listening(client, at, team)) for at in target.sockets]
            heard_ms = await _walk(client, team, streams)
    return Found((perf_counter() - began) * 1_000, heard_ms)


async def _walk(client: "_Client", team: str, streams: list["_Stream"]) -> float:
    """Log a walk, hear and read it, delete it, and hear of that; return the milliseconds until it was heard."""
    with _step("walk"):
        walk = await client.log_walk()
    logged = perf_counter()
    try:
        for stream in streams:
            with _step(f"hear {stream.path}"):
                await stream.until(lambda event: bool(event["edge"]) and event["edge"]["node"]["id"] == walk)
        heard_ms = (perf_counter() - logged) * 1_000
        with _step("read"):
            _must(walk in await client.walks(team), "NOT_THERE")
    finally:
        with _step("delete"):
            await client.delete(walk)
    for stream in streams:
        with _step(f"hear the end {stream.path}"):
            await stream.until(lambda event: event["removedId"] == walk)
    return heard_ms


@contextmanager
def _step(name: str) -> Iterator[None]:
    """Name the step in the error of a block."""
    from aiohttp import ClientError

    try:
        yield
    except _Unexpected as error:
        raise StepFailed(name, str(error)) from None
    except (ClientError, TimeoutError, OSError, ValueError, LookupError, TypeError) as error:
        raise StepFailed(name, type(error).__name__) from error


def _must(holds: bool, code: str) -> None:
    if not holds:
        raise _Unexpected(code)


def _text(value: object) -> str:
    return orjson.dumps(value).decode()


class _Client:
    """Operations over HTTP, as one user."""

    def __init__(self, session: "ClientSession", target: Target) -> None:
        self.session = session
        self._target = target
        self._headers: dict[str, str] = {}

    @property
    def credentials(self) -> Mapping[str, str]:
        """What a socket is opened with."""
        return {name.title(): value for name, value in self._headers.items()}

    async def ready(self) -> None:
        async with self.session.get(f"{self._target.url}/readyz") as answer:
            _must(answer.status == 200, str(answer.status))

    async def sign_in(self) -> None:
        given = {"email": self._target.email, "password": self._target.password}
        token = (await self._data(SIGN_IN, input=given))["signIn"]["session"]["accessToken"]
        self._headers = {"authorization": f"Bearer {token}"}

    async def own_team(self) -> str:
        """Return the id of the user's private team, which is founded if need be: ten may be in a day."""
        for membership in (await self._data(TEAMS))["viewer"]["memberships"]:
            if membership["team"]["name"].startswith(TEAM):
                return str(membership["team"]["id"])
        founded = await self._data(FOUND, input={"name": f"{TEAM} {randbelow(10**12)}", "isPublic": False})
        return str(founded["createTeam"]["team"]["id"])

    async def log_walk(self) -> str:
        begins = datetime.now(UTC).isoformat()
        given = {"type": "WALK", "distanceMeters": METERS, "durationSeconds": 290, "startedAt": begins}
        return str((await self._data(LOG, input=given | {"allowDuplicate": True}))["logActivity"]["activity"]["id"])

    async def walks(self, team: str) -> list[str]:
        nodes = (await self._data(WALKS, id=team))["team"]["activities"]["nodes"]
        return [str(node["id"]) for node in nodes]

    async def delete(self, walk: str) -> None:
        await self._data(DELETE, input={"activityId": walk})

    async def _data(self, query: str, **variables: Any) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        async with self.session.post(f"{self._target.url}/graphql", json=body, headers=self._headers) as answer:
            told = orjson.loads(await answer.read()) if answer.content_type.endswith("json") else {}
        for error in told.get("errors", ()):
            raise _Unexpected(str(error["extensions"]["code"]))
        _must(answer.status == 200, str(answer.status))
        data: dict[str, Any] = told["data"]
        return data


class _Stream:
    """Events of one subscription on a socket that speaks graphql-transport-ws."""

    def __init__(self, socket: "ClientWebSocketResponse", path: str) -> None:
        self._socket = socket
        self.path = path

    async def begin(self, credentials: Mapping[str, str], team: str) -> None:
        """Subscribe to the team's walks, from its place in the log."""
        await self._socket.send_json({"type": "connection_init", "payload": credentials}, dumps=_text)
        _must((await self._next())["type"] == "connection_ack", "NO_ACK")
        payload = {"query": NEWS, "variables": {"team": team}}
        await self._socket.send_json({"id": "1", "type": "subscribe", "payload": payload}, dumps=_text)
        await self.until(lambda event: event["delivery"] == "SNAPSHOT")

    async def until(self, is_reached: Any) -> None:
        """Read events until one is as wanted."""
        async with asyncio.timeout(PATIENCE):
            while not is_reached(await self._event()):
                pass

    async def _event(self) -> Any:
        message = await self._next()
        if message["type"] == "error":
            raise _Unexpected(str(message["payload"][0]["extensions"]["code"]))
        _must(message["type"] == "next" and "errors" not in message["payload"], str(message["type"]))
        (event,) = message["payload"]["data"].values()
        return event

    async def _next(self) -> Any:
        """Return the next message but pings, which are answered."""
        from aiohttp import WSMsgType

        while True:
            frame = await self._socket.receive(timeout=PATIENCE)
            _must(frame.type is WSMsgType.TEXT, f"CLOSED_{self._socket.close_code}")
            message = orjson.loads(frame.data)
            _must("type" in message, "GATEWAY_ERROR")  # API Gateway's own, about a function that failed
            if message["type"] != "ping":
                return message
            await self._socket.send_json({"type": "pong"}, dumps=_text)


@asynccontextmanager
async def _listening(client: _Client, address: str, team: str) -> AsyncIterator[_Stream]:
    """Yield a subscription on the WebSocket at an address."""
    path = "/" + address.partition("://")[2].partition("/")[2]
    with _step(f"connect {path}"):
        socket = await client.session.ws_connect(address, protocols=("graphql-transport-ws",), max_msg_size=0)
    async with socket:
        stream = _Stream(socket, path)
        with _step(f"subscribe {path}"):
            await stream.begin(client.credentials, team)
        yield stream
