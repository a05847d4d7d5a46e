"""Charges of HTTP requests that are not GraphQL, to the same budgets as GraphQL operations."""

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


def charge(runtime: Runtime, payer: Caller) -> None:
    """Charge one request to a budget. Raises RATE_LIMITED where it is spent."""
    runtime.budgets.refuse_spent(payer)
    runtime.budgets.charge(payer, REQUEST)


def network_payer(http: Request) -> Caller:
    """Return the network as the payer of an anonymous call."""
    return caller(ANONYMOUS, http.client.host if http.client else "")


def user_payer(user_id_hex: str) -> Caller:
    """Return a user as the payer."""
    return Caller(Payer.USER, user_id_hex)


def charged_to_network(endpoint: Endpoint) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """Charge each request to the caller's network; the answer is 429 where its budget is spent."""

    @wraps(endpoint)
    async def charged(http: Request) -> Response:
        try:
            charge(http.app.state.runtime, network_payer(http))
        except RateLimited as refusal:
            error = {"message": refusal.message, "extensions": refusal.extensions()}
            return Answer(uuid4().hex).errors(http_status(refusal.code), [error])
        return await endpoint(http)

    return charged
