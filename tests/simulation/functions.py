"""The functions of the gateway on API Gateway in a simulation: the real steps on a simulated cloud and database."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from redis.exceptions import ConnectionError as RedisConnectionError

from milequest.rules.authorizing import AuthorizerRequest
from milequest.rules.budgets import Caller, Payer
from milequest.rules.errors import not_found, unauthenticated
from milequest.rules.identity import Identity, IdentityKind
from milequest.rules.sessions import ENDED
from milequest.store.aws.dynamodb import Table
from milequest.store.aws.socket_api import Sockets
from milequest.store.aws.sqs import Queue
from milequest.store.cache.budgets import Budgets
from milequest.store.sql import log
from milequest.store.sql.audience import access_of
from milequest.store.sql.revocations import Revocations
from resolvers.context import Request
from resolvers.feeds import Feed
from subscriptions.apigateway.connection_store import ConnectionStore
from subscriptions.apigateway.delay_queue import redeliver
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.apigateway.fanout import fan_out
from subscriptions.apigateway.lifecycle import ConnectDependencies, connect, disconnect
from subscriptions.apigateway.messages import receive
from subscriptions.apigateway.plan_cache import PlanCache
from subscriptions.apigateway.relay import on_commit_notifications
from subscriptions.apigateway.sender import send
from subscriptions.apigateway.sweeper import Timeouts, sweep
from subscriptions.plans import Plan
from tests.simulation.clients import Client
from tests.simulation.clock import START
from tests.simulation.cloud import SOCKETS_URL, ClientSocket, Cloud, SimulatedAws, SimulatedSockets
from tests.simulation.lambdas import FailedError, Functions, SimulatedQueue, Weather, reach
from tests.simulation.processes import FOR_ALL, NEWS, STATE, RefusedError, Simple
from tests.simulation.world import CHANNEL, TEAM, Database, World

OF_TEAM = f'teamId: "team_{TEAM.hex}"'
TEXTS: Mapping[Feed, str] = {
    NEWS: f"subscription ($after: String) {{ teamActivityChanged({OF_TEAM}, after: $after) {{ cursor }} }}",
    STATE: f"subscription {{ teamLeaderboardUpdated({OF_TEAM}, period: WEEK, metric: DISTANCE) {{ teamId }} }}",
    FOR_ALL: f"subscription {{ teamProgressUpdated({OF_TEAM}) {{ teamId }} }}",
}
ROUND_SECONDS = 60.0
PLENTY = 10**9  # points an hour


class FunctionsDatabase(Database):
    """The database as functions reach it: they may die during a call, and relay committed events."""

    def __init__(self, world: World, weather: Weather) -> None:
        super().__init__(world)
        self._weather = weather
        self._answers |= {
            log._AHEAD: lambda channels: [self._ahead() if CHANNEL in channels else (world.epoch, None, None)],
            log._ANY_AHEAD: lambda limit: [self._ahead()],
            log._OLDEST_UNRELAYED: lambda: None,
            log._RELAYED: self._relay,
        }

    def _ahead(self) -> tuple[int, str | None, int | None]:
        is_ahead = self._world.relayed < self._world.sequence
        return (self._world.epoch, CHANNEL, self._world.sequence) if is_ahead else (self._world.epoch, None, None)

    def _relay(self, channels: list[str], sequences: list[int], epoch: int) -> None:
        if epoch != self._world.epoch:
            return
        for channel, sequence in zip(channels, sequences, strict=True):
            if channel == CHANNEL:
                self._world.relayed = max(self._world.relayed, sequence)

    async def execute(self, statement: str, *arguments: Any) -> Any:
        """Run a statement that writes."""
        return await self.fetch(statement, *arguments)

    fetchrow = fetchval = Database.fetch

    async def _pass(self) -> None:
        await reach(self._world, self._weather)
        await super()._pass()


class NoValkey:
    """A Valkey that is away: nothing here depends on one."""

    def register_script(self, _: str) -> Any:
        """Return a script that cannot run."""
        return self._away

    async def _away(self, *_: Any, **__: Any) -> None:
        raise RedisConnectionError("the simulated server is away")

    zrange = zrangebyscore = zrevrange = zcard = _away


@dataclass
class FunctionsRuntime:
    """The parts of a runtime that the functions use."""

    writer: FunctionsDatabase
    revocations: Revocations
    budgets: Budgets
    redis: NoValkey
    settings: Any

    @property
    def reader(self) -> FunctionsDatabase:
        """The same database."""
        return self.writer


class SimplePlans:
    """Plans of three documents; the policy decides about access."""

    def __init__(self) -> None:
        self._plans = {TEXTS[feed]: Simple(feed, TEXTS[feed]) for feed in TEXTS}

    async def subscribe(
        self,
        text: str,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        request: Request,
        *,
        at_cost: bool = False,
    ) -> tuple[Plan, str | None]:
        """Return the plan of a document and its `after`. Raises NOT_FOUND, as resolvers do."""
        user_id = request.identity.user_id
        assert user_id is not None
        plan = self._plans[text]
        place = (await access_of(request.runtime.writer, [(user_id, TEAM)]))[user_id, TEAM]
        if not plan.feed.access_rule.admits(place.access_level, is_public=place.is_public):
            raise not_found("team")
        return plan, (variables or {}).get("after")

    def release(self, fan_out: Plan, payer: Caller | None = None) -> None:
        """Keep it: there are three."""


class Container:
    """A process of a function: the real parts, over a simulated outside."""

    def __init__(self, world: World, weather: Weather, there: Cloud) -> None:
        aws, database = SimulatedAws(there), FunctionsDatabase(world, weather)
        table = Table(aws, "live")
        away = NoValkey()
        runtime: Any = FunctionsRuntime(
            database,
            Revocations(cast(Any, database)),
            Budgets(cast(Any, away), dict.fromkeys(Payer, PLENTY)),
            away,
            SimpleNamespace(metrics_namespace="", sockets_per_user=50),
        )
        plan_cache = PlanCache(runtime, table)
        plan_cache.plans = cast(Any, SimplePlans())
        news, posts, later = (Queue(aws, name) for name in ("news", "posts", "later"))
        sockets = Sockets(aws, SOCKETS_URL)
        identify: Any = self._identify
        self._world = world
        self.deps = Dependencies(
            runtime, identify, table, ConnectionStore(table), sockets, news, posts, later, plan_cache, None
        )
        self.doors = ConnectDependencies(self.deps.connections, identify, (), 1_000)

    async def _identify(self, authorization: str, asking: AuthorizerRequest) -> Identity:
        """Return the caller of a token, which names its user. Raises UNAUTHENTICATED."""
        _, user, session_id = authorization.split(" ", 2)
        if session_id in self._world.signed_out:
            raise unauthenticated(ENDED)
        return Identity(IdentityKind.USER, UUID(user), claims={"origin_jti": session_id, "auth_time": 0})


class Gateway:
    """All functions, as one deployment."""

    def __init__(self, world: World, weather: Weather) -> None:
        self.world = world
        self.cloud = Cloud(world, weather)
        functions = Functions(world, lambda: Container(world, weather, self.cloud))
        self.functions = functions
        self.sockets = self.cloud.sockets = SimulatedSockets(world, functions, _connect, _disconnect, _receive)
        self.sockets.told = self._check
        self.is_calm = False  # no fault repeats anything
        for name, function in (("news", _plan), ("posts", _post), ("later", _forward), ("kicks", _kicked)):
            self.cloud.queues[name] = SimulatedQueue(
                world, weather, functions, function, fifo=name in ("news", "posts")
            )

    def kick(self, positions: Mapping[str, int]) -> None:
        """Report how far logs reach, as a commit does."""
        self.cloud.queues["kicks"].send({"MessageBody": json.dumps(positions)})

    async def round(self) -> None:
        """Run a sweep, which may fail."""
        with suppress(FailedError):
            await self.functions.call(_round, {})

    def _check(self, socket: ClientSocket, text: str) -> None:
        """Record an event that was delivered wrongly, and an unexpected error."""
        message = json.loads(text)
        if message.get("type") == "error" and message["payload"][0]["extensions"]["code"] == "INTERNAL":
            self.world.violations.append(text)
        event = message["payload"]["data"]["it"] if message.get("type") == "next" else {}
        self.world.check(socket.user, event)
        if "sequence" in event:
            self._check_order(socket, event)

    def _check_order(self, socket: ClientSocket, event: Mapping[str, Any]) -> None:
        """Record what comes twice in a calm. A group that was not woken since a fail-over may reset its own once."""
        socket.resets += self.is_calm and event["delivery"] == "RESET"
        is_again = event["delivery"] in ("LIVE", "REPLAY") and event["sequence"] <= socket.last
        if self.is_calm and (is_again or socket.resets > 1):
            self.world.violations.append(f"{event} was told after {socket.last}")
        socket.last = event["sequence"]


async def _connect(one: Container, event: Any) -> Any:
    return await connect(one.doors, event)


async def _disconnect(one: Container, event: Any) -> Any:
    return await disconnect(one.doors, event)


async def _receive(one: Container, event: Any) -> Any:
    return await receive(one.deps, event)


async def _plan(one: Container, event: Any) -> Any:
    return await fan_out(one.deps, event)


async def _post(one: Container, event: Any) -> Any:
    return await send(one.deps, event)


async def _forward(one: Container, event: Any) -> Any:
    return await redeliver(one.deps, event)


async def _kicked(one: Container, event: Any) -> Any:
    return await on_commit_notifications(one.deps, event)


async def _round(one: Container, _: Any) -> None:
    await sweep(one.deps, START + timedelta(seconds=one._world.now), Timeouts())


class SocketClient(Client):
    """A follower over a WebSocket of API Gateway, by the helper that clients copy."""

    def __init__(self, world: World, gateway: Gateway, user_id: UUID, feed: Feed) -> None:
        self._gateway = gateway
        self.socket: ClientSocket | None = None
        super().__init__(world, [], user_id, feed)

    async def _subscribe(self, variables: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        socket = self.socket = await self._gateway.sockets.dial(self.user_id)
        has_asked = False
        session_id, send = self.identity.session_id, self._gateway.sockets.send
        send(socket, type="connection_init", payload={"Authorization": f"Bearer {self.user_id} {session_id}"})
        try:
            while (text := await socket.received.get()) is not None:
                message = json.loads(text)
                match message.get("type"):
                    case "connection_ack" if not has_asked:
                        has_asked = True
                        payload = {"query": TEXTS[self.feed], "variables": variables}
                        send(socket, id="it", type="subscribe", payload=payload)
                    case "next":
                        yield message["payload"]
                    case "error":
                        raise RefusedError(message["payload"])
                    case None:
                        raise ConnectionResetError(text)
            raise ConnectionResetError("the simulated connection was closed")
        finally:
            self._gateway.sockets.close(socket.id)
