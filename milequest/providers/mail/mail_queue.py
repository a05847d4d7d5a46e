"""A mail queue: mail is accepted at once and sent in the background, so no answer waits for a mail server."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from milequest.providers.mail.mail_message import MailTransport, UndeliveredError, mail_message
from milequest.rules.mail import Mail

log = logging.getLogger("milequest.mail")

MOST_WAITING: Final = 1_000
SENDERS: Final = 8  # messages sent concurrently, so that a slow server does not delay all others
SECONDS: Final = 30.0  # time-out of one delivery
PAUSES: Final = (1.0, 10.0)  # seconds before the second and the third attempt
DRAIN_SECONDS: Final = 10.0  # seconds for queued mail when the process stops


class MailQueue:
    """A Mailer with a queue. Mail that can't be delivered is logged by its kind of error, never with an address."""

    def __init__(self, transport: MailTransport, sender: str, pauses: Sequence[float], seconds: float) -> None:
        self._transport = transport
        self._sender = sender
        self._pauses = pauses
        self._seconds = seconds
        self._waiting: asyncio.Queue[Mail] = asyncio.Queue(MOST_WAITING)
        self._unsent = 0

    async def send(self, mail: Mail) -> None:
        """Accept `mail`. Raises OSError while too much is waiting."""
        try:
            self._waiting.put_nowait(mail)
        except asyncio.QueueFull:
            raise OSError("too much mail is waiting") from None
        self._unsent += 1

    async def work(self) -> None:
        """Deliver one mail after the other, until cancelled."""
        while True:
            mail = await self._waiting.get()
            await self._deliver(mail)
            self._unsent -= 1
            self._waiting.task_done()

    async def drain(self, seconds: float) -> None:
        """Wait until all mail is delivered, at most that many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._waiting.join()
        except TimeoutError:
            log.error("the process stops with %d mails unsent", self._unsent)

    async def _deliver(self, mail: Mail) -> None:
        """Try until the mail is delivered or finally refused.

        Any error drops this mail only and never ends the worker.
        """
        try:
            written = mail_message(
                mail, self._sender, datetime.now(UTC)
            )  # once: copies are recognised by their Message-ID
            for pause in self._pauses:
                try:
                    async with asyncio.timeout(self._seconds):
                        return await self._transport.deliver(written)
                except (UndeliveredError, OSError, TimeoutError) as error:
                    if isinstance(error, UndeliveredError) and not error.is_passing:
                        raise
                await asyncio.sleep(pause)
            async with asyncio.timeout(self._seconds):
                await self._transport.deliver(written)
        except UndeliveredError as error:
            log.error("a mail could not be sent: %s", error)
        except Exception as error:
            log.error("a mail could not be sent: %s", type(error).__name__)


class UnqueuedMailer:
    """A Mailer that delivers a mail before it accepts it, by one attempt."""

    def __init__(self, transport: MailTransport, sender: str, seconds: float = SECONDS) -> None:
        self._transport = transport
        self._sender = sender
        self._seconds = seconds

    async def send(self, mail: Mail) -> None:
        """Deliver `mail`. Raises OSError when it is refused, takes too long or cannot be written."""
        try:
            async with asyncio.timeout(self._seconds):
                await self._transport.deliver(mail_message(mail, self._sender, datetime.now(UTC)))
        except (UndeliveredError, ValueError) as error:
            raise OSError(type(error).__name__) from None


@asynccontextmanager
async def mail_queue(
    transport: MailTransport,
    sender: str,
    *,
    pauses: Sequence[float] = PAUSES,
    seconds: float = SECONDS,
    drain_seconds: float = DRAIN_SECONDS,
) -> AsyncIterator[MailQueue]:
    """Run a Mailer that delivers by `transport` while the block runs, and for `drain_seconds` after it."""
    made = MailQueue(transport, sender, pauses, seconds)
    working = [asyncio.create_task(made.work()) for _ in range(SENDERS)]
    try:
        yield made
        await made.drain(drain_seconds)
    finally:
        for task in working:
            task.cancel()
        await asyncio.wait(working)
