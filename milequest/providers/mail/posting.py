"""Mail is taken over at once and delivered beside: no answer waits for a mail server, or tells that there was mail."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from milequest.providers.mail.letter import Carrier, UndeliveredError, letter
from milequest.rules.mail import Mail

log = logging.getLogger(__name__)

MOST_WAITING: Final = 1_000
CARRIERS: Final = 8  # letters under way at once, so that one slow server's doesn't keep all others
SECONDS: Final = 30.0  # a letter may be under way
PAUSES: Final = (1.0, 10.0)  # seconds before the second and the third attempt
DRAIN_SECONDS: Final = 10.0  # what is waiting may take when the process stops


class Posting:
    """A Mailer with a queue. What can't be delivered is logged by its kind of error, never with an address."""

    def __init__(self, carrier: Carrier, sender: str, pauses: Sequence[float], seconds: float) -> None:
        self._carrier = carrier
        self._sender = sender
        self._pauses = pauses
        self._seconds = seconds
        self._waiting: asyncio.Queue[Mail] = asyncio.Queue(MOST_WAITING)
        self._unsent = 0

    async def send(self, mail: Mail) -> None:
        """Take `mail` over. Raises OSError while too much is waiting."""
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
        """Wait until all is delivered, but not longer than that."""
        try:
            async with asyncio.timeout(seconds):
                await self._waiting.join()
        except TimeoutError:
            log.error("the process stops with %d mails unsent", self._unsent)

    async def _deliver(self, mail: Mail) -> None:
        """Try until it is delivered or refused for good. An error of any kind ends this mail, never the work."""
        try:
            written = letter(mail, self._sender, datetime.now(UTC))  # once: a copy is told by its Message-ID
            for pause in self._pauses:
                try:
                    async with asyncio.timeout(self._seconds):
                        return await self._carrier.carry(written)
                except (UndeliveredError, OSError, TimeoutError) as error:
                    if isinstance(error, UndeliveredError) and not error.is_passing:
                        raise
                await asyncio.sleep(pause)
            async with asyncio.timeout(self._seconds):
                await self._carrier.carry(written)
        except UndeliveredError as error:
            log.error("a mail could not be sent: %s", error)
        except Exception as error:
            log.error("a mail could not be sent: %s", type(error).__name__)


@asynccontextmanager
async def posting(
    carrier: Carrier,
    sender: str,
    *,
    pauses: Sequence[float] = PAUSES,
    seconds: float = SECONDS,
    drain_seconds: float = DRAIN_SECONDS,
) -> AsyncIterator[Posting]:
    """A Mailer that delivers by `carrier` while the block runs, and for some seconds after."""
    made = Posting(carrier, sender, pauses, seconds)
    working = [asyncio.create_task(made.work()) for _ in range(CARRIERS)]
    try:
        yield made
        await made.drain(drain_seconds)
    finally:
        for task in working:
            task.cancel()
        await asyncio.wait(working)
