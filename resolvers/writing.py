"""Running a mutation's action: once per idempotency key, in one transaction; then subscribers are woken."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from milequest.rules.text import clean
from milequest.store.sql import idempotency
from milequest.store.sql.transaction import Tx
from milequest.telemetry.work import current
from resolvers.context import AnyContext
from resolvers.limiting import admit, refund

T = TypeVar("T")

KEY_LENGTH = (8, 64)  # characters of an idempotency key


def idempotency_of(ctx: AnyContext, operation: str | None = None) -> tuple[str | None, bytes | None]:
    """Return the request's idempotency key and the hash of the rest of its input; None and None without a key.

    The hash is of `operation`, without one of the mutation: two that write the same share one.
    """
    given = ctx.args["input"]
    assert isinstance(given, Mapping), "a mutation that writes has an input"
    rest = dict(given)
    key = rest.pop("idempotency_key", None)
    if key is None:
        return None, None
    return clean("input.idempotencyKey", key, *KEY_LENGTH), idempotency.request_hash(
        operation or ctx.info.field_name, rest
    )


async def write(ctx: AnyContext, outcome: type[T], action: Callable[[Tx], Awaitable[T]]) -> T:
    """Run `action` and return its outcome: a dataclass of ids, from which the payload is read.

    With `input.idempotencyKey` a second request with the same input gets the first one's outcome, runs nothing and
    counts against no limit. Raises RATE_LIMITED, IDEMPOTENCY_MISMATCH for another input under the same key.
    """
    key, digest = idempotency_of(ctx)
    if key is None or digest is None:
        await admit(ctx)
        return await commit(ctx, action)
    user_id, now = ctx.user_id, ctx.request.now

    async def once(tx: Tx) -> T:
        stored = await idempotency.claim(tx, user_id, key, digest, now)
        if stored is not None:
            return idempotency.revive(outcome, stored)
        await admit(ctx)
        result = await action(tx)
        await idempotency.keep(tx, user_id, key, result)
        return result

    return await commit(ctx, once)


async def earlier(ctx: AnyContext, outcome: type[T]) -> T | None:
    """Return the outcome of an earlier, equal request; None for a first request.

    For mutations that do more than `write` does.

    Raises IDEMPOTENCY_MISMATCH.
    """
    key, digest = idempotency_of(ctx)
    if key is None or digest is None:
        return None
    stored = await idempotency.find(ctx.request.runtime.writer, ctx.user_id, key, digest, ctx.request.now)
    return None if stored is None else idempotency.revive(outcome, stored)


async def commit(ctx: AnyContext, action: Callable[[Tx], Awaitable[T]]) -> T:
    """Run `action` in one transaction, then wake subscribers. For an action that handles idempotency itself."""
    work = current.get()
    if work is not None:
        work.action = ctx.info.field_name
    try:
        return await ctx.request.runtime.commit(action)
    except Exception as error:
        await refund(ctx, error)
        raise
