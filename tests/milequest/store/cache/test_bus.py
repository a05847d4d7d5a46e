"""Wake-ups: the end of the bus."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from redis.exceptions import ConnectionError as Broken

from milequest.store.cache.bus import Bus


class Breaking:
    """A Redis whose connection breaks while it is closed."""

    def __init__(self) -> None:
        self.listening = asyncio.Event()

    @asynccontextmanager
    async def pubsub(self, **_: Any) -> AsyncIterator[Any]:
        """Yield a subscription without messages."""
        try:
            yield self
        except asyncio.CancelledError:
            raise Broken from None

    async def subscribe(self, _: str) -> None:
        """Wait for ever."""
        self.listening.set()
        await asyncio.Event().wait()


async def test_cancelled_bus_ends_even_if_redis_fails_meanwhile() -> None:
    redis = Breaking()
    running = asyncio.create_task(Bus(cast("Any", redis), cast("Any", None)).run())
    await redis.listening.wait()
    running.cancel()
    done, _ = await asyncio.wait([running], timeout=5)
    assert done
