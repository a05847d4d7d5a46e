"""Clients of a simulation: the helper that clients copy, on connections that a process holds."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from uuid import UUID

from clients.resume import resume
from milequest.rules.identity import Identity, IdentityKind
from milequest.rules.live import read_cursor
from resolvers.feeds import Feed
from tests.simulation.processes import Connection, Process, RefusedError
from tests.simulation.world import World


class Client:
    """A follower, by the helper that clients copy."""

    def __init__(self, world: World, processes: list[Process], user_id: UUID, feed: Feed) -> None:
        self.user_id = user_id
        self.feed = feed
        self.seen: list[dict[str, Any]] = []
        self.connection: Connection | None = None
        self.was_refused = False
        self._world = world
        self._processes = processes
        self._sign_in()
        self._task = asyncio.create_task(self._follow())

    def _sign_in(self) -> None:
        session_id = f"session {next(self._world.numbers)}"
        self.identity = Identity(IdentityKind.USER, self.user_id, claims={"origin_jti": session_id})

    async def _follow(self) -> None:
        while True:
            events = resume(self._subscribe, {}, wait=lambda attempt, error: self._world.rng.random())
            try:
                async for result in events:
                    self.seen.append(result["data"]["it"])
            except RefusedError as refusal:
                self.was_refused = refusal.errors[0]["extensions"]["code"] == "NOT_FOUND"
                if not self.was_refused:
                    self._sign_in()
                    continue
            while self.user_id not in self._world.members:  # noqa: ASYNC110  # virtual time costs nothing
                await asyncio.sleep(0.5)
            self.was_refused, self.seen = False, []  # it restarts

    async def _subscribe(self, variables: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        await asyncio.sleep(self._world.delay())
        if not self._processes:
            raise ConnectionRefusedError("no process serves")
        process = self._world.rng.choice(self._processes)
        self.connection = Connection(process, self.feed, self.identity, variables.get("after"))
        self.connection.open()
        try:
            async for result in self.connection.read():
                yield result
        finally:
            self.connection._stop()

    def check_log(self) -> None:
        """Check that each event of the log was delivered once and in order, from its last start up to the last."""
        assert self.seen[0]["delivery"] in ("SNAPSHOT", "RESET"), self.seen[0]
        for before, after in itertools.pairwise(self.seen):
            if after["delivery"] in ("LIVE", "REPLAY"):
                assert _place(after) == (_place(before)[0], before["sequence"] + 1), (before, after)
        assert _place(self.seen[-1]) == (self._world.epoch, self._world.sequence)

    async def close(self) -> None:
        """Stop following."""
        self._task.cancel()
        await asyncio.wait([self._task])


def _place(event: Mapping[str, Any]) -> tuple[int, int]:
    """Return an event's epoch and sequence."""
    place = read_cursor(event["cursor"])
    assert place is not None
    return place.epoch, place.sequence
