"""A follower of a view of a team over a connection that can be cut or held back, by the helper clients copy."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.accounts import token_for
from clients.resume import resume
from tests.service import Service
from tests.subscriptions.oracle.protocols import LOST, Asking, Ended, Protocol, Results, is_signed_out
from tests.subscriptions.oracle.views import Json, View
from tests.wires import Wire


@dataclass(eq=False)
class Person:
    """A person with an account."""

    service: Service
    name: str
    token: str

    async def sign_in(self) -> None:
        """Begin another session."""
        work = token_for(self.service.runtime, f"{self.name}@example.org", datetime.now(UTC))
        self.token = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.service.loop))


class Follower:
    """A view of a team in a person's client."""

    def __init__(self, who: Person, name: str, view: View, protocol: Protocol, wire: Wire, team_id: str) -> None:
        self.who = who
        self.name = name
        self.view = view
        self.wire = wire
        self.token = who.token  # with which the subscription began
        self.held: Json = None
        self.refusal: str | None = None
        self.failure: BaseException | None = None
        self.changed: Callable[[], None] = lambda: None
        self._protocol = protocol
        self._team_id = team_id
        self._sequence = -1
        self._task: asyncio.Task[None] | None = None

    def __str__(self) -> str:
        return f"{self.who.name}'s {self.name}"

    def begin(self) -> None:
        """Open the page, for the first time or again."""
        self.held, self.refusal, self._sequence = None, None, -1
        self._task = asyncio.create_task(self._follow())

    async def end(self) -> None:
        """Leave the page."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _follow(self) -> None:
        try:
            results = resume(
                self._subscribe,
                {"team": self._team_id},
                lost=LOST,
                should_retry=is_signed_out,
                wait=lambda attempt, error: 0.02 + 0.05 * random.random(),
            )
            async for result in results:
                self._take(next(iter(result.values())))
                self.changed()
        except Ended as ended:
            self.refusal = ended.code
        except Exception as failure:
            self.failure = failure
        self.changed()

    def _subscribe(self, variables: dict[str, Any]) -> Results:
        self.token = self.who.token
        self.changed()  # where nothing was missed, nothing is sent
        return self._protocol(Asking(self.who.service, self.wire.url, self.token, self.view.document, variables))

    def _take(self, event: dict[str, Any]) -> None:
        """Keep an event. The helper yields each one of a log once, and in order."""
        if "sequence" in event:
            if event["delivery"] in ("REPLAY", "LIVE"):
                assert event["sequence"] > self._sequence, f"{event} was told before"
            self._sequence = event["sequence"]
        self.held = self.view.fold(self.held, event)
