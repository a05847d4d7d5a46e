"""AppSync's Lambda events: a direct resolver's, and a batch's, which is a list of them for one field of one request.

A direct call fails by raising, and AppSync reports the exception's class as `errorType`. Of a batch each item fails
alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

from graphql import GraphQLError

from app.aws.callers import is_checked
from milequest.store.deadlines import in_time
from resolvers.context import Request
from schema import observing
from schema.appsync.appsync_errors import in_shape
from schema.appsync.calls import Call, is_published, published
from schema.build import build
from schema.error_payloads import as_errors
from schema.errors import public_errors
from schema.observing import OperationLabel
from schema.paths import readers
from subscriptions.filters import parse

Told = Mapping[str, Any]
NewRequest = Callable[[str | None, str, Told | None], Awaitable[Request]]
"""Make the Request of one operation from its `Authorization` and its address.

Where AppSync has checked something else than a token, also from AppSync's identity of the caller.
"""


def is_of_appsync(event: Any) -> bool:
    """Return whether an event is one of these."""
    return isinstance(event, list) or "info" in event


@in_time
async def answer(new_request: NewRequest, event: Any) -> Any:
    """Return the answer for AppSync. Raises an exception of the error's type for a direct call that fails."""
    with observing.operation(uuid4().hex, "appsync") as running:
        done = await _done(event if isinstance(event, list) else [event], new_request)
        running.errors = tuple(dict.fromkeys(one["errorType"] for one in done if one["errorType"] is not None))
    if isinstance(event, list):
        return done
    if done[0]["errorType"] is not None:
        raise type(done[0]["errorType"], (Exception,), {})(done[0]["errorMessage"])
    return done[0]["data"]


async def _done(events: list[Any], new_request: NewRequest) -> list[Mapping[str, Any]]:
    """Return each item's outcome. The items are of one request, so their data is loaded together.

    Events that were published are requested by the role that published them, which need not be a known user.
    """
    if all(is_published(event) for event in events):
        return [{"data": published(event), "errorMessage": None, "errorType": None} for event in events]
    try:
        request = await new_request(*_caller(events[0]))
        observing.called_by(request)
        request.runtime.budgets.refuse_spent(request.caller)
    except Exception as error:
        return [_event_error(as_errors(error)[0])] * len(events)
    done = await asyncio.gather(*(_one(event, request) for event in events))
    await request.runtime.budgets.settle(request.caller)
    return list(done)


async def _one(event: Any, request: Request) -> Mapping[str, Any]:
    try:
        call = Call.of(build()._schema, event)
        observing.called(OperationLabel(None, call.owner.name.lower(), (f"{call.owner.name}.{call.name}",)))
        request.runtime.budgets.charge(request.caller, call.points)
        data = await call.run(request)
        if call.owner.name == "Subscription":
            _check_filter(call)
    except Exception as error:
        return _failed(error, request)
    return {"data": data, "errorMessage": None, "errorType": None}


def _check_filter(call: Call) -> None:
    """Check that AppSync can apply a subscription's filter and that it can match. Raises VALIDATION_ERROR."""
    given = call.args().get("filter")
    if given is not None:
        readers(call.field.type, parse(given).field_names)


def _failed(error: Exception, request: Request) -> Mapping[str, Any]:
    """Return an error as other clients would get it."""
    wrapped = error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)
    return _event_error(public_errors([wrapped], request)[0].formatted)


def _event_error(error: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an error in AppSync's format."""
    return {"data": None, "errorMessage": error["message"], "errorType": str(in_shape(error)["errorType"])}


def _caller(event: Any) -> tuple[str | None, str, Told | None]:
    """Return the token AppSync has checked, which is checked again, or the caller found otherwise; and the address.

    Who has no identity is anonymous.
    """
    identity = event.get("identity")
    headers = {name.lower(): value for name, value in event["request"]["headers"].items()}
    address = _address(headers.get("x-forwarded-for", ""))
    if is_checked(identity):
        return None, address, identity
    return (headers.get("authorization") if identity else None), address, None


def _address(forwarded: str) -> str:
    """Return the address AppSync's edge saw.

    The edge appends it, and the next hop the edge's own address, behind the client's claims.
    """
    return forwarded.split(",")[-2:][0].strip()
