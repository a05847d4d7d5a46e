"""A plan: one document with its variables, for any number of subscribers. Its answers are computed once per scope."""

import asyncio
from collections.abc import Hashable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeAlias
from uuid import uuid4

import orjson
from graphql import NonNullTypeNode, VariableDefinitionNode, VariableNode, Visitor, visit

from milequest.rules.access import AccessLevel
from milequest.rules.budgets import Caller
from milequest.rules.errors import RateLimited
from milequest.rules.identity import Identity
from milequest.runtime import Runtime
from resolvers.context import Request
from resolvers.feeds import Feed
from schema.build import runner
from schema.execution import ExecutionResult, Prepared, PreparedSubscription
from schema.observing import called, root_fields
from schema.paths import Values, readers
from schema.scope import is_per_viewer
from schema.variables import MAX_TEXT
from subscriptions.filters import Filter, parse
from subscriptions.quotas import MemoryQuota

PLAN_BYTES = 8 * 1024  # bytes of a plan, besides its selections and variables
SELECTION_BYTES = 600  # bytes of each of its selections, fragments expanded
VARIABLES_KEPT = 3  # copies of the variables: in the key, as sent, and coerced
RETRY_SECONDS = 10  # seconds to retry, for a caller whose subscriptions hold too much memory
Scope: TypeAlias = tuple[object, ...]
"""Subscribers of the same scope get the same answer of the same plan."""


@dataclass(frozen=True, slots=True)
class PlanKey:
    """Identity of a plan; the cursor it begins at is not part of it."""

    text: str
    operation_name: str | None
    variables: bytes


class Cost(NamedTuple):
    """Cost of a subscription to its subscriber: points, and the memory that it holds, in bytes."""

    points: int
    weights: Mapping[Hashable, int]


@dataclass(slots=True)
class _PendingPlan:
    """A plan that is being made; other subscribers of the same one wait for it."""

    done: asyncio.Event = field(default_factory=asyncio.Event)
    cost: Cost | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Plan:
    """Subscription as it is run per event."""

    key: PlanKey
    cost: Cost
    subscribed: PreparedSubscription
    per_viewer: bool
    filter: Filter | None
    reads: Mapping[str, Values]  # of the fields the filter names

    @property
    def feed(self) -> Feed:
        """Feed of the subscription."""
        return self.subscribed.feed

    def scope(self, identity: Identity, level: AccessLevel) -> Scope:
        """Return the scope in which `identity` shares answers."""
        return (identity.kind, identity.user_id) if self.per_viewer else (identity.kind, level, identity.groups)

    def wants(self, event: Any) -> bool:
        """Return whether the event passes the filter."""
        if self.filter is None or not event.is_filtered:
            return True
        return self.filter.matches(lambda name: self.reads[name](event))

    async def answer(self, event: Any, request: Request) -> str:
        """Return the document's answer to an event, in JSON."""
        return json_of(await self.subscribed.run(event, request))


class Plans:
    """Plans in use; equal ones are shared."""

    def __init__(self) -> None:
        self._plans: dict[PlanKey, tuple[Plan, int]] = {}
        self._pending: dict[PlanKey, _PendingPlan] = {}
        self.held = MemoryQuota()

    async def subscribe(
        self,
        text: str,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        request: Request,
        *,
        at_cost: bool = False,
    ) -> tuple[Plan, str | None]:
        """Return the plan of a subscription and its `after`.

        The caller has to `release` the plan, `at_cost` with its payer. Raises RequestRefused if the subscription is not
        allowed, VALIDATION_ERROR for its filter, and `at_cost` RATE_LIMITED.
        """
        prepared = runner().prepare(text)
        called(prepared.label(operation_name))
        place = _variable_of_after(prepared, operation_name)
        given = variables or {}
        defined = {
            one.variable.name.value: one for one in prepared.operation(operation_name).variable_definitions or ()
        }
        shared = {name: value for name, value in given.items() if name in defined and name != place}
        key = PlanKey(text, operation_name, orjson.dumps(shared, option=orjson.OPT_SORT_KEYS))
        is_alike = given.keys() <= defined.keys() and (place is None or _is_good(given.get(place), defined[place]))
        with ExitStack() as held:
            charge = _Charge(self.held, held, request if at_cost else None)
            if is_alike and (pending := self._pending.get(key)) is not None and pending.cost is not None:
                await charge(pending.cost)
                await pending.done.wait()  # of thousands that reconnect at once, only one prepares the plan
            known = self._plans.get(key)
            if is_alike and known is not None:
                await charge(known[0].cost)
            if is_alike and known is not None and await runner().share(prepared, request, known[0].subscribed):
                made, cost = known[0].subscribed, known[0].cost
                after = made.args.get("after") if place is None else given.get(place)
            else:
                made, cost = await self._make(key, prepared, request, variables, charge)
                after = made.args.get("after")
            plan, users = self._plans.get(key) or (known[0] if known else self._plan(key, prepared, made, cost), 0)
            self._plans[key] = plan, users + 1
            held.pop_all()
        return plan, after

    async def _make(
        self, key: PlanKey, prepared: Prepared, request: Request, variables: Mapping[str, Any] | None, charge: "_Charge"
    ) -> tuple[PreparedSubscription, Cost]:
        """Return a new plan and its cost. Concurrent requests for the same plan wait for it."""
        pending = self._pending.setdefault(key, _PendingPlan())
        cost = Cost(0, {})

        async def pay(points: int) -> None:
            nonlocal cost
            cost = pending.cost = Cost(points, _weights(key, prepared))
            await charge(cost)

        try:
            return await runner().subscribe(prepared, request, variables, key.operation_name, pay), cost
        finally:
            pending.done.set()
            self._pending.pop(key, None)

    def release(self, plan: Plan, payer: Caller | None = None) -> None:
        """Count one subscriber less, and drop the plan with its last."""
        if payer is not None:
            self.held.release(payer, plan.cost.weights)
        _, users = self._plans[plan.key]
        if users == 1:
            del self._plans[plan.key]
        else:
            self._plans[plan.key] = plan, users - 1

    def __len__(self) -> int:
        return len(self._plans)

    def _plan(self, key: PlanKey, prepared: Prepared, subscribed: PreparedSubscription, cost: Cost) -> Plan:
        per_viewer = _is_per_viewer(prepared, subscribed.feed.access_rule.team_id is not None)
        given = subscribed.args.get("filter")
        wanted = None if given is None else parse(given)
        reads = readers(subscribed.event_type, wanted.field_names if wanted else ())
        return Plan(key, cost, subscribed.planned(), per_viewer, wanted, reads)


class _Charge:
    """Charge of a subscription to its caller, in memory and points, made at most once.

    Without a request nothing is charged.
    """

    def __init__(self, quota: MemoryQuota, held: ExitStack, request: Request | None) -> None:
        self._quota, self._held, self._request = quota, held, request

    async def __call__(self, cost: Cost) -> None:
        """Charge the caller.

        Raises RATE_LIMITED if their subscriptions hold too much memory, or their budget is spent.
        """
        request, self._request = self._request, None
        if request is None:
            return
        payer = request.caller
        if not self._quota.acquire(payer, cost.weights):
            raise RateLimited("Too much runs already: end some subscriptions, or begin smaller ones.", RETRY_SECONDS)
        self._held.callback(self._quota.release, payer, cost.weights)
        await request.charge(cost.points)


def _weights(key: PlanKey, prepared: Prepared) -> Mapping[Hashable, int]:
    """Return the bytes that a plan holds, by what holds them: itself, and its document, which other plans share."""
    selections = prepared.sizes[key.operation_name].selections
    own = PLAN_BYTES + SELECTION_BYTES * selections + VARIABLES_KEPT * len(key.variables)
    return {key: own, key.text: prepared.bytes}


def json_of(result: ExecutionResult) -> str:
    """Encode a result as it is sent."""
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [error.formatted for error in result.errors]
    return orjson.dumps(body, default=str).decode()


def request_for(runtime: Runtime, identity: Identity) -> Request:
    """Return a Request for answering events, for the viewer and all in their scope.

    It reads from the writer: an answer must not be older than its event's place in the log.
    """
    return Request(uuid4().hex, datetime.now(UTC), identity, runtime, fresh=True)


def _is_per_viewer(prepared: Prepared, of_team: bool) -> bool:
    known = prepared.per_viewer.get(of_team)
    if known is None:
        known = prepared.per_viewer[of_team] = is_per_viewer(runner().schema, prepared.document, of_team=of_team)
    return known


def _is_good(after: object, definition: VariableDefinitionNode) -> bool:
    """Return whether a cursor, or None, is valid for its variable.

    An invalid one is reported when the plan is prepared.
    """
    if after is None:
        return not isinstance(definition.type, NonNullTypeNode) and definition.default_value is None
    return isinstance(after, str) and len(after) <= MAX_TEXT


class _VariableUses(Visitor):
    """Names of the variables a document uses, once for each use."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        """Record a variable's use, its definition included."""
        self.names.append(node.name.value)


def _variable_of_after(prepared: Prepared, operation_name: str | None) -> str | None:
    known = prepared.variables_of_after
    if operation_name not in known:
        known[operation_name] = _find_variable_of_after(prepared, operation_name)
    return known[operation_name]


def _find_variable_of_after(prepared: Prepared, operation_name: str | None) -> str | None:
    """Return the name of the variable whose only use is the argument `after`, if there is one."""
    for root in root_fields(prepared.document, prepared.operation(operation_name).selection_set):
        for argument in root.arguments or ():
            if argument.name.value == "after" and isinstance(argument.value, VariableNode):
                uses = _VariableUses()
                visit(prepared.document, uses)
                name = argument.value.name.value
                return name if uses.names.count(name) == 2 else None  # its definition, and here
    return None
