"""Two nodes behind a balancer that can cut connections on request: clients' view of failures."""

import asyncio
import contextlib
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from milequest.settings import PROJECT

CHUNK = 65_536


class Front(Protocol):
    """Address for new clients."""

    @property
    def url(self) -> str:
        """GraphQL over HTTP."""

    @property
    def socket_url(self) -> str:
        """GraphQL over WebSocket."""


@dataclass
class Node:
    """A process that serves."""

    process: subprocess.Popen[str]
    port: int

    def end(self, how: signal.Signals) -> None:
        """End it by a signal, and wait."""
        self.process.send_signal(how)
        self.process.wait(timeout=20)


def start_node(database_url: str, redis_url: str) -> Node:
    """Start a node; return when it serves."""
    command = [sys.executable, "-m", "tests.faults.node", database_url, redis_url]
    process = subprocess.Popen(command, cwd=PROJECT, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    return Node(process, int(process.stdout.readline()))


@dataclass
class Balancer:
    """Passes each new connection to the next node that takes it."""

    nodes: list[Node]
    port: int = 0
    cuts: int = 0
    _open: set[asyncio.Transport] = field(default_factory=set)
    _turn: int = 0

    @property
    def url(self) -> str:
        """GraphQL over HTTP."""
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def socket_url(self) -> str:
        """GraphQL over WebSocket."""
        return f"ws://127.0.0.1:{self.port}/graphql"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes both ways until either side ends."""
        there = await self._dial()
        if there is None:
            writer.transport.abort()
            return
        transports = {writer.transport, there[1].transport}
        self._open.add(writer.transport)  # type: ignore[arg-type]  # a socket's transport takes bytes both ways
        try:
            await asyncio.wait(
                [asyncio.create_task(_carry(reader, there[1])), asyncio.create_task(_carry(there[0], writer))],
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            self._open.discard(writer.transport)
            for transport in transports:
                transport.abort()

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self.nodes:
            self._turn += 1
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", self.nodes[self._turn % len(self.nodes)].port)
        return None

    def cut(self) -> None:
        """Cut one connection in the middle of its work."""
        if self._open:
            random.choice(list(self._open)).abort()
            self.cuts += 1


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()


@contextlib.asynccontextmanager
async def balancing(nodes: list[Node]) -> AsyncIterator[Balancer]:
    """Run a balancer before `nodes`, which may be exchanged while it runs."""
    balancer = Balancer(nodes)
    server = await asyncio.start_server(balancer.serve, "127.0.0.1", 0)
    balancer.port = server.sockets[0].getsockname()[1]
    try:
        yield balancer
    finally:
        server.close()
