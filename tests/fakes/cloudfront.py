"""CloudFront before one origin or several: what it does to a request's head, its headers and its addresses.

As documented: custom headers of an origin and those its function sets replace a viewer's own of the same name, `Host`
is the origin's, and the origin sees an address of CloudFront's. Bytes of bodies and sockets pass as they are.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from anyio.from_thread import start_blocking_portal

DEFAULT = "*"
REALTIME = "/graphql/realtime"


@dataclass(frozen=True)
class Origin:
    """An origin: its address, the path that a viewer's is appended to, and the custom headers it is sent."""

    host: str
    port: int
    prefix: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class CloudFront:
    """A distribution. `behaviors` are origins by a viewer's whole path, or DEFAULT for all others."""

    def __init__(self, behaviors: Mapping[str, Origin]) -> None:
        self._behaviors = behaviors

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward the one request of a connection, and its answer."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            viewer = writer.get_extra_info("peername")[0]
            origin, sent = self._forwarded(head, viewer)
            there, back = await asyncio.open_connection(origin.host, origin.port)
            back.write(sent.encode("latin-1"))
            await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _forwarded(self, head: str, viewer: str) -> tuple[Origin, str]:
        """Return the origin of a request, and the head that it is sent."""
        first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        method, target, version = first.split(" ")
        path, mark, query = target.partition("?")
        origin = self._behaviors.get(path, self._behaviors[DEFAULT])
        given = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        is_upgrade = any(name == "upgrade" for name, _ in given)
        own = {**dict(origin.headers), "x-viewer-address": viewer, "host": f"{origin.host}:{origin.port}"}
        own |= {"x-forwarded-for": viewer, "via": "1.1 fake.cloudfront.net (CloudFront)"}
        if not is_upgrade:
            own["connection"] = "close"
        kept = [(name, value) for name, value in given if name not in own]
        path = "" if path == REALTIME else path  # as infra/edge/viewer.js
        lines = [f"{name}: {value}" for name, value in (*kept, *own.items())]
        return origin, "\r\n".join((f"{method} {origin.prefix}{path}{mark}{query} {version}", *lines, "", ""))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


@contextmanager
def distributed(behaviors: Mapping[str, Origin]) -> Iterator[str]:
    """Run a distribution in a thread of its own; yield its URL."""
    with start_blocking_portal() as portal:
        server = portal.call(asyncio.start_server, CloudFront(behaviors).serve, "127.0.0.1", 0)
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        portal.call(server.close)
