"""A wire to the service that can be cut, as the networks of telephones are."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from tests.service import Service


class Wire:
    """Carries bytes to the service and back."""

    def __init__(self, service: Service) -> None:
        self._host, self._port = service.origin.removeprefix("http://").split(":")
        self._ends: set[asyncio.StreamWriter] = set()
        self.url = ""
        self.calls = 0
        self._told_where = asyncio.Event()
        self._broken = False

    def cut(self) -> None:
        """End every connection at once, without a word to either side."""
        for end in self._ends:
            end.transport.abort()

    @contextmanager
    def broken(self) -> Iterator[None]:
        """Nobody gets through while the block runs."""
        self.cut()
        self._broken = True
        try:
            yield
        finally:
            self._broken = False

    async def until_told_where(self, following: asyncio.Task[Any]) -> None:
        """Wait until a client has been told where it stands. `following` is its work, which does not end before.

        It is looked for in the bytes, so nothing may be compressed.
        """
        waiting = asyncio.create_task(self._told_where.wait())
        await asyncio.wait([waiting, following], timeout=60, return_when=asyncio.FIRST_COMPLETED)
        assert self._told_where.is_set(), following
        assert not following.done(), following.exception()

    async def carry(self, near: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        """One connection from its beginning to its end."""
        self.calls += 1
        if self._broken:
            near_out.close()
            return
        far, far_out = await asyncio.open_connection(self._host, int(self._port))
        ends = {near_out, far_out}
        self._ends |= ends
        try:
            await asyncio.gather(_flow(near, far_out), _flow(far, near_out, self._look))
        finally:
            self._ends -= ends

    def _look(self, data: bytes) -> None:
        if b"SNAPSHOT" in data:
            self._told_where.set()


async def _flow(
    source: asyncio.StreamReader, out: asyncio.StreamWriter, look: Callable[[bytes], None] = lambda data: None
) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65_536):
            out.write(data)
            look(data)
    out.close()


@asynccontextmanager
async def wired(service: Service) -> AsyncIterator[Wire]:
    """A wire, until the block ends."""
    wire = Wire(service)
    server = await asyncio.start_server(wire.carry, "127.0.0.1")
    wire.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"
    try:
        yield wire
    finally:
        server.close()
        wire.cut()
