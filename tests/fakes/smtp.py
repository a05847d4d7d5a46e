"""A mail server on the loopback, aiosmtpd's: with or without TLS, with or without a password, refusing on request."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult

USER, PASSWORD = "quest", "p@ss:word/1"  # which a URL has to quote


@dataclass
class Post:
    """Mails that arrived. `answers` are its answers to the next recipients instead of acceptance."""

    port: int = 0
    arrived: list[Any] = field(default_factory=list)
    answers: Iterator[str] = field(default_factory=lambda: iter(()))
    greeted: int = 0
    passwords: list[bytes] = field(default_factory=list)

    def url(self, scheme: str, user: str = "", host: str = "127.0.0.1") -> str:
        """Return its address, in the setting's format."""
        return f"{scheme}://{user}{host}:{self.port}"

    def messages(self) -> list[EmailMessage]:
        """Return all mails that arrived, the oldest first."""
        return [message_from_bytes(envelope.content, policy=default) for envelope in self.arrived]

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's names
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Count a client."""
        self.greeted += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Accept a recipient, or refuse it."""
        answer = next(self.answers, "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Accept a mail."""
        self.arrived.append(envelope)
        return "250 OK"

    def sign_in(self, server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        """Return whether the password is right."""
        self.passwords.append(given.password)
        return AuthResult(success=(given.login, given.password) == (USER.encode(), PASSWORD.encode()), handled=False)


@asynccontextmanager
async def mail_server(
    *, starttls: Path | None = None, tls: Path | None = None, asks: bool = False, utf8: bool = False
) -> AsyncIterator[Post]:
    """Run the server while the block runs, over TLS with a certificate."""
    post = Post()

    def connected() -> SMTP:
        return SMTP(
            post,
            hostname="loopback",
            tls_context=_context(starttls) if starttls else None,
            require_starttls=starttls is not None,
            authenticator=post.sign_in if asks else None,
            auth_required=asks,
            auth_require_tls=starttls is not None,
            enable_SMTPUTF8=utf8,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(connected, "127.0.0.1", 0, ssl=_context(tls) if tls else None)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()


@asynccontextmanager
async def silent_server() -> AsyncIterator[Post]:
    """Run a server that accepts connections and sends nothing."""
    post, ended = Post(), asyncio.Event()

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        post.greeted += 1
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        ended.set()
        server.close()


def _context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
