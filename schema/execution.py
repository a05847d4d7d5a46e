"""Execution of documents: admit, parse, validate, limit, execute, mask. The only way, for all protocols and delivery.

Work that depends on the text alone (parsing, validation, limits) is done once per text and cached.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLSchema,
    MiddlewareManager,
    OperationDefinitionNode,
    create_source_event_stream,
    parse,
    validate,
)

from milequest.lru import LruCache
from milequest.rules.budgets import CHARACTERS_PER_POINT, REQUEST, variables_points
from milequest.store.away import Away
from resolvers.context import Request
from resolvers.feeds import Feed
from schema import limits, observing
from schema.denied import DENYING, refuse_denied
from schema.error_payloads import RequestRefused
from schema.errors import public_errors, refused_document
from schema.observing import OperationLabel
from schema.plain import FastPathExecutor, Read
from schema.source import Ask, Source
from schema.variables import refuse_large

KEPT_BYTES = 32 * 1024 * 1024
LIVE_CURSOR = "liveCursor"
TOKEN_BYTES = 600  # bytes of memory per token of a parsed document, with its node and location

Pay: TypeAlias = Callable[[int], Awaitable[None]]
"""Charges points to a budget. Raises RATE_LIMITED."""

__all__ = ["ExecutionResult", "Prepared", "Runner"]


@dataclass(frozen=True, eq=False, slots=True)
class Prepared:
    """Parsed and valid document, its operations by name, and what was found out about it, which is kept as long as it.

    `fresh` is true if it selects a place in the log: no part of its answer may be older, so it reads from the writer.
    """

    document: DocumentNode
    operations: Mapping[str | None, OperationDefinitionNode]
    fresh: bool = False
    bytes: int = 0  # approximate size in memory
    sizes: dict[str | None, limits.Size] = field(default_factory=dict)
    labels: dict[str | None, OperationLabel] = field(default_factory=dict)
    variables_of_after: dict[str | None, str | None] = field(default_factory=dict)  # by operation
    per_viewer: dict[bool, bool] = field(default_factory=dict)  # by whether it is of one team

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation to run; without a name the only one. Raises RequestRefused if there is none."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        chosen = self.operations.get(name)
        if chosen is None:
            what = (
                "Say by operationName which operation to run." if name is None else f"No operation is named '{name}'."
            )
            raise RequestRefused([refused_document(GraphQLError(what))])
        return chosen

    def label(self, name: str | None) -> OperationLabel:
        """Return the label of the operation to run. Raises as `operation`."""
        label = self.labels.get(name)
        if label is None:
            label = self.labels[name] = observing.label_of(self.document, self.operation(name))
        return label


class Runner:
    """Runner of documents against one schema.

    It caches the most recently used prepared documents, up to `kept_bytes` of memory.
    """

    def __init__(self, schema: GraphQLSchema, kept_bytes: int = KEPT_BYTES) -> None:
        self.schema = schema
        self._kept: LruCache[str, Prepared] = LruCache(most_cost=kept_bytes, cost_of=attrgetter("bytes"))

    def admit(self, text: str, request: Request) -> Prepared:
        """Prepare `text` at the caller's cost. Raises RATE_LIMITED for a spent budget, before anything is parsed."""
        observing.called_by(request)
        budgets = request.runtime.budgets
        budgets.refuse_spent(request.caller)
        kept = self._kept.get(text)
        budgets.charge(request.caller, REQUEST if kept else REQUEST + len(text) // CHARACTERS_PER_POINT)
        return kept or self._keep(text)

    def prepare(self, text: str) -> Prepared:
        """Parse and validate `text`, or return the cached result. Raises RequestRefused."""
        return self._kept.get(text) or self._keep(text)

    def _keep(self, text: str) -> Prepared:
        prepared = self._kept[text] = self._prepare(text)
        return prepared

    def _prepare(self, text: str) -> Prepared:
        try:
            document = parse(
                text,
                max_lexical_tokens=limits.MAX_TOKENS,
                max_comments=limits.MAX_COMMENTS,
                max_source_length=limits.MAX_CHARACTERS,
            )
        except GraphQLError as error:
            raise RequestRefused([refused_document(error)]) from None
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        if len(operations) > limits.MAX_OPERATIONS:
            raise RequestRefused(
                [limits.too_complex(f"The document has more than {limits.MAX_OPERATIONS} operations.")]
            )
        errors = validate(self.schema, document, limits.RULES, max_errors=limits.MAX_ERRORS)
        if errors:
            raise RequestRefused([refused_document(error) for error in errors])
        by_name = {node.name.value if node.name else None: node for node in operations}
        size = len(text) + TOKEN_BYTES * _tokens(document)
        return Prepared(document, by_name, fresh=LIVE_CURSOR in text, bytes=size)

    async def run(
        self, prepared: Prepared, request: Request, variables: Mapping[str, Any] | None, operation_name: str | None
    ) -> ExecutionResult:
        """Run a query or mutation, and charge its size. Raises RequestRefused for bad variables or too large a size."""
        observing.called(prepared.label(operation_name))
        denying = DENYING if request.identity.denied else None
        executor, points = self._executor(prepared, request, variables, operation_name, denying)
        await request.charge(points)
        request.fresh = request.fresh or prepared.fresh
        result = await _executed(executor, request)
        if result.data is None and result.errors:  # nothing ran: root fields are nullable
            raise RequestRefused(result.errors)
        observing.record_errors(result.errors)
        return result

    async def subscribe(
        self,
        prepared: Prepared,
        request: Request,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        pay: Pay | None = None,
    ) -> "PreparedSubscription":
        """Authorise a subscription and prepare running its events.

        Raises RequestRefused if it is not allowed, FORBIDDEN if the caller is denied a part of it, and as `pay`, which
        is called with the points before anything is awaited, so that of thousands that begin at once each is charged
        before the next.
        """
        executor, points = self._executor(prepared, request, variables, operation_name)
        if pay is not None:
            await pay(points)
        if request.identity.denied:
            refuse_denied(self.schema, prepared.document, request.identity.denied)
        source: Any = create_source_event_stream(executor)
        if not isinstance(source, ExecutionResult):
            source = await source  # `wiring` makes every feed's resolver a coroutine function
        if isinstance(source, ExecutionResult):
            raise RequestRefused(public_errors(source.errors, request))
        assert isinstance(source, Source), "wiring wraps every feed in a Source"
        executor.context_value = None  # it is cached for other callers
        return PreparedSubscription(executor, source.feed, source.args, source.event_type, source.ask)

    async def share(self, prepared: Prepared, request: Request, subscribed: "PreparedSubscription") -> bool:
        """Return whether a caller may share a subscription that was prepared for the same document and variables.

        Raises FORBIDDEN as `subscribe` does; if this returns False, `subscribe` raises the reason.
        """
        if request.identity.denied:
            refuse_denied(self.schema, prepared.document, request.identity.denied)
        try:
            await subscribed.ask(request)
        except Exception:  # graphql-core runs into it again and reports it
            return False
        return True

    def _executor(
        self,
        prepared: Prepared,
        request: Request,
        variables: Mapping[str, Any] | None,
        name: str | None,
        middleware: MiddlewareManager | None = None,
    ) -> tuple[FastPathExecutor, int]:
        """Return the operation's executor and points. Raises RequestRefused for bad variables or too large a size."""
        operation = prepared.operation(name)
        try:
            characters = refuse_large(variables or {})
        except GraphQLError as error:
            raise RequestRefused([error]) from None
        defined = {one.variable.name.value for one in operation.variable_definitions or ()}
        executor = FastPathExecutor.build(
            self.schema,
            prepared.document,
            context_value=request,
            raw_variable_values={name: value for name, value in (variables or {}).items() if name in defined},
            operation_name=name,
            max_coercion_errors=limits.MAX_ERRORS,
            middleware=middleware,
        )
        if isinstance(executor, list):
            raise RequestRefused([refused_document(error) for error in executor])
        assert isinstance(executor, FastPathExecutor), "build returns an executor of its own class"
        try:
            size = prepared.sizes.get(name)
            if size is None:
                size = prepared.sizes[name] = limits.measure(self.schema, prepared.document, operation)
            points = size.points(executor.variable_values.coerced)
        except GraphQLError as error:
            raise RequestRefused([error]) from None
        return executor, points + variables_points(characters)


@dataclass(frozen=True, slots=True)
class PreparedSubscription:
    """Authorised subscription: its feed, its field's arguments, and its document with coerced variables."""

    executor: FastPathExecutor
    feed: Feed
    args: Mapping[str, Any]
    event_type: Any
    ask: Ask
    plan: Read | None = None  # of its whole answer; see `planned`

    def planned(self) -> "PreparedSubscription":
        """Return it prepared for many events: with a plan for its answers, if they are plain."""
        return replace(self, plan=self.executor.event_plan())

    async def run(self, event: Any, request: Request) -> ExecutionResult:
        """Return the document's answer to one event, as `request`'s viewer gets it.

        Raises Away: the event is dispatched again once the database is back.
        """
        if self.plan is not None:
            try:
                return ExecutionResult(self.plan(event), None)
            except Exception:  # graphql-core runs into it again and reports it
                pass
        one = self.executor.build_per_event_executor(event)
        one.context_value = request
        return await _executed(one, request, (Away,))


def _tokens(document: DocumentNode) -> int:
    token = document.loc.start_token if document.loc else None
    count = 0
    while token:
        count, token = count + 1, token.next
    return count


async def _executed(
    executor: Executor[Any], request: Request, raised: tuple[type[Exception], ...] = ()
) -> ExecutionResult:
    """Return the result with public errors; raise the first error that is of a type in `raised` instead."""
    result: Any = executor.execute_operation()
    if not isinstance(result, ExecutionResult):
        result = await result
    for error in result.errors or ():
        if isinstance(error.original_error, raised):
            raise error.original_error
    return ExecutionResult(result.data, public_errors(result.errors, request) or None)
