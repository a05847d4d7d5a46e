"""Checks before anything is served, also of a database that admits a role by token."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app import preflight
from app.environment import SetupError
from milequest.settings import Settings

HOST = "db.cluster-x.us-east-1.rds.amazonaws.com"
ASKS_FOR_A_PASSWORD = b"R" + (8).to_bytes(4) + (3).to_bytes(4)  # in clear text, as AWS requests for tokens
NO = b"SFATAL\0C28000\0Mno\0\0"


@asynccontextmanager
async def asking(seen: list[str]) -> AsyncIterator[int]:
    """Run a server that speaks PostgreSQL until it has a password, and then refuses; yield its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await reader.readexactly(8)
        if hello == (8).to_bytes(4) + (80877103).to_bytes(4):  # the request for TLS
            writer.write(b"N")
            hello = await reader.readexactly(8)
        await reader.readexactly(int.from_bytes(hello[:4]) - 8)
        writer.write(ASKS_FOR_A_PASSWORD)
        head = await reader.readexactly(5)
        seen.append((await reader.readexactly(int.from_bytes(head[1:]) - 4)).rstrip(b"\0").decode())
        writer.write(b"E" + (len(NO) + 4).to_bytes(4) + NO)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_a_database_of_aws_is_asked_with_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo

    def here(host: Any, *rest: Any, **more: Any) -> Any:
        return resolve("127.0.0.1" if host == HOST else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    settings = Settings(aws_access_key_id="ASIA1", aws_secret_access_key="secret", aws_session_token="token")
    seen: list[str] = []
    async with asking(seen) as port:
        url = f"postgresql://milequest@{HOST}:{port}/milequest"
        with pytest.raises(SetupError, match="MILEQUEST_DATABASE_URL"):
            await asyncio.to_thread(preflight.revision, settings, url, "MILEQUEST_DATABASE_URL")
    (password,) = seen
    assert password.startswith(f"{HOST}:{port}/?Action=connect&DBUser=milequest&X-Amz-Algorithm=AWS4-HMAC-SHA256&")
    assert "&X-Amz-Security-Token=token&" in password


def test_a_cache_that_is_not_there_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    for url in ("redis://127.0.0.1:1", "redis+cluster://127.0.0.1:1"):
        preflight.warn_without_redis(Settings(redis_url=url))
        assert "no Valkey or Redis at MILEQUEST_REDIS_URL" in capsys.readouterr().err
