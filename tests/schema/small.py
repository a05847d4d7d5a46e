"""Small schemas, wired as the real one is, to try one thing at a time without a database."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import strawberry
from redis.asyncio import Redis
from strawberry.schema.config import StrawberryConfig

from milequest.rules.budgets import Payer
from milequest.rules.identity import ANONYMOUS, Identity, IdentityKind
from milequest.rules.ids import new_id
from milequest.runtime import Runtime
from milequest.store.cache.budgets import Budgets
from resolvers.context import Request
from schema.execution import ExecutionResult, Runner
from schema.scalars import SCALARS
from schema.wiring import wire

SOMEBODY = Identity(IdentityKind.USER, new_id(datetime.now(UTC)))


def runner_of(query: type, mutation: type | None = None, subscription: type | None = None) -> Runner:
    """Return the runner of a schema. Raises SchemaFault as the service's start would."""
    schema = strawberry.Schema(query, mutation, subscription, config=StrawberryConfig(scalar_map=SCALARS))
    wire(schema._schema)
    return Runner(schema._schema)


def request(identity: Identity = ANONYMOUS) -> Request:
    """Return an operation's context, without any database; its budget is too large to be reported."""
    budgets = Budgets(Redis(), dict.fromkeys(Payer, 1_000_000))
    return Request("0192f1c2", datetime.now(UTC), identity, cast(Runtime, SimpleNamespace(budgets=budgets)))


async def run(
    runner: Runner, text: str, variables: dict[str, Any] | None = None, identity: Identity = ANONYMOUS
) -> ExecutionResult:
    """Run the only operation of a document."""
    return await runner.run(runner.prepare(text), request(identity), variables, None)


def told(result: ExecutionResult) -> list[tuple[Any, ...]]:
    """Return each error as a client sees it: its message, path and extensions."""
    return [(error.message, error.path, error.extensions) for error in result.errors or ()]
