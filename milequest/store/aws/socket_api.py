"""API Gateway's `@connections`: messages to WebSockets that AWS holds."""

from enum import StrEnum
from urllib.parse import quote, urlsplit

from milequest.store.away import Away
from milequest.store.aws.client import Aws
from milequest.store.aws.http import Endpoint

TAKEN = 200
GONE = 410
BUSY = 429


class Outcome(StrEnum):
    """Outcome of a message."""

    SENT = "SENT"
    GONE = "GONE"  # the connection has ended
    BUSY = "BUSY"  # too many at once, try again later
    FAILED = "FAILED"  # unknown whether it was sent


class Sockets:
    """The connections of the API whose stage is at `url`."""

    def __init__(self, aws: Aws, url: str) -> None:
        self._aws = aws
        self._signer = aws.signer("execute-api")
        self._origin = Endpoint.of(url)
        self._path = urlsplit(url).path.rstrip("/")

    async def post(self, connection: str, text: str) -> Outcome:
        """Send a message, once."""
        return await self._send("POST", connection, text.encode())

    async def close(self, connection: str) -> Outcome:
        """Close a connection. The client gets neither a code nor a reason of ours."""
        return await self._send("DELETE", connection, b"")

    async def _send(self, method: str, connection: str, body: bytes) -> Outcome:
        path = f"{self._path}/@connections/{quote(connection, safe='')}"
        try:
            response = await self._aws.send(self._signer, self._origin, method, path, body)
        except Away:
            return Outcome.FAILED
        if response.status in (TAKEN, 204):
            return Outcome.SENT
        return {GONE: Outcome.GONE, BUSY: Outcome.BUSY}.get(response.status, Outcome.FAILED)
