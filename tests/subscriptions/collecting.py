"""A listener of the hub that keeps what it is told."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from schema.error_payloads import Errors
from subscriptions.protocols.protocol_steps import Result


@dataclass(eq=False)
class Collected:
    """Results a subscriber received, and the reason of its end."""

    results: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    is_lagging: bool = False
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def deliver(self, results: Sequence[Result], *, newest: bool = False) -> None:
        """Keep results."""
        for result in results:
            (event,) = orjson.loads(result.payload)["data"].values()
            self.results.append(event)
        self.told.set()

    def fail(self, errors: Errors) -> None:
        """Keep the codes."""
        self.errors += [error["extensions"]["code"] for error in errors]
        self.told.set()

    async def drained(self) -> None:
        """Return at once."""
