"""Wake-ups: messages that a channel's log has grown up to a sequence.

Receivers read the log, so a lost one only delays.

Redis carries them between processes at once; polling the counters every POLL_SECONDS finds the lost ones.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from functools import partial

import orjson

from milequest.store.away import Away
from milequest.store.aws.sqs import Message, Queue
from milequest.store.breaker import Breaker
from milequest.store.cache.valkey_client import Valkey, publish, subscribed
from milequest.store.sql.log import ends
from milequest.store.sql.transaction import Reader

log = logging.getLogger("milequest.bus")

TOPIC = "milequest:wake"
WAKE_SECONDS = 0.05  # seconds a write waits for its wake-up to be sent
NOTIFY_SECONDS = 1.0  # a function is frozen once it has answered, and its first send needs a TLS handshake
SEND_SECONDS = 2.0  # for a wake-up in the background
POLL_SECONDS = 0.2
RETRY_SECONDS = 1.0


class Bus:
    """Sender of wake-ups, which also hands those of other processes to this one's receiver."""

    def __init__(self, redis: Valkey, db: Reader) -> None:
        self._redis = redis
        self._db = db
        self._channels: Counter[str] = Counter()
        self._polled: dict[str, int] = {}
        self.receiver: Callable[[str, int], None] = lambda channel, sequence: None
        self.commit_queue: Queue | None = None  # for commit notifications, which wake the subscribers of API Gateway
        self._valkey_asked = Breaker("Valkey", "logs are polled", SEND_SECONDS)
        self._queue_asked = Breaker("SQS", "subscribers are woken within a minute", SEND_SECONDS)
        self._sending: set[asyncio.Task[None]] = set()

    async def wake(self, positions: Mapping[str, int]) -> None:
        """Announce to every process how far the logs of these channels reach.

        A process that misses the message finds it by polling. The events are stored already, so this never raises, and
        waits at most SEND_SECONDS for a server that hangs.
        """
        if not positions:
            return
        self._notice(positions)
        message = orjson.dumps(positions)
        sending = [self._send_within(self._publish, message, WAKE_SECONDS)]
        if self.commit_queue is not None:
            sending.append(self._send_within(partial(self._notify_commit, self.commit_queue), message, NOTIFY_SECONDS))
        await asyncio.gather(*sending)

    async def _send_within(self, send: Callable[[bytes], Awaitable[None]], message: bytes, seconds: float) -> None:
        """Send the message, and wait at most `seconds`: after that it continues in the background."""
        task = asyncio.create_task(self._send(send, message))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        await asyncio.wait([task], timeout=seconds)

    async def _send(self, send: Callable[[bytes], Awaitable[None]], message: bytes) -> None:
        try:
            await send(message)
        except Away:
            pass  # it was logged, and polling replaces it
        except Exception as error:
            log.error("a wake-up failed", exc_info=error)

    async def _publish(self, message: bytes) -> None:
        await self._valkey_asked(lambda: publish(self._redis, TOPIC, message))

    async def _notify_commit(self, queue: Queue, message: bytes) -> None:
        await self._queue_asked(lambda: queue.send([Message(message.decode())]))

    def listen(self, channel: str) -> None:
        """Poll how far the channel's log reaches, until `unlisten` was called as often."""
        self._channels[channel] += 1

    def unlisten(self, channel: str) -> None:
        """Stop polling."""
        self._channels[channel] -= 1
        if not self._channels[channel]:
            del self._channels[channel]
            self._polled.pop(channel, None)

    async def run(self) -> None:
        """Receive until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receive())
            tasks.create_task(self._poll())

    def _notice(self, positions: Mapping[str, int]) -> None:
        for channel, sequence in positions.items():
            try:
                self.receiver(channel, sequence)
            except Exception as error:  # no subscriber may fail a write, or keep wake-ups from others
                log.error("a wake-up could not be handled", exc_info=error)

    async def _receive(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in one"
        while not task.cancelling():  # an error while a connection is closed takes the place of the cancellation
            try:
                async with aclosing(subscribed(self._redis, TOPIC)) as messages:
                    async for message in messages:
                        self._notice(orjson.loads(message))
            except Exception as error:  # the topic is subscribed again, and polling replaces it until then
                log.info("wake-ups are not received: %s", type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self._channels:
                try:
                    reached = await ends(self._db, list(self._channels))
                except Exception as error:  # no more wake-ups would be found if this ended
                    log.warning("the log's counters could not be polled: %s", type(error).__name__)
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    self._notice({name: end for name, end in reached.items() if self._polled.get(name) != end})
                    self._polled = reached
