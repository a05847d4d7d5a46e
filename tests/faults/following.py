"""A subscriber that resumes whatever breaks."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from websockets.exceptions import WebSocketException

from clients.resume import resume
from tests.faults.cluster import Front
from tests.listening import Ended, dial

PACE = 0.05  # seconds between two cuts
LOST = (OSError, WebSocketException, Ended, TimeoutError)


async def follow(
    front: Front, token: str, query: str, variables: dict[str, Any], seen: list[Any], pause: float = PACE
) -> None:
    """Follow a subscription through all faults, noting its events. It waits up to `pause` before it reconnects."""

    async def subscribe(given: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        async with dial(front.socket_url, token) as connection:
            stream = await connection.subscribe(query, **given)
            reading = asyncio.create_task(connection.socket.wait_closed())
            while True:
                getting = asyncio.create_task(stream.messages.get())
                await asyncio.wait([getting, reading], return_when=asyncio.FIRST_COMPLETED)
                if not getting.done():
                    getting.cancel()
                    raise ConnectionResetError
                message = getting.result()
                if message["type"] != "next":
                    raise Ended(message)
                yield message["payload"]

    events = resume(subscribe, variables, lost=LOST, wait=lambda attempt, error: random.uniform(0, pause))
    async with aclosing(events):
        async for result in events:
            (event,) = result["data"].values()
            seen.append(event)
