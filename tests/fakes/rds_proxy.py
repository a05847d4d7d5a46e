"""A listener as strict as Amazon RDS Proxy before the Unix socket of a PostgreSQL.

It takes TLS alone, few startup parameters, and a token of IAM in place of a password, and cancels no statement. The
refusal of parameters is quoted in mithrandyr/SimplySql#66 and go-spatial/tegola#966; what pins a session, and that
nothing is cancelled, is in Aurora's user guide, "Avoiding pinning an RDS Proxy" and "RDS Proxy concepts".
"""

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

CHUNK = 65_536
SSL_REQUEST, CANCEL_REQUEST = 80_877_103, 80_877_102
PARAMETERS = {"user", "database", "client_encoding", "application_name", "DateStyle", "TimeZone", "extra_float_digits"}
LONGEST = 16_384  # bytes of a statement that does not pin
SHORTEST_TOKEN = 1_000  # bytes; a password of so many is longer than some clients' buffers
CLEARTEXT = b"R" + (8).to_bytes(4) + (3).to_bytes(4)
PINS = re.compile(
    rb"\s*((?:RE)?SET\s+(?!LOCAL\b|TRANSACTION\b)|(PREPARE|EXECUTE|LISTEN|DISCARD|DEALLOCATE|DECLARE|LOAD)\b"
    rb"|CREATE\s+(OR\s+REPLACE\s+)?TEMP)"
    rb"|.*\b(pg_(try_)?advisory_lock(_shared)?|nextval|setval)\s*\(",
    re.IGNORECASE | re.DOTALL,
)
QUERY, PARSE = b"Q", b"P"


@dataclass
class RdsProxy:
    """The proxy; what it refused, and the statements for which it kept a connection to one client."""

    path: str
    context: ssl.SSLContext
    port: int = 0
    refused: list[str] = field(default_factory=list)
    pins: list[bytes] = field(default_factory=list)
    connections: int = 0
    cancels: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Admit a client, and pass on what both say."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await self._admitted(reader, writer)
            if head is not None:
                await self._pass_on(head, reader, writer)
        writer.close()

    async def _admitted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        """Return the startup message of a client that may connect; tell any other why not."""
        head = await _message(reader)
        if int.from_bytes(head[4:8]) != SSL_REQUEST:
            await self._refuse(writer, "This RDS Proxy requires TLS connections.")
            return None
        writer.write(b"S")
        await writer.start_tls(self.context)
        head = await _message(reader)
        if int.from_bytes(head[4:8]) == CANCEL_REQUEST:
            self.cancels += 1
            return None
        words = [word.decode() for word in head[8:].split(b"\0")]
        given = dict(zip(words[0:-2:2], words[1:-2:2], strict=False))
        unknown = [name for name in given if name not in PARAMETERS]
        if unknown:
            await self._refuse(
                writer, f"Feature not supported: RDS Proxy currently doesn't support the option {unknown[0]}."
            )
            return None
        if not await self._is_signed_in(given["user"], reader, writer):
            await self._refuse(writer, "The IAM authentication failed for the role.")
            return None
        return head

    async def _is_signed_in(self, user: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Ask for a password, and return whether it is a token to connect as the user."""
        writer.write(CLEARTEXT)
        kind, length = await reader.readexactly(1), await reader.readexactly(4)
        token = (await reader.readexactly(int.from_bytes(length) - 4)).rstrip(b"\0").decode()
        query = parse_qs(urlsplit(f"https://{token}").query)
        signed = query.get("Action") == ["connect"] and query.get("DBUser") == [user] and "X-Amz-Signature" in query
        return kind == b"p" and signed and len(token) > SHORTEST_TOKEN

    async def _refuse(self, writer: asyncio.StreamWriter, message: str) -> None:
        self.refused.append(message)
        fields = b"".join(
            kind + value.encode() + b"\0" for kind, value in ((b"S", "FATAL"), (b"C", "0A000"), (b"M", message))
        )
        writer.write(b"E" + (len(fields) + 5).to_bytes(4) + fields + b"\0")
        await writer.drain()

    async def _pass_on(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        from_server, to_server = await asyncio.open_unix_connection(self.path)
        to_server.write(head)
        answers = asyncio.create_task(_copy(from_server, writer))
        try:
            while True:
                kind, length = await reader.readexactly(1), await reader.readexactly(4)
                body = await reader.readexactly(int.from_bytes(length) - 4)
                statement = body if kind == QUERY else body.partition(b"\0")[2] if kind == PARSE else b""
                if len(statement) > LONGEST or PINS.match(statement):
                    self.pins.append(statement)
                to_server.write(kind + length + body)
        finally:
            answers.cancel()
            to_server.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Return a message without a type, as the first ones are."""
    length = await reader.readexactly(4)
    return length + await reader.readexactly(int.from_bytes(length) - 4)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def rds_proxy(path: str, context: ssl.SSLContext) -> AsyncIterator[RdsProxy]:
    """Run a proxy on a free port of the loopback before the socket at `path`."""
    proxy = RdsProxy(path, context)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
