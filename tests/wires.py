"""A wire to the service that can be cut, as the networks of telephones are."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from tests.service import Service

LIMIT = 8 * 1024  # bytes it buffers while it holds; the kernel buffers some more


class Wire:
    """Forwards bytes to `origin`, and back."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._ends: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self.url = ""
        self.calls = 0
        self._told_where = asyncio.Event()
        self._broken = False
        self._flows = asyncio.Event()
        self._flows.set()

    @property
    def ports(self) -> set[int]:
        """The ports of its connections, as the servers see them."""
        return {int(end.get_extra_info("sockname")[1]) for end in self._ends}

    def lead_to(self, origin: str) -> None:
        """Forward new connections elsewhere from now on."""
        self._origin = origin

    def hold(self) -> None:
        """Read nothing from the server until `release`."""
        self._flows.clear()

    def release(self) -> None:
        """Read again."""
        self._flows.set()

    def cut(self) -> None:
        """End every connection at once, without notice to either side."""
        for end in self._ends:
            end.transport.abort()

    @contextmanager
    def broken(self) -> Iterator[None]:
        """Refuse all connections while the block runs."""
        self.cut()
        self._broken = True
        try:
            yield
        finally:
            self._broken = False

    async def until_told_where(self, following: asyncio.Task[Any]) -> None:
        """Wait until a client has received its position. `following` is its task, which does not end before.

        It is looked for in the bytes, so nothing may be compressed.
        """
        waiting = asyncio.create_task(self._told_where.wait())
        await asyncio.wait([waiting, following], timeout=60, return_when=asyncio.FIRST_COMPLETED)
        assert self._told_where.is_set(), following
        assert not following.done(), following.exception()

    def take(self, near: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        """Forward for one more client."""
        task = asyncio.create_task(self._carry(near, near_out))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def end(self) -> None:
        """Stop forwarding."""
        self.release()
        self.cut()
        if self._carrying:
            await asyncio.wait(self._carrying)

    async def _carry(self, near: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        """Forward for one client from its beginning to its end."""
        self.calls += 1
        if self._broken:
            near_out.close()
            return
        host, port = self._origin.removeprefix("http://").split(":")
        try:
            far, far_out = await asyncio.open_connection(host, int(port), limit=LIMIT)
        except OSError:
            near_out.close()
            return
        ends = {near_out, far_out}
        self._ends |= ends
        try:
            await asyncio.gather(self._flow(near, far_out), self._flow_back(far, near_out))
        finally:
            self._ends -= ends

    async def _flow(self, source: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65_536):
                out.write(data)
        out.close()

    async def _flow_back(self, source: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await self._flows.wait()
            while data := await source.read(65_536):
                out.write(data)
                self._look(data)
                await self._flows.wait()
        out.close()

    def _look(self, data: bytes) -> None:
        if b"SNAPSHOT" in data:
            self._told_where.set()


@asynccontextmanager
async def wired(service: Service) -> AsyncIterator[Wire]:
    """Yield a wire to the service, until the block ends."""
    async with wire_to(service.origin) as wire:
        wire.url += "/graphql"
        yield wire


@asynccontextmanager
async def wire_to(origin: str) -> AsyncIterator[Wire]:
    """Yield a wire, until the block ends."""
    wire = Wire(origin)
    server = await asyncio.start_server(wire.take, "127.0.0.1")
    wire.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wire
    finally:
        server.close()
        await wire.end()
