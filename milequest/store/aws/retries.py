"""Errors of AWS, and attempts after those that pass."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from milequest.store.away import Away

T = TypeVar("T")

ATTEMPTS = 5
PAUSE_SECONDS = 0.05  # before the second attempt, doubled for each further one
BUSY = frozenset(  # those of the SDK, but LimitExceededException: a quota that no moment frees, as a user's attempts
    {
        "BandwidthLimitExceeded",
        "InternalServerError",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)


class AwsError(Exception):
    """AWS refused. `code` is its name of the error, `answer` the response's body."""

    def __init__(self, status: int, code: str, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{code} ({status})")
        self.status = status
        self.code = code
        self.answer = answer

    @property
    def is_passing(self) -> bool:
        """True if the same request may well succeed in a moment."""
        return self.status >= 500 or self.status == 429 or self.code in BUSY


async def retried(send: Callable[[], Awaitable[T]]) -> T:
    """Return the answer of `send`, which is called again, ATTEMPTS times in all, where it raises a passing error."""
    for attempt in range(1, ATTEMPTS):
        try:
            return await send()
        except (AwsError, Away) as error:
            if isinstance(error, AwsError) and not error.is_passing:
                raise
        await asyncio.sleep(pause(attempt))
    return await send()


def pause(attempt: int) -> float:
    """Return how long to wait after a failed attempt: longer each time, and random, so that not all retry at once."""
    return random.uniform(0, PAUSE_SECONDS * 2**attempt)
