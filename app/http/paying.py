"""Plain addresses cost points too, out of the budget that GraphQL is paid from."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, TypeAlias
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import Answer
from milequest.rules.budgets import REQUEST, Caller, Payer, caller
from milequest.rules.errors import RateLimited, http_status
from milequest.rules.identity import ANONYMOUS
from milequest.runtime import Runtime

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def pay(runtime: Runtime, payer: Caller) -> None:
    """Take a request off a budget. Raises RATE_LIMITED where nothing is left."""
    runtime.budgets.refuse_spent(payer)
    runtime.budgets.charge(payer, REQUEST)


def network_of(http: Request) -> Caller:
    """Return the network as the payer of an anonymous call."""
    return caller(ANONYMOUS, http.client.host if http.client else "")


def user(user_id_hex: str) -> Caller:
    """Return a user as who pays."""
    return Caller(Payer.USER, user_id_hex)


def paid_by_network(endpoint: Endpoint) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """Have the caller's network pay for each request; 429 where it has nothing left."""

    @wraps(endpoint)
    async def paid(http: Request) -> Response:
        try:
            pay(http.app.state.runtime, network_of(http))
        except RateLimited as refusal:
            error = {"message": refusal.message, "extensions": refusal.extensions()}
            return Answer(uuid4().hex).errors(http_status(refusal.code), [error])
        return await endpoint(http)

    return paid
