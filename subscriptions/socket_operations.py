"""Operations on a WebSocket of a long-lived server."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from resolvers.context import Request
from schema.error_payloads import Errors
from subscriptions.hub import Hub
from subscriptions.operations import AdmittedSubscription
from subscriptions.protocols.protocol_steps import Result, WireProtocol
from subscriptions.subscribers import Subscriber

if TYPE_CHECKING:
    from subscriptions.sockets import Socket


class SocketOperation:
    """Operation on a socket; for a subscription the sink of its results."""

    __slots__ = ("_has_ended", "_hub", "_listener", "_protocol", "_socket", "id", "task")

    def __init__(self, id: str, socket: "Socket", hub: Hub, protocol: WireProtocol) -> None:
        self.id = id
        self.task: asyncio.Task[None] | None = None
        self._socket = socket
        self._hub = hub
        self._protocol = protocol
        self._listener: Subscriber | None = None
        self._has_ended = False

    def listen(self, subscribed: AdmittedSubscription, request: Request) -> None:
        """Add the subscription to the hub."""
        self.task = None
        self._listener = Subscriber(subscribed.plan, request.identity, self, payer=subscribed.payer)
        if (text := self._protocol.started(self.id)) is not None:
            self._socket.put(text)
        self._hub.add(self._listener, subscribed.after)

    def answer(self, payload: str) -> None:
        """Send the only result and complete the operation."""
        if (text := self._protocol.started(self.id)) is not None:
            self._socket.put(text)
        self._socket.put(self._protocol.next(self.id, payload))
        self.complete()

    def fail(self, errors: Errors) -> None:
        """End it with these errors, unless it has ended: its id may be another operation's by now."""
        if not self._has_ended:
            self._socket.put(self._protocol.error(self.id, errors))
            self.stop()

    def stop(self) -> None:
        """End it without a message."""
        self._has_ended = True
        self._socket.remove(self)
        if self._listener is not None:
            subscriber, self._listener = self._listener, None
            self._hub.remove(subscriber)
        elif self.task is not None:
            task, self.task = (
                self.task,
                None,
            )  # the exception of a kept task would refer to this operation
            task.cancel()

    def deliver(self, results: Sequence[Result], *, newest: bool = False) -> None:
        """Send results, if it is still running."""
        if self._listener is not None:
            texts = [self._protocol.next(self.id, payload) for payload, _ in results]
            self._socket.put(*texts, state_of=self.id if newest else None)

    def complete(self) -> None:
        """Send `complete` and end it."""
        self._socket.put(self._protocol.complete(self.id))
        self.stop()

    @property
    def is_lagging(self) -> bool:
        """True if its socket is lagging."""
        return self._socket.send_buffer.is_lagging

    async def drained(self) -> None:
        """Wait until its socket is no longer lagging."""
        await self._socket.send_buffer.drained()
