"""A local server that answers as AWS would, from a list: its status and body for each request, None for silence."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from milequest.store.aws.aws_credentials import fixed
from milequest.store.aws.client import Aws
from milequest.store.aws.http import Http
from milequest.store.aws.signing import Credentials


@dataclass
class Stub:
    """The requests, the number of connections, and a client."""

    answers: Iterator[tuple[int, bytes] | None]
    aws: Aws
    url: str = ""
    asked: list[str] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0] or 0)
                body = await reader.readexactly(length)
                self.asked.append(head + body.decode())
                answer = next(self.answers)
                if answer is None:
                    break
                status, content = answer
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def stubbed(answers: Iterator[tuple[int, bytes] | None]) -> AsyncIterator[Stub]:
    """Run the stub while the block runs."""
    stub = Stub(answers, None)  # type: ignore[arg-type]  # its address is not known yet
    async with await asyncio.start_server(stub.serve, "127.0.0.1", 0) as server:
        stub.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        stub.aws = Aws(Http(), fixed(Credentials("key", "secret")), "us-east-1", stub.url)
        yield stub
        await stub.aws.close()
