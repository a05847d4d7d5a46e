"""Work on all items that are due, such as goals that have closed: one that fails keeps no other from being done."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

log = logging.getLogger("milequest.jobs")

FAILURES_MAX: Final = 10  # then something is wrong with more than single items
_FIRST = UUID(int=0)  # before every id


async def each_due(due: Callable[[UUID], Awaitable[list[UUID]]], settle: Callable[[UUID], Awaitable[int]]) -> int:
    """Settle every item that is due, and return the sum of what `settle` returns.

    `due` returns the next items after an id, in the order of ids, none at the end. The first error is raised when all
    items were tried, or at the tenth.
    """
    count, after = 0, _FIRST
    failures: list[Exception] = []
    while ids := await due(after):
        for item_id in ids:
            try:
                count += await settle(item_id)
            except Exception as error:  # raised below
                log.error("one item of a job failed: %s", type(error).__name__)
                failures.append(error)
                if len(failures) == FAILURES_MAX:
                    raise failures[0] from None
        after = ids[-1]
    if failures:
        raise failures[0]
    return count
