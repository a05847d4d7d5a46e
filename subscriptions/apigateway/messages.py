"""`$default`: one message of a client. Others of the same socket may be handled at the same time."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from milequest.rules.authorizing import AuthorizerRequest
from milequest.rules.edge_headers import caller_address
from milequest.rules.errors import RateLimited, unauthenticated
from milequest.rules.identity import Identity
from milequest.rules.sessions import ENDED
from milequest.store.aws.dynamodb import Item
from milequest.store.aws.socket_api import Outcome
from milequest.store.deadlines import in_time
from milequest.store.sql import audience
from resolvers.context import Request
from resolvers.feeds import Feed, LogFeed
from schema import observing
from schema.error_payloads import Errors, OperationFailed, as_errors
from subscriptions import operations
from subscriptions.apigateway import table_rows
from subscriptions.apigateway.connection_store import Added, StoredConnection, user_slot
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.apigateway.group_messages import subscribe_command
from subscriptions.apigateway.lifecycle import OK, Answer, Event
from subscriptions.apigateway.outbound import AROUND, MAX_CLIENT_MESSAGE_BYTES, TOO_LARGE
from subscriptions.apigateway.table_rows import OperationKey
from subscriptions.apigateway.transport import close, send_with_retry
from subscriptions.handshakes import TRANSPORT_WS
from subscriptions.operations import AdmittedSubscription
from subscriptions.policy import CLOSED, EXPIRED
from subscriptions.protocols.protocol_steps import Close, Effect, Init, Phase, ProtocolSession, Reply, Start, Stop
from subscriptions.protocols.socket_credentials import authorization_of, notice_of
from subscriptions.protocols.transport_ws import AGAIN, CloseCode
from subscriptions.quotas import OPERATIONS_PER_SOCKET

TOO_MANY_SOCKETS = Close(CloseCode.TOO_MANY_REQUESTS, "Too many connections")
MAX_CURSOR = 256  # longest cursor
READY_SECONDS = 10.0  # longest wait for another function that checks the connection's credentials
POLL_SECONDS = 0.05
INIT_POLLS = 20  # without `connection_init` by then the client is anonymous
DUPLICATE_TRIES = 20


@in_time
async def receive(deps: Dependencies, event: Event) -> Answer:
    """Handle a message. An unknown connection is closed; messages of one that is being closed are ignored."""
    name = event["requestContext"]["connectionId"]
    connection = await deps.connections.load(name)
    if connection is None:
        await deps.sockets.close(name)
    elif not connection.is_closing:
        await MessageHandler(deps, connection, event).receive(event.get("body") or "")
    return OK


class MessageHandler:
    """Connection during one message."""

    def __init__(self, deps: Dependencies, connection: StoredConnection, event: Event) -> None:
        self._deps = deps
        self._connection = connection
        self._protocol = connection.protocol
        self._request_id = uuid4().hex
        self._has_lost = False
        context: Mapping[str, Any] = event["requestContext"]
        self._address = connection.address or caller_address(context)
        self._received: int = context["requestTimeEpoch"]

    async def receive(self, text: str) -> None:
        """Carry out a message's effects. After losing a race, reload the connection and take the step again."""
        effects = self._protocol.receive(ProtocolSession(self._connection.phase, await self._running()), text)
        for effect in effects:
            if not await self._carry_out(effect):
                self._has_lost = True
                if await self._reload():
                    await self.receive(text)
                return

    async def _running(self) -> Collection[str]:
        """Return the ids in use. graphql-transport-ws needs them only after `_add_subscription` found a duplicate."""
        if not self._connection.operations or (self._protocol is TRANSPORT_WS and not self._has_lost):
            return ()
        return [who.id for who, _ in await self._deps.connections.operations(self._connection.id)]

    async def _carry_out(self, effect: Effect) -> bool:
        """Carry out an effect; return False if a concurrent message was faster."""
        match effect:
            case Reply(text):
                await self._send(text)
            case Close():
                await close(self._deps, self._connection.id, self._protocol, effect)
            case Init():
                return not (effect.quiet and await self._is_initialised()) and await self._initialise(effect)
            case Stop(id):
                await self._deps.connections.stop(self._connection.id, id, self._received)
            case Start():
                return await self._handle_subscribe(effect)
        return True

    async def _initialise(self, init: Init) -> bool:
        if not await self._deps.connections.initialise(self._connection.id, self._request_id):
            return False
        identity, refusal = self._connection.identity, None
        given = authorization_of(init.payload)
        try:
            if given is not None:
                identity = await self._deps.identify(given, AuthorizerRequest(self._request_id, address=self._address))
        except Exception as error:
            refusal = as_errors(error, self._request_id)
        if identity.user_id is not None and not await self._acquire_slot(identity.user_id):
            await close(self._deps, self._connection.id, self._protocol, TOO_MANY_SOCKETS)
            return True
        await self._deps.connections.ready(self._connection.id, identity, refusal)
        await self._reload()
        if refusal is not None and self._protocol is not TRANSPORT_WS:
            for effect in self._protocol.rejected(refusal):
                await self._carry_out(effect)
        elif not init.quiet:
            # If it is refused, each operation is sent the refusal.
            for effect in self._protocol.accepted(notice_of(init.payload, identity) if refusal is None else None):
                await self._carry_out(effect)
        return True

    async def _acquire_slot(self, user_id: UUID) -> bool:
        most = self._deps.runtime.settings.sockets_per_user
        return await self._deps.connections.acquire_user_slot(self._connection.id, user_id, most, datetime.now(UTC))

    async def _handle_subscribe(self, start: Start) -> bool:
        try:
            await self._until_ready()
            with observing.operation(self._request_id, self._protocol.name, self._connection.id):
                if self._connection.refusal is not None:
                    raise OperationFailed(self._connection.refusal)
                request = await self._request(start)
                begun = await operations.begin(self._deps.plan_cache.plans, request, start.operation)
            if isinstance(begun, AdmittedSubscription):
                return await self._store_subscription(start, begun, request)
            await self._answer(start.id, begun.payload)
        except Exception as error:
            await self._fail(start.id, as_errors(error, self._request_id))
        return True

    async def _store_subscription(self, start: Start, begun: AdmittedSubscription, request: Request) -> bool:
        """Store a subscription and queue its start. Its channels are recorded in between, so it misses no event."""
        try:
            await self._index_by_user(request.identity)
            digest = await self._deps.plan_cache.store(begun.plan.key, start.operation.variables, request.now)
        finally:
            self._deps.plan_cache.plans.release(begun.plan, begun.payer)
        group, channels = _group_and_channels(begun.plan.feed, self._connection.id)
        subscriber = {**table_rows.row_of(request.identity), "plan": digest, "expires": self._connection.expires}
        who, added = await self._add_subscription(start, group, subscriber)
        match added:
            case Added.STOPPED:
                return True
            case Added.DUPLICATE | Added.GONE:
                return False
            case Added.TOO_MANY:
                await self._carry_out(self._protocol.too_many_operations(start.id, OPERATIONS_PER_SOCKET))
                return True
        try:
            interest: Item = {"stamp": who.serial, "expires": table_rows.expiry(request.now)}
            for channel in channels:
                await self._deps.table.put(table_rows.interest_key(channel, group), interest)
            if (text := self._protocol.started(start.id)) is not None:
                await self._send(text)
            after = begun.after if begun.after is None or len(begun.after) <= MAX_CURSOR else ""
            await self._deps.group_queue.send([subscribe_command(group, who, after)])
        except BaseException:
            await self._deps.connections.end(who.connection, who.id, who.serial)
            raise
        return True

    async def _index_by_user(self, identity: Identity) -> None:
        """Count the connection for the user, so that it is found when their session ends, unless `connection_init` did.
        Raises RATE_LIMITED."""
        user_id = identity.user_id
        if (
            user_id is not None
            and user_slot(user_id) not in self._connection.slots
            and not await self._acquire_slot(user_id)
        ):
            raise RateLimited("Too many connections.", 10)

    async def _add_subscription(self, start: Start, group: str, subscriber: Item) -> tuple[OperationKey, Added]:
        """Store a subscription. If its id is in use, retry: the message that stops the other may be handled later."""
        has_own_token = start.authorization is not None
        for _ in range(DUPLICATE_TRIES):
            who = OperationKey(self._connection.id, start.id, uuid4().hex, self._connection.kind)
            added = await self._deps.connections.add(
                who, group, subscriber, self._received, has_own_token=has_own_token
            )
            if added is not Added.DUPLICATE:
                break
            await asyncio.sleep(POLL_SECONDS)
        return who, added

    async def _answer(self, id: str, payload: str) -> None:
        if len(payload.encode()) > MAX_CLIENT_MESSAGE_BYTES - AROUND:
            raise OperationFailed(TOO_LARGE)
        if (text := self._protocol.started(id)) is not None:
            await self._send(text)
        await self._send(self._protocol.next(id, payload))
        await self._send(self._protocol.complete(id))

    async def _fail(self, id: str, errors: Errors) -> None:
        await self._send(self._protocol.error(id, errors))

    async def _request(self, start: Start) -> Request:
        """Return the Request of an operation. Raises UNAUTHENTICATED if its identity is no longer valid."""
        now, identity = datetime.now(UTC), self._connection.identity
        if start.authorization is not None:
            auth_request = AuthorizerRequest(self._request_id, operation=start.operation, address=self._address)
            identity = await self._deps.identify(start.authorization, auth_request)
        else:
            await self._check(identity, now)
        return Request(self._request_id, now, identity, self._deps.runtime, address=self._address)

    async def _check(self, identity: Identity, now: datetime) -> None:
        if identity.expires_at is not None and identity.expires_at <= now:
            raise unauthenticated(EXPIRED)
        if identity.user_id is not None and await audience.ended(self._deps.runtime.writer, [identity.user_id]):
            raise unauthenticated(CLOSED)
        await self._deps.runtime.revocations.refresh_if_stale()
        if self._deps.runtime.revocations.has_ended(identity):
            raise unauthenticated(ENDED)

    async def _until_ready(self) -> None:
        """Wait for the function that checks the connection's credentials, if one is running."""
        async with asyncio.timeout(READY_SECONDS):
            while self._connection.phase is Phase.INITIALISING and await self._reload():  # noqa: ASYNC110  # it's a row
                await asyncio.sleep(POLL_SECONDS)

    async def _is_initialised(self) -> bool:
        """Wait for a `connection_init` that an operation may have overtaken; return whether it arrived."""
        for _ in range(INIT_POLLS):
            if self._connection.phase is not Phase.NEW:
                return True
            await asyncio.sleep(POLL_SECONDS)
            if not await self._reload():
                return False
        return False

    async def _reload(self) -> bool:
        """Load the connection again; return False if it is closed or closing."""
        connection = await self._deps.connections.load(self._connection.id)
        if connection is None or connection.is_closing:
            return False
        self._connection = connection
        return True

    async def _send(self, text: str) -> None:
        """Send a message. If that fails, close the connection: its client would wait for ever."""
        outcome = await send_with_retry(self._deps.sockets, self._connection.id, text)
        if outcome is Outcome.GONE:
            await self._deps.connections.close(self._connection.id)
        elif outcome is not Outcome.SENT:
            await close(self._deps, self._connection.id, self._protocol, AGAIN)


def _group_and_channels(feed: Feed, connection: str) -> tuple[str, Sequence[str]]:
    """Return the group of a connection's subscription to a feed, and the channels that wake it."""
    if isinstance(feed, LogFeed):
        return table_rows.group_of_log(feed.channel, connection), (feed.channel,)
    return table_rows.group_of_state(feed.topic), feed.trigger_channels
