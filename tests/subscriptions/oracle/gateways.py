"""The two gateways as the oracle disturbs them: our own server, and API Gateway's functions on a local AWS."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from subscriptions.apigateway.sweeper import Timeouts, sweep
from subscriptions.sockets import GOING_AWAY, TOO_SLOW
from tests.service import Service, serving
from tests.subscriptions.gateway_of_aws import Gateway as FunctionsAndAws
from tests.wires import Wire

BUSY = 429
PATIENCE = 30.0
OF_OWN_SERVER = {
    "graphql-transport-ws": "/graphql",
    "subscriptions-transport-ws": "/graphql",
    "appsync": "/graphql/realtime",
    "event stream": "/graphql",
}
OF_API_GATEWAY = {"graphql-transport-ws": "/live", "subscriptions-transport-ws": "/live", "appsync": "/live"}


class Gateway(Protocol):
    """Access to the service for followers. `paths` are the protocols and their paths.

    Everybody follows so many `views`; a `flood` of so many events is too much for a client that does not read. All is
    quiet within `patience` seconds.
    """

    service: Service
    paths: Mapping[str, str]
    views: int
    flood: int
    patience: float

    @property
    def origin(self) -> str:
        """Its present address."""

    async def close_all(self, number: int) -> None:
        """Close all connections, as a server does that stops or finds its clients too slow."""

    async def hold(self, wire: Wire) -> None:
        """Hold back everything to the followers of a wire."""

    async def lose(self) -> None:
        """Lose the wake-ups that are on the way, and later ones until it is healed where that is possible."""

    async def restart(self) -> None:
        """Replace the process that holds the connections."""

    async def heal(self, wires: Collection[Wire]) -> None:
        """End all faults."""


class OwnServer:
    """Our own server: one process writes, another one holds the connections, and they share nothing but servers.

    Its buffers are small, so that a client that does not read is soon too slow.
    """

    def __init__(self, service: Service, stack: ExitStack) -> None:
        self.service = service
        self.paths: Mapping[str, str] = OF_OWN_SERVER
        self.views, self.flood, self.patience = 7, 300, PATIENCE
        self._stack = stack
        self._begin()

    def _begin(self) -> None:
        self._process = ExitStack()
        self._stack.push(self._process)
        self._node = self._process.enter_context(serving(replace(self.service.runtime.settings)))

    @property
    def origin(self) -> str:
        return self._node.origin

    async def close_all(self, number: int) -> None:
        self._node.loop.call_soon_threadsafe(self._close_all, number)

    def _close_all(self, number: int) -> None:
        for socket in list(self._node.gateway._sockets):
            socket.close(GOING_AWAY if number % 2 else TOO_SLOW)
        for stream in list(self._node.app.state.streams._streams):
            stream.cut()

    async def hold(self, wire: Wire) -> None:
        wire.hold()

    async def lose(self) -> None:
        """Break the transport of wake-ups: it is restored after a while, and until then the log's counter is polled."""
        await asyncio.to_thread(self._node.call, self._lose())

    async def _lose(self) -> None:
        await self._node.runtime.redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")

    async def restart(self) -> None:
        before = self._process
        await asyncio.to_thread(self._node.call, self._node.gateway.drain())
        await asyncio.to_thread(self._node.call, self._node.app.state.streams.drain())
        await asyncio.to_thread(self._begin)
        await asyncio.to_thread(before.close)

    async def heal(self, wires: Collection[Wire]) -> None:
        for wire in wires:
            wire.lead_to(self.origin)
            wire.release()


class ApiGateway:
    """API Gateway's: each message is a function's call, so no process can restart; nor are there event streams."""

    def __init__(self, service: Service, gate: FunctionsAndAws) -> None:
        self.service = service
        self.paths: Mapping[str, str] = OF_API_GATEWAY
        self.views, self.flood, self.patience = 3, 10, PATIENCE
        self.origin = gate.api.url.replace("ws:", "http:").removesuffix("/live")
        self._gate = gate
        self._kicks = service.runtime.bus.commit_queue
        self._held: set[str] = set()
        gate.rounds = False  # but for those that find losses
        gate.api.trouble = lambda connection, text: BUSY if connection in self._held else None

    async def close_all(self, number: int) -> None:
        for connection in self._gate.api.connections:
            await self._gate.run(self._gate.deps.sockets.close(connection))

    async def hold(self, wire: Wire) -> None:
        self._held |= self._gate.api.connections_from(wire.ports)

    async def lose(self) -> None:
        self.service.runtime.bus.commit_queue = None

    async def restart(self) -> None:
        """Do nothing: there is no process."""

    async def heal(self, wires: Collection[Wire]) -> None:
        self._held.clear()
        self.service.runtime.bus.commit_queue = self._kicks
        await asyncio.to_thread(self.service.call, self._sent())
        await self._gate.run(sweep(self._gate.deps, datetime.now(UTC), Timeouts()))

    async def _sent(self) -> None:
        """Wait until each notification has been sent or given up, as one is that takes long under load."""
        if sending := self.service.runtime.bus._sending:
            await asyncio.wait(sending)

    def close(self) -> None:
        """Restore the settings of other tests."""
        self._gate.rounds, self._gate.api.trouble = True, lambda connection, text: None
