"""Subscriptions over Server-Sent Events on a long-lived server: each has a long-running response of its own.

A response is completed when its subscription is over. Any other end (a client that reads too slowly, a server that
shuts down) truncates it: that is how clients know that they have to reconnect.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack

from starlette.types import Receive, Send

from milequest.rules.errors import RateLimited
from milequest.rules.rate_limits import network
from milequest.settings import Settings
from resolvers.context import Request
from schema.error_payloads import Errors
from schema.operation import Operation
from subscriptions import operations
from subscriptions.hub import Hub
from subscriptions.operations import AdmittedSubscription
from subscriptions.protocols import sse
from subscriptions.protocols.protocol_steps import Result
from subscriptions.quotas import ConnectionQuota, ProcessQuota
from subscriptions.send_buffer import SendBuffer
from subscriptions.socket_lifetime import SocketLifetime
from subscriptions.subscribers import Subscriber
from subscriptions.tasks import Tasks

KEEP_ALIVE_SECONDS = 15.0
DRAIN_SECONDS = 5.0  # time over which all streams are truncated
DRAIN_PAUSE = 0.02  # longest pause between two
STATE = "state"  # the one `state_of` of a stream, which is one operation
END = ""


class Streams:
    """Event streams of this process."""

    def __init__(self, settings: Settings, process_quota: ProcessQuota | None = None) -> None:
        self._networks = ConnectionQuota(settings.sockets_per_network, process_quota)
        self._users = ConnectionQuota(settings.sockets_per_user)
        self._streams: set[Stream] = set()
        self._is_open = True

    def __len__(self) -> int:
        return len(self._streams)

    async def begin(self, hub: Hub, request: Request, operation: Operation, last_event_id: str | None) -> "Stream":
        """Open the stream of a subscription. `last_event_id` takes precedence over `after`, which reconnects repeat.

        Raises RATE_LIMITED, OperationFailed.
        """
        with ExitStack() as slots:
            self._acquire(request, slots)
            begun = await operations.begin(hub.plans, request, operation)
            assert isinstance(begun, AdmittedSubscription), "only subscriptions are streams"
            stream = Stream(hub, begun, request, last_event_id or begun.after)
            self._streams.add(stream)
            slots.callback(self._streams.discard, stream)
            stream.slots = slots.pop_all()
        if not self._is_open:
            stream.cut()
        return stream

    def _acquire(self, request: Request, slots: ExitStack) -> None:
        """Count the stream against the quotas of its network and its user. Raises RATE_LIMITED."""
        for quota, who in ((self._networks, network(request.address)), (self._users, request.identity.user_id)):
            if who is not None:
                if not quota.acquire(who):
                    raise RateLimited("Too many event streams.", 10)
                slots.callback(quota.release, who)

    async def drain(self) -> None:
        """Truncate all streams, spread over some time, and any opened from now on: clients resume elsewhere."""
        self._is_open = False
        streams = list(self._streams)
        for stream in streams:
            stream.cut()
            await asyncio.sleep(min(DRAIN_SECONDS / len(streams), DRAIN_PAUSE))


class Stream:
    """Body of a long-running response, and the sink of its subscription's results."""

    def __init__(self, hub: Hub, subscribed: AdmittedSubscription, request: Request, after: str | None) -> None:
        self.slots = ExitStack()
        self._hub = hub
        self._listener: Subscriber | None = Subscriber(subscribed.plan, request.identity, self, payer=subscribed.payer)
        self._is_listening = False
        self._after = after
        self._outbox = SendBuffer()
        self._tasks = Tasks()
        self._ended = asyncio.Event()
        self._lifetime = SocketLifetime("sse", request.id, request.identity, 1)

    async def run(self, receive: Receive, send: Send) -> None:
        """Send results until the subscription is over, the client disconnects, or the stream is cut."""
        assert self._listener is not None, "a stream runs once"
        self._hub.add(self._listener, self._after)
        self._is_listening = True
        self._tasks.start(self._write(send))
        self._tasks.start(self._watch(receive))
        await self._ended.wait()

    def close(self) -> None:
        """End the subscription and release the slots, whether `run` was called or not."""
        self._tasks.cancel()
        self._outbox.clear()
        self._stop()
        self.slots.close()
        self._lifetime.end()

    def cut(self) -> None:
        """Truncate the response. A client resumes from its last event's id."""
        self._ended.set()

    def deliver(self, results: Sequence[Result], *, newest: bool = False) -> None:
        """Send results."""
        self._lifetime.sent += len(results)
        for payload, cursor in results:
            self._put(sse.next(payload, cursor), STATE if newest else None)

    def fail(self, errors: Errors) -> None:
        """Complete the response with these errors."""
        self._stop()
        self._put(sse.failed(errors))
        self._put(END)

    @property
    def is_lagging(self) -> bool:
        """True if the client reads slowly."""
        return self._outbox.is_lagging

    async def drained(self) -> None:
        """Wait until the client has caught up."""
        await self._outbox.drained()

    def _put(self, text: str, state_of: str | None = None) -> None:
        """Queue a chunk. A client whose buffer is full is cut off, to resume later."""
        if not self._outbox.put(text, state_of):
            self.cut()

    def _stop(self) -> None:
        """End the subscription."""
        if self._listener is not None:
            subscriber, self._listener = self._listener, None
            if self._is_listening:
                self._hub.remove(subscriber)
            else:
                self._hub.plans.release(subscriber.plan, subscriber.payer)

    async def _write(self, send: Send) -> None:
        """Send queued chunks until END, then complete the response."""
        try:
            text = sse.KEEP_ALIVE  # some browsers report a stream as open only at its first byte
            while text != END:
                await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
                text = await self._next()
            await send({"type": "http.response.body"})
        finally:
            self._ended.set()

    async def _next(self) -> str:
        """Return the next chunk, or a keep-alive if there is none for KEEP_ALIVE_SECONDS."""
        try:
            async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                return await self._outbox.take()
        except TimeoutError:
            return sse.KEEP_ALIVE

    async def _watch(self, receive: Receive) -> None:
        """End the stream once the client has disconnected."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._ended.set()
