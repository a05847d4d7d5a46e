"""Start of operations that are received over a connection of any kind."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from graphql import OperationType

from milequest.rules.budgets import Caller
from resolvers.context import Request
from schema.build import runner
from schema.error_payloads import OperationFailed, as_errors
from schema.operation import Operation
from subscriptions.plans import Plan, Plans, json_of


@dataclass(frozen=True, slots=True)
class SingleResult:
    """Result, in JSON, of a query or mutation that ran."""

    payload: str


@dataclass(frozen=True, slots=True)
class AdmittedSubscription:
    """Subscription that is authorised to begin, from the cursor `after` on."""

    plan: Plan
    after: str | None
    payer: Caller | None = None  # charged for the subscription's memory


Begun: TypeAlias = SingleResult | AdmittedSubscription


async def begin(plans: Plans, request: Request, operation: Operation) -> Begun:
    """Run a query or mutation, or authorise a subscription, and charge the caller. Raises OperationFailed."""
    with _error_payloads(request):
        prepared, name = runner().admit(operation.query, request), operation.operation_name
        if prepared.operation(name).operation is not OperationType.SUBSCRIPTION:
            return SingleResult(json_of(await runner().run(prepared, request, operation.variables, name)))
        return await _subscribed(plans, request, operation, at_cost=True)


async def begin_charged(plans: Plans, request: Request, operation: Operation) -> AdmittedSubscription:
    """Authorise a subscription again that its caller was charged for when it began. Raises OperationFailed."""
    with _error_payloads(request):
        return await _subscribed(plans, request, operation, at_cost=False)


async def _subscribed(plans: Plans, request: Request, operation: Operation, *, at_cost: bool) -> AdmittedSubscription:
    given = operation.query, operation.variables, operation.operation_name
    return AdmittedSubscription(
        *await plans.subscribe(*given, request, at_cost=at_cost), request.caller if at_cost else None
    )


@contextmanager
def _error_payloads(request: Request) -> Iterator[None]:
    """Raise OperationFailed in place of any exception."""
    try:
        yield
    except Exception as error:
        raise OperationFailed(as_errors(error, request.id)) from None
