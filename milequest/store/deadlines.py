"""Deadlines of calls: one for all servers that are called to answer a request, whichever hangs.

It covers waiting for a connection, connecting, every statement and the commit. Work without a deadline, such as a
job's, is limited statement by statement.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from milequest.store.away import Away

P = ParamSpec("P")
T = TypeVar("T")

ANSWER_SECONDS = 15.0  # for a call; API Gateway waits 29


@dataclass(slots=True)
class _Deadline:
    """The deadline, by the loop's clock. None once the call is over: tasks that outlive it have none."""

    at: float | None


_deadline: ContextVar[_Deadline | None] = ContextVar("deadline", default=None)


def due() -> float | None:
    """Return the deadline, by the loop's clock, of the call that is being answered; None outside of calls."""
    deadline = _deadline.get()
    return None if deadline is None else deadline.at


@asynccontextmanager
async def before_due() -> AsyncGenerator[None, None]:
    """Limit a block that calls a server: raises Away at the deadline of the call that is being answered."""
    limit = asyncio.timeout_at(due())
    try:
        async with limit:
            yield
    except TimeoutError as error:
        if limit.expired():
            raise Away(type(error).__name__) from error
        raise


def in_time(answer: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Give each call a deadline. Its queries give up early enough for an answer to be sent."""

    @wraps(answer)
    async def answered(*args: P.args, **kwargs: P.kwargs) -> T:
        deadline = _Deadline(asyncio.get_running_loop().time() + ANSWER_SECONDS)
        token = _deadline.set(deadline)
        try:
            return await answer(*args, **kwargs)
        finally:
            deadline.at = None
            _deadline.reset(token)

    return answered
