"""One WebSocket of a long-lived server: it reads, applies its protocol's steps, and writes."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from starlette.requests import HTTPConnection
from starlette.types import Receive, Send

from milequest.rules.errors import RateLimited
from milequest.rules.identity import Identity
from milequest.rules.sessions import ENDED
from milequest.store.deadlines import in_time
from resolvers.context import Request
from schema import observing
from schema.error_payloads import Errors, as_errors, log_unexpected
from subscriptions import operations
from subscriptions.direct_transport import EXTENSION, DirectTransport
from subscriptions.handshakes import Handshake
from subscriptions.hub import Hub
from subscriptions.operations import AdmittedSubscription
from subscriptions.protocols.protocol_steps import Close, Effect, Init, Phase, ProtocolSession, Reply, Start, Stop
from subscriptions.protocols.socket_credentials import authorization_of, notice_of
from subscriptions.protocols.transport_ws import CloseCode
from subscriptions.quotas import INIT_SECONDS, OPERATIONS_PER_SOCKET, ConnectionQuota, RateLimiter
from subscriptions.request_factory import RequestFactory
from subscriptions.send_buffer import SendBuffer
from subscriptions.socket_lifetime import SocketLifetime
from subscriptions.socket_operations import SocketOperation

AT_ONCE = 64 * 1024  # characters of several messages that are written at once, without checking for room in between
CLOSE_SECONDS = 10.0  # seconds a client may take to answer a close frame
INIT_TIMEOUT = Close(CloseCode.INIT_TIMEOUT, "Connection initialisation timeout")
TOO_FAST = Close(CloseCode.TOO_MANY_REQUESTS, "Too many messages")
NOT_TEXT = Close(CloseCode.BAD_REQUEST, "Messages are text")
TOO_SLOW = Close(1013, "resume")
GOING_AWAY = Close(1012, "Service restart")
SESSION_ENDED = Close(CloseCode.UNAUTHORIZED, ENDED)
TOO_MANY_SOCKETS = Close(CloseCode.TOO_MANY_REQUESTS, "Too many connections")


class Socket:
    """Connection with its operations and its send buffer."""

    def __init__(
        self,
        hub: Hub,
        new_request: RequestFactory,
        users: ConnectionQuota,
        handshake: Handshake,
        connection: HTTPConnection,
        send: Send,
    ) -> None:
        self._hub = hub
        self._new_request = new_request
        self._users = users
        self._handshake = handshake
        self._protocol = handshake.protocol
        self._connection = connection
        self._send = send
        self._transport: DirectTransport = connection.scope["extensions"].pop(
            EXTENSION
        )  # popped, as it refers to the scope: no reference cycle
        self._phase = Phase.NEW
        self._authorization = handshake.authorization
        self._initialising: asyncio.Task[None] | None = None
        self._counted: set[UUID] = set()  # users whose quota it holds a slot of
        self._operations: dict[str, SocketOperation] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._throttle = RateLimiter()
        self._closing: Close | None = None
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.Task[None] | None = None  # while messages are buffered, or it closes
        self._lifetime = SocketLifetime(handshake.protocol.name)
        self.send_buffer = SendBuffer()

    async def run(self, receive: Receive) -> None:
        """Serve until the client disconnects; all its operations end then."""
        timer = asyncio.get_running_loop().call_later(INIT_SECONDS, self._init_is_overdue)
        self._reader = asyncio.current_task()
        try:
            while (message := await receive())["type"] == "websocket.receive":
                self._handle_message(message.get("text"))
            self._lifetime.code = message.get("code")
        except asyncio.CancelledError:
            if self._closing is None:  # else `close` cancelled it after CLOSE_SECONDS
                raise
        finally:
            timer.cancel()
            self._stop()
            self._lifetime.end(self._closing)
            if self._writer is not None:
                self._writer.cancel()
            for user_id in self._counted:
                self._transport.on_close(partial(self._users.release, user_id))

    def close(self, how: Close) -> None:
        """Send what is buffered, except to a client that reads too slowly, and close."""
        if self._closing is not None:
            return
        self._closing = how
        if how is TOO_SLOW:
            self._stop()
        self._flush()
        if self._reader is not None:
            asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._reader.cancel)

    def end_session(self, has_ended: Callable[[Identity], bool]) -> None:
        """Close it if the session of its `connection_init` has ended. Its subscriptions have been ended before."""
        if has_ended(self._lifetime.identity):
            self.close(SESSION_ENDED)

    def _stop(self) -> None:
        """End all work for this client, and discard its send buffer."""
        self.send_buffer.clear()
        for task in list(self._tasks):
            task.cancel()
        for operation in list(self._operations.values()):
            operation.stop()

    def keep_alive(self) -> None:
        """Send a keep-alive, if the protocol has one."""
        text = self._protocol.keep_alive() if self._phase is Phase.READY else None
        if text is not None and not self.send_buffer.is_lagging:
            self.put(text)

    def put(self, *texts: str, state_of: str | None = None) -> None:
        """Send or buffer messages. A client whose buffer is full is closed, to resume later."""
        if len(texts) > 1 and sum(map(len, texts)) > AT_ONCE:
            for text in texts:
                self.put(text, state_of=state_of)
        elif self._closing is not None:
            return
        elif self._writer is None and self._transport.has_room:
            self._lifetime.sent += len(texts)
            self._transport.write(*texts)
        elif all(self.send_buffer.put(text, state_of) for text in texts):
            self._flush()
        else:
            self.close(TOO_SLOW)

    def remove(self, operation: SocketOperation) -> None:
        """Remove an operation that has ended."""
        if self._operations.get(operation.id) is operation:
            del self._operations[operation.id]

    def _flush(self) -> None:
        """Send what is buffered, as fast as the connection takes it."""
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            await self._transport.drained()
            while (text := self.send_buffer.next()) is not None:
                self._lifetime.sent += 1
                self._transport.write(text)
                await self._transport.drained()
            if self._closing is not None:
                how = self._closing
                await self._send({"type": "websocket.close", "code": int(how.code), "reason": how.reason})
        except OSError:
            self.send_buffer.clear()  # the client has disconnected; `receive` is about to report it
        except Exception as error:
            log_unexpected(error)  # not raised, as the caller also sends to other subscribers
        finally:
            self._writer = None

    def _init_is_overdue(self) -> None:
        if self._phase is Phase.NEW:
            self.close(INIT_TIMEOUT)

    def _handle_message(self, text: str | None) -> None:
        if self._closing is not None:
            return
        if not self._throttle.try_acquire():
            self.close(TOO_FAST)
        elif text is None:
            self.close(NOT_TEXT)
        else:
            self._carry_out(self._protocol.receive(ProtocolSession(self._phase, self._operations), text))

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Reply(text):
                    self.put(text)
                case Close():
                    self.close(effect)
                case Init():
                    self._phase = Phase.INITIALISING
                    self._initialising = self._background(self._initialise(effect))
                case Stop(id):
                    if id in self._operations:
                        self._operations[id].stop()
                case Start():
                    self._handle_subscribe(effect)

    def _background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _initialise(self, init: Init) -> None:
        try:
            await self._handle_connection_init(init)
        finally:
            self._initialising = None  # a kept task costs memory on each of thousands of sockets

    @in_time
    async def _handle_connection_init(self, init: Init) -> None:
        given = authorization_of(init.payload)
        if given is not None:
            self._authorization = given
        try:
            if self._handshake.fault is not None:
                raise self._handshake.fault
            request = await self._request(uuid4().hex)
        except Exception as error:
            self._reject(as_errors(error))
            return
        if not self._acquire_slot(request.identity):
            self.close(TOO_MANY_SOCKETS)
            return
        self._lifetime.identity = request.identity
        self._phase = Phase.READY
        if not init.quiet:
            self._carry_out(self._protocol.accepted(notice_of(init.payload, request.identity)))

    def _acquire_slot(self, identity: Identity) -> bool:
        """Count the socket for a user, once, until it closes; return False if their quota is used up."""
        user_id = identity.user_id
        if user_id is None or user_id in self._counted:
            return True
        if not self._users.acquire(user_id):
            return False
        self._counted.add(user_id)
        return True

    def _reject(self, errors: Errors) -> None:
        """Refuse the client's `connection_init`, and fail the operations it sent along with it."""
        self._phase = Phase.NEW
        for operation in list(self._operations.values()):
            operation.fail(errors)
        self._carry_out(self._protocol.rejected(errors))

    def _handle_subscribe(self, start: Start) -> None:
        if len(self._operations) >= OPERATIONS_PER_SOCKET:
            self._carry_out([self._protocol.too_many_operations(start.id, OPERATIONS_PER_SOCKET)])
            return
        self._lifetime.operations += 1
        operation = self._operations[start.id] = SocketOperation(start.id, self, self._hub, self._protocol)
        operation.task = self._background(self._run_operation(operation, start))

    @in_time
    async def _run_operation(self, operation: SocketOperation, start: Start) -> None:
        request_id = uuid4().hex
        if self._phase is Phase.INITIALISING and self._initialising is not None:
            await asyncio.wait([self._initialising])
        try:
            with observing.operation(request_id, self._protocol.name, self._lifetime.socket):
                request = await self._request(request_id, start)
                if not self._acquire_slot(request.identity):
                    raise RateLimited(TOO_MANY_SOCKETS.reason + ".", 10)
                begun = await operations.begin(self._hub.plans, request, start.operation)
        except Exception as error:
            operation.fail(as_errors(error, request_id))
        else:
            if isinstance(begun, AdmittedSubscription):
                operation.listen(begun, request)
            else:
                operation.answer(begun.payload)

    async def _request(self, request_id: str, start: Start | None = None) -> Request:
        own = start.authorization if start else None
        authorization = self._authorization if own is None else own
        return await self._new_request(
            self._connection,
            authorization=authorization,
            request_id=request_id,
            operation=start.operation if start else None,
        )
