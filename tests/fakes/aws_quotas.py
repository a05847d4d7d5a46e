"""A layer before an AWS that refuses what the real one refuses by its quotas, and passes on the rest.

Cognito's requests a second, of all pools of an account in a region, by category: the developer guide's "Quotas in
Amazon Cognito"; over them TooManyRequestsException, with 400. SES's sandbox, which each new account is in: verified
addresses alone, 200 mails a day, one a second: the developer guide's "Request production access" and "Amazon SES email
sending errors", by the codes of API version 2.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import orjson

from milequest.store.aws.aws_credentials import fixed
from milequest.store.aws.client import Aws
from milequest.store.aws.http import Http
from milequest.store.aws.signing import Credentials

CATEGORIES: Final[Mapping[str, tuple[int, frozenset[str]]]] = {  # requests a second of operations that we call
    "UserAuthentication": (120, frozenset({"AdminInitiateAuth"})),
    "UserCreation": (50, frozenset({"SignUp", "ConfirmSignUp"})),
    "UserAccountRecovery": (30, frozenset({"ForgotPassword"})),
}
DAY: Final = 86_400
MAILS_A_DAY: Final = 200
MAILS: Final = "mails of a day"
Refusal = tuple[int, str, str]
"""A status, an error's code and its message."""


@dataclass
class Quotas:
    """What was passed on by quota, and what was refused, by code. `clock` gives seconds."""

    upstream: str
    verified: frozenset[str] = frozenset()
    clock: Callable[[], float] = time.monotonic
    refused: list[str] = field(default_factory=list)
    passed: dict[str, deque[float]] = field(default_factory=dict)
    refusing: Iterator[Refusal] = field(default_factory=lambda: iter(()))
    """Refusals of the next requests, whatever they ask for."""

    def use_up(self, category: str) -> None:
        """Have others of the account use what is left of a category now."""
        self.passed[category] = deque([self.clock()] * CATEGORIES[category][0])

    def use_up_day(self) -> None:
        """Have others of the account send all mails of the day now."""
        self.passed[MAILS] = deque([self.clock()] * MAILS_A_DAY)

    def refusal(self, head: str, body: bytes) -> Refusal | None:
        """Return why a request is refused, or None."""
        if refusal := next(self.refusing, None):
            return refusal
        operation = head.partition("ProviderService.")[2].partition("\r\n")[0]
        if operation:
            return self._by_rate(operation)
        if head.startswith("POST /v2/email/outbound-emails "):
            return self._in_the_sandbox(orjson.loads(body)["Destination"]["ToAddresses"])
        return None

    def _by_rate(self, operation: str) -> Refusal | None:
        for category, (rate, operations) in CATEGORIES.items():
            if operation in operations:
                used = self._used(category, 1)
                if len(used) >= rate:
                    return 400, "TooManyRequestsException", "Rate exceeded"
                used.append(self.clock())
        return None

    def _in_the_sandbox(self, addresses: list[str]) -> Refusal | None:
        strange = [address for address in addresses if address not in self.verified]
        if strange:
            message = f"Email address is not verified. The following identities failed the check: {', '.join(strange)}"
            return 400, "MessageRejected", message
        if len(self._used(MAILS, DAY)) >= MAILS_A_DAY:
            return 429, "TooManyRequestsException", "Daily message quota exceeded."
        if self._used("mails of a second", 1):
            return 429, "TooManyRequestsException", "Maximum sending rate exceeded."
        for quota in (MAILS, "mails of a second"):
            self.passed[quota].append(self.clock())
        return None

    def _used(self, quota: str, seconds: int) -> deque[float]:
        """Return when a quota was used in the last seconds."""
        used, since = self.passed.setdefault(quota, deque()), self.clock() - seconds
        while used and used[0] <= since:
            used.popleft()
        return used

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, or have them answered."""
        there = urlsplit(self.upstream)
        from_there, to_there = await asyncio.open_connection(there.hostname, there.port)
        try:
            while True:
                head, body = await _message(reader)
                refusal = self.refusal(head, body)
                if refusal is None:
                    to_there.write(head.encode() + body)
                    answer, content = await _message(from_there)
                    writer.write(answer.encode() + content)
                else:
                    writer.write(self._written(*refusal))
        except asyncio.IncompleteReadError:
            pass
        finally:
            to_there.close()
            writer.close()

    def _written(self, status: int, code: str, message: str) -> bytes:
        """Return an answer as both of AWS's protocols have it: the code in the body, and in a header."""
        self.refused.append(code)
        content = orjson.dumps({"__type": code, "message": message})
        head = f"HTTP/1.1 {status} X\r\nx-amzn-ErrorType: {code}\r\nContent-Length: {len(content)}\r\n\r\n"
        return head.encode() + content


async def _message(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Return the head and the body of a message."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0] or 0)
    return head, await reader.readexactly(length)


@asynccontextmanager
async def limited(quotas: Quotas) -> AsyncIterator[Aws]:
    """Yield the client of an AWS behind the quotas, while the block runs."""
    async with await asyncio.start_server(quotas.serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        aws = Aws(Http(), fixed(Credentials("key", "secret")), "us-east-1", url)
        yield aws
        await aws.close()
