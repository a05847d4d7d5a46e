"""Start of operations that are received over a connection of any kind."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from graphql import OperationType

from milequest.rules.budgets import Caller
from milequest.rules.errors import QuestError
from resolvers.context import Request
from schema.build import runner
from schema.execution import RequestRefused
from subscriptions.errors import broken, error_payload
from subscriptions.plans import Plan, Plans, json_of
from subscriptions.protocols.steps import Errors, Start


class OperationFailed(Exception):
    """The operation did not begin, or ended: `errors` are the reasons, as GraphQL errors."""

    def __init__(self, errors: Errors) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors


@dataclass(frozen=True, slots=True)
class SingleResult:
    """Result, in JSON, of a query or mutation that ran."""

    payload: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """Subscription that is authorised to begin, from the cursor `after` on."""

    plan: Plan
    after: str | None
    payer: Caller | None = None  # whose it counts as


Begun: TypeAlias = SingleResult | Subscription


async def begin(plans: Plans, request: Request, start: Start) -> Begun:
    """Run a query or mutation, or authorise a subscription, at the caller's cost. Raises OperationFailed."""
    with _told_errors(request):
        prepared = runner().admit(start.query, request)
        if prepared.operation(start.operation_name).operation is not OperationType.SUBSCRIPTION:
            return SingleResult(json_of(await runner().run(prepared, request, start.variables, start.operation_name)))
        return await _subscribed(plans, request, start, at_cost=True)


async def begin_again(plans: Plans, request: Request, start: Start) -> Subscription:
    """Authorise a subscription that was charged for when it began. Raises OperationFailed."""
    with _told_errors(request):
        return await _subscribed(plans, request, start, at_cost=False)


async def _subscribed(plans: Plans, request: Request, start: Start, *, at_cost: bool) -> Subscription:
    given = start.query, start.variables, start.operation_name
    return Subscription(*await plans.subscribe(*given, request, at_cost=at_cost), request.caller if at_cost else None)


@contextmanager
def _told_errors(request: Request) -> Iterator[None]:
    """Raise OperationFailed in place of any exception."""
    try:
        yield
    except RequestRefused as refused:
        raise OperationFailed([error.formatted for error in refused.errors]) from None
    except QuestError as refusal:
        raise OperationFailed(error_payload(refusal, request.id)) from None
    except Exception as error:
        raise OperationFailed(broken(error, request.id)) from None
