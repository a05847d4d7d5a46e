"""Subscriptions that survive, for Python: they go on where they stopped, whatever ended them but the caller.

Over gql, with a connection for each attempt (its own `reconnecting=True` stays away for ever once one was lost before
it was acknowledged):

    async def walks(variables):
        transport = WebsocketsTransport(URL, init_payload={"Authorization": f"Bearer {await token()}"})
        async with Client(transport=transport) as session:
            async for data in session.subscribe(GraphQLRequest(WALKS, variable_values=variables)):
                yield data

    LOST = (TransportConnectionFailed, TransportProtocolError)  # the latter where API Gateway says that it failed

    async for data in resume(walks, {"teamId": team_id}, lost=LOST):
        ...

A document that hands `$after: String` to `after:` and selects `cursor sequence delivery` misses nothing and is told
nothing twice. Any other subscription simply begins again.
"""

import asyncio
import math
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final, TypeAlias

Result: TypeAlias = Mapping[str, Any]
"""`{"data": …}`, or just what is in it."""

FINAL: Final = {4400, 4401, 4403, 4406, 4409, 4500}  # close codes for what stays wrong however often it is tried


def back_off(attempt: int, error: Exception | None) -> float:
    """Seconds until the next attempt: up to 30 by chance, so that not all come back at once; or as the error asks."""
    asked: float = max((each.get("retryAfterSeconds") or 0 for each in _extensions(error)), default=0)
    return asked + random.random() * min(30.0, 2.0**attempt)


async def resume(
    subscribe: Callable[[dict[str, Any]], AsyncGenerator[Result, None]],
    variables: Mapping[str, Any],
    *,
    lost: type[Exception] | tuple[type[Exception], ...] = OSError,
    should_retry: Callable[[Exception], bool] = lambda error: False,
    after: str = "after",
    wait: Callable[[int, Exception | None], float] = back_off,
) -> AsyncGenerator[Result, None]:
    """The results of a subscription for as long as they are wanted.

    `subscribe` begins it with the variables it is given; `after` is the one that the document hands to `after:`. `lost`
    is what is raised when a connection is lost. GraphQL errors (an exception with `errors`) that are not `retryable`,
    and whatever else goes wrong, are raised, unless `should_retry` knows better: of a token that expired, say.
    """
    seen: Result = {}
    attempt = 0
    while True:
        error = None
        try:
            place = {after: seen["cursor"]} if seen else {}
            async with aclosing(subscribe({**variables, **place})) as results:
                async for result in results:
                    attempt = 0
                    event = _event(result)
                    if _is_told(event, seen):
                        continue
                    seen = event or seen
                    yield result
        except Exception as caught:
            if not (_is_passing(caught, lost) or should_retry(caught)):
                raise
            error = caught
        await asyncio.sleep(wait(attempt, error))
        attempt += 1


def _event(result: Result) -> Result:
    """The event in a result; empty if it has no place in a log."""
    fields = result.get("data", result) or {}
    return next((field for field in fields.values() if isinstance(field, Mapping) and field.get("cursor")), {})


def _is_told(event: Result, seen: Result) -> bool:
    """A SNAPSHOT and a RESET begin a new count; whatever else doesn't rise was told before."""
    rises = event.get("sequence", math.inf) > seen.get("sequence", -math.inf)
    return event.get("delivery") in ("REPLAY", "LIVE") and not rises


def _is_passing(error: Exception, lost: type[Exception] | tuple[type[Exception], ...]) -> bool:
    """Whether what ended a subscription may be over soon: GraphQL errors say so, a lost connection may always."""
    if extensions := _extensions(error):
        return all(each.get("retryable") is True for each in extensions)
    closed = getattr(error, "rcvd", None) or getattr(error.__cause__, "rcvd", None)  # as `websockets` tells it
    return isinstance(error, lost) and (closed is None or closed.code not in FINAL)


def _extensions(error: Exception | None) -> list[Mapping[str, Any]]:
    """The `extensions` of each GraphQL error in it."""
    errors = getattr(error, "errors", None)
    return [each.get("extensions") or {} for each in errors] if isinstance(errors, list) else []
