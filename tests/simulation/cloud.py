"""AWS in a simulation, as the product's own client calls it: a table, queues, and API Gateway's sockets."""

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote

from milequest.store.aws.aws_credentials import fixed
from milequest.store.aws.client import Aws
from milequest.store.aws.http import Endpoint, Response
from milequest.store.aws.signing import Credentials
from tests.simulation.dynamodb import RefusedError, SimulatedTable
from tests.simulation.lambdas import FailedError, Function, Functions, SimulatedQueue, Weather, reach
from tests.simulation.world import World

SOCKETS_URL = "http://sockets/live"


@dataclass(eq=False)
class ClientSocket:
    """A client's end of a WebSocket: messages received, and None once it is closed."""

    id: str
    user: Any
    received: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)
    takes_nothing: bool = False
    last: int = -1  # sequence that was sent
    resets: int = 0  # that were sent in a calm


class SimulatedSockets:
    """API Gateway's WebSockets: each message is a call of a function, concurrent with others of the same socket."""

    def __init__(self, world: World, functions: Functions, connect: Function, disconnect: Function, message: Function):
        self._world = world
        self._functions = functions
        self._connect, self._disconnect, self._message = connect, disconnect, message
        self._numbers = itertools.count()
        self._calls: set[asyncio.Task[None]] = set()
        self.open: dict[str, ClientSocket] = {}
        self.told: Callable[[ClientSocket, str], None] = lambda socket, text: None

    async def dial(self, user: Any) -> ClientSocket:
        """Connect. Raises OSError where the handshake is refused."""
        socket = ClientSocket(f"socket{next(self._numbers)}=", user)
        context = {"identity": {"sourceIp": "192.0.2.1"}, "connectionId": socket.id}
        headers = {"Sec-WebSocket-Protocol": "graphql-transport-ws"}
        try:
            answer = await self._functions.call(self._connect, {"requestContext": context, "headers": headers})
        except FailedError as error:
            raise ConnectionRefusedError("502") from error
        if answer["statusCode"] != 200:
            raise ConnectionRefusedError(answer["statusCode"])
        self.open[socket.id] = socket
        return socket

    def send(self, socket: ClientSocket, **message: Any) -> None:
        """Send a client's message."""
        milliseconds = 1_767_225_600_000 + round(self._world.now * 1000)
        context = {"connectionId": socket.id, "requestTimeEpoch": milliseconds}
        self._background(self._receive(socket, {"requestContext": context, "body": json.dumps(message)}))

    async def _receive(self, socket: ClientSocket, event: Mapping[str, Any]) -> None:
        try:
            await self._functions.call(self._message, event)
        except FailedError:
            socket.received.put_nowait('{"message": "Internal server error"}')

    def post(self, id: str, text: str) -> int:
        """Send a message to a client; return the status."""
        socket = self.open.get(id)
        if socket is None:
            return 410
        if socket.takes_nothing:
            return self._world.rng.choice((429, 429, 500))
        self.told(socket, text)
        socket.received.put_nowait(text)
        return 200

    def close(self, id: str) -> int:
        """Close a connection, from either side; return the status. Its function may never be notified."""
        socket = self.open.pop(id, None)
        if socket is None:
            return 410
        socket.received.put_nowait(None)
        if self._world.rng.random() < 0.8:
            self._background(self._say_goodbye(id))
        return 204

    async def _say_goodbye(self, id: str) -> None:
        await asyncio.sleep(self._world.delay())
        with suppress(FailedError):
            await self._functions.call(self._disconnect, {"requestContext": {"connectionId": id}})

    def _background(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)


class Cloud:
    """Server of the product's HTTP client: a table, queues by their address, sockets."""

    def __init__(self, world: World, weather: Weather) -> None:
        self.table = SimulatedTable(world.rng)
        self.queues: dict[str, SimulatedQueue] = {}
        self.sockets: SimulatedSockets
        self._world = world
        self._weather = weather

    async def request(
        self, origin: Endpoint, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        """Answer a request, as `Http` does."""
        await reach(self._world, self._weather)
        response = self._answer(method, path, headers.get("x-amz-target", ""), body)
        await reach(self._world, self._weather)
        return response

    def _answer(self, method: str, path: str, target: str, body: bytes) -> Response:
        service, _, operation = target.partition(".")
        if not service:
            id = unquote(path.rpartition("/")[2])
            return Response(self.sockets.close(id) if method == "DELETE" else self.sockets.post(id, body.decode()), b"")
        given = json.loads(body)
        if service == "AmazonSQS":
            for entry in given["Entries"]:
                self.queues[given["QueueUrl"]].send(entry)
            return Response(200, b"{}")
        try:
            return Response(200, json.dumps(self.table.answer(operation, given)).encode())
        except RefusedError as refused:
            return Response(400, json.dumps(refused.body).encode())


class _Unsigned:
    """Signs nothing: no signature is checked here."""

    service = "nowhere"

    def sign(self, *given: Any) -> Any:
        return given[3]


class SimulatedAws(Aws):
    """The product's client of AWS, with a cloud at its end."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cast(Any, cloud), fixed(Credentials("", "")), "nowhere", "http://aws")

    def signer(self, service: str) -> Any:
        """Return a signer without effect."""
        return _Unsigned()
