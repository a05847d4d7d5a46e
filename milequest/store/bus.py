"""Wake-ups: "this channel's log reaches that far". No news in them: receivers read the log, so a lost one only delays.

Redis carries them between processes at once; a look at the counters every POLL_SECONDS finds what it lost.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress

import asyncpg
import orjson

from milequest.store.aws.client import AwsError
from milequest.store.aws.sqs import Message, Queue
from milequest.store.log import ends
from milequest.store.transaction import Reader
from milequest.store.valkey import AWAY, Valkey, publish, subscribed

log = logging.getLogger("milequest.bus")

TOPIC = "milequest:wake"
POLL_SECONDS = 0.2
RETRY_SECONDS = 1.0


class Bus:
    """Sends wake-ups, and hands those of other processes to the one who receives them in this one."""

    def __init__(self, redis: Valkey, db: Reader) -> None:
        self._redis = redis
        self._db = db
        self._channels: Counter[str] = Counter()
        self._polled: dict[str, int] = {}
        self.receiver: Callable[[str, int], None] = lambda channel, sequence: None
        self.kicks: Queue | None = None  # who wakes listeners that no process of ours holds

    async def wake(self, positions: Mapping[str, int]) -> None:
        """Tell every process how far the logs of these channels reach. Without Redis they find out by polling."""
        if not positions:
            return
        self._notice(positions)
        message = orjson.dumps(positions)
        if self.kicks is None:
            await self._publish(message)
        else:
            await asyncio.gather(self._publish(message), self._kick(self.kicks, message))

    async def _publish(self, message: bytes) -> None:
        try:
            await publish(self._redis, TOPIC, message)
        except AWAY as error:
            log.warning("Redis is away (%s), so listeners poll: start it, or see /readyz", type(error).__name__)

    async def _kick(self, kicks: Queue, message: bytes) -> None:
        try:
            await kicks.send([Message(message.decode())])
        except (AwsError, OSError, TimeoutError) as error:  # it is found by looking at the logs, a minute later
            log.warning("no kick sent: %s", type(error).__name__)

    def listen(self, channel: str) -> None:
        """Look how far the channel's log reaches, until as many `unlisten`."""
        self._channels[channel] += 1

    def unlisten(self, channel: str) -> None:
        """Look no more."""
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
            self.receiver(channel, sequence)

    async def _receive(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in one"
        while not task.cancelling():  # an error while a connection is closed takes the place of the cancellation
            with suppress(*AWAY):  # the poll stands in until Redis is back
                async with aclosing(subscribed(self._redis, TOPIC)) as messages:
                    async for message in messages:
                        self._notice(orjson.loads(message))
            await asyncio.sleep(RETRY_SECONDS)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self._channels:
                try:
                    reached = await ends(self._db, list(self._channels))
                except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                    log.warning("no look at the log's counters: %s", type(error).__name__)
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    self._notice({name: end for name, end in reached.items() if self._polled.get(name) != end})
                    self._polled = reached
