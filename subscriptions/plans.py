"""A plan: one document with its variables, however many listen to it. Its answers are worked out once for all alike."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias
from uuid import uuid4

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    NonNullTypeNode,
    SelectionSetNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)

from milequest.rules.access import Standing
from milequest.rules.identity import Identity
from milequest.runtime import Runtime
from resolvers.context import Request
from resolvers.feeds import Feed
from schema.build import runner
from schema.execution import ExecutionResult, Prepared, Subscribed
from schema.paths import Values, readers
from schema.scope import is_per_viewer
from subscriptions.filters import Filter, parse

KEPT_DOCUMENTS = 256
Scope: TypeAlias = tuple[object, ...]
"""Whoever has the same scope gets the same answer to the same plan."""


@dataclass(frozen=True, slots=True)
class PlanKey:
    """What makes two plans the same; where they begin is none of it."""

    text: str
    operation_name: str | None
    variables: bytes


@dataclass(frozen=True, eq=False, slots=True)
class Plan:
    """A subscription as it is run per event."""

    key: PlanKey
    subscribed: Subscribed
    per_viewer: bool
    filter: Filter | None
    reads: Mapping[str, Values]  # of the fields the filter names

    @property
    def feed(self) -> Feed:
        """What it is of."""
        return self.subscribed.feed

    def scope(self, identity: Identity, standing: Standing) -> Scope:
        """Whom `identity` shares answers with."""
        return (identity.kind, identity.user_id) if self.per_viewer else (identity.kind, standing, identity.groups)

    def wants(self, event: Any) -> bool:
        """Whether the event passes the filter."""
        if self.filter is None or not event.has_news:
            return True
        return self.filter.matches(lambda name: self.reads[name](event))

    async def answer(self, event: Any, request: Request) -> str:
        """The document's answer to an event, in JSON."""
        return json_of(await self.subscribed.run(event, request))


class Plans:
    """The plans in use; two equal ones are one."""

    def __init__(self) -> None:
        self._plans: dict[PlanKey, tuple[Plan, int]] = {}
        self._coming: dict[PlanKey, asyncio.Event] = {}  # those that somebody asks for just now
        self._variable_of_after = lru_cache(KEPT_DOCUMENTS)(_variable_of_after)
        self._is_per_viewer = lru_cache(KEPT_DOCUMENTS)(_is_per_viewer)

    async def subscribe(
        self, text: str, variables: Mapping[str, Any] | None, operation_name: str | None, request: Request
    ) -> tuple[Plan, str | None]:
        """The plan of a subscription and its `after`. Give it back by `release`.

        Raises RequestRefused for what may not be had, VALIDATION_ERROR for its filter.
        """
        prepared = runner().prepare(text)
        place = self._variable_of_after(prepared, operation_name)
        given = variables or {}
        defined = {
            one.variable.name.value: one for one in prepared.operation(operation_name).variable_definitions or ()
        }
        shared = {name: value for name, value in given.items() if name in defined and name != place}
        key = PlanKey(text, operation_name, orjson.dumps(shared, option=orjson.OPT_SORT_KEYS))
        if key in self._coming:  # of thousands that come back at once, one is enough to make it
            await self._coming[key].wait()
        known = self._plans.get(key)
        is_alike = known is not None and (place is None or _is_good(given.get(place), defined[place]))
        if known is not None and is_alike and await runner().share(prepared, request, known[0].subscribed):
            made = known[0].subscribed
            after = made.args.get("after") if place is None else given.get(place)
        else:
            made = await self._make(key, prepared, request, variables)
            after = made.args.get("after")
        plan, users = self._plans.get(key) or (known[0] if known else self._plan(key, prepared, made), 0)
        self._plans[key] = plan, users + 1
        return plan, after

    async def _make(
        self, key: PlanKey, prepared: Prepared, request: Request, variables: Mapping[str, Any] | None
    ) -> Subscribed:
        """What nobody has yet. Who wants the same meanwhile waits for it."""
        coming = self._coming.setdefault(key, asyncio.Event())
        try:
            return await runner().subscribe(prepared, request, variables, key.operation_name)
        finally:
            coming.set()
            self._coming.pop(key, None)

    def release(self, plan: Plan) -> None:
        """One listener less."""
        _, users = self._plans[plan.key]
        if users == 1:
            del self._plans[plan.key]
        else:
            self._plans[plan.key] = plan, users - 1

    def __len__(self) -> int:
        return len(self._plans)

    def _plan(self, key: PlanKey, prepared: Prepared, subscribed: Subscribed) -> Plan:
        per_viewer = self._is_per_viewer(prepared, subscribed.feed.gate.team_id is not None)
        given = subscribed.args.get("filter")
        wanted = None if given is None else parse(given)
        reads = readers(subscribed.event_type, wanted.field_names if wanted else ())
        return Plan(key, subscribed.planned(), per_viewer, wanted, reads)


def json_of(result: ExecutionResult) -> str:
    """A result as it is sent."""
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [error.formatted for error in result.errors]
    return orjson.dumps(body, default=str).decode()


def moment(runtime: Runtime, identity: Identity) -> Request:
    """The surroundings of answering some events, for the viewer and all who share his scope.

    It reads from the writer: an answer must not be older than the place in the log that it stands for.
    """
    return Request(uuid4().hex, datetime.now(UTC), identity, runtime, fresh=True)


def _is_per_viewer(prepared: Prepared, of_team: bool) -> bool:
    return is_per_viewer(runner().schema, prepared.document, of_team=of_team)


def _is_good(after: object, definition: VariableDefinitionNode) -> bool:
    """Whether a place to begin from, or none, is what its variable takes. What else is wrong, graphql-core says."""
    if after is None:
        return not isinstance(definition.type, NonNullTypeNode) and definition.default_value is None
    return isinstance(after, str)


class _Uses(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        """Note a variable's use, its definition too."""
        self.names.append(node.name.value)


def _variable_of_after(prepared: Prepared, operation_name: str | None) -> str | None:
    """The variable that says nothing but where to begin, if there is one."""
    for field in _root_fields(prepared.document, prepared.operation(operation_name).selection_set):
        for argument in field.arguments or ():
            if argument.name.value == "after" and isinstance(argument.value, VariableNode):
                uses = _Uses()
                visit(prepared.document, uses)
                name = argument.value.name.value
                return name if uses.names.count(name) == 2 else None  # its definition, and here
    return None


def _root_fields(document: DocumentNode, selections: SelectionSetNode) -> Iterator[FieldNode]:
    """The fields of a selection set, those of its fragments too, which a valid document does not nest in a ring."""
    for selection in selections.selections:
        match selection:
            case FieldNode():
                yield selection
            case InlineFragmentNode():
                yield from _root_fields(document, selection.selection_set)
            case FragmentSpreadNode():
                fragment = next(
                    one
                    for one in document.definitions
                    if isinstance(one, FragmentDefinitionNode) and one.name.value == selection.name.value
                )
                yield from _root_fields(document, fragment.selection_set)
